// The wait between two attempts. A caller who leaves ends it at once.

import type { Call } from '../../core/call.ts';
import type { CancelListener } from '../../core/cancellation.ts';
import type { Clock, Timer } from '../../core/clock.ts';
import type { CallError } from '../../core/errors.ts';
import { NEVER } from '../../core/timeline.ts';

/**
 * Waits `ms` on behalf of `call`, and notes it in its timeline. Ends by `over`, by `left` when the
 * call is cancelled, or without a word by `stop`; once. May end before this returns.
 */
export function pause(
  clock: Clock,
  call: Call,
  ms: number,
  over: () => void,
  left: (reason: CallError) => void,
): Pause {
  const wait = new Pause(clock, call, ms, over, left);
  call.cancellation.listen(wait);
  return wait;
}

/** One wait. */
export class Pause implements CancelListener {
  readonly #call: Call;
  readonly #timer: Timer;
  readonly #left: (reason: CallError) => void;

  constructor(
    clock: Clock,
    call: Call,
    ms: number,
    over: () => void,
    left: (reason: CallError) => void,
  ) {
    const began = clock.now();
    call.timeline.backoffSince = began;
    this.#call = call;
    this.#left = left;
    this.#timer = clock.after(ms, () => {
      call.cancellation.unlisten(this);
      call.timeline.backoffMs += clock.now() - began;
      call.timeline.backoffSince = NEVER;
      over();
    });
  }

  /** Ends the wait; does nothing when it is over. */
  stop(): void {
    this.#timer.cancel();
    this.#call.cancellation.unlisten(this);
  }

  cancelled(reason: CallError): void {
    this.#timer.cancel();
    this.#left(reason);
  }
}
