// Waiting in the control plane, on the clock that was handed in.

import type { Clock } from '../../core/clock.ts';

/** Resolves after `ms`. */
export function pauseFor(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(ms, resolve);
  });
}

/** What `promise` gives within `ms`, else (also when it rejects) `undefined`. */
export async function within<T>(
  clock: Clock,
  ms: number,
  promise: Promise<T>,
): Promise<T | undefined> {
  const late = Promise.withResolvers<undefined>();
  const timer = clock.after(ms, () => late.resolve(undefined));
  try {
    return await Promise.race([promise, late.promise]);
  } catch {
    return undefined;
  } finally {
    timer.cancel();
  }
}
