// The wait between two attempts. A caller who leaves ends it at once.

import type { Call } from '../../core/call.ts';
import type { CancelListener } from '../../core/cancellation.ts';
import type { Clock, Timer } from '../../core/clock.ts';
import type { CallError } from '../../core/errors.ts';

/**
 * Waits `ms` on behalf of `call`, and notes it in its timeline. Ends by `over`, or by `left` when
 * the call is cancelled; once.
 */
export function pause(
  clock: Clock,
  call: Call,
  ms: number,
  over: () => void,
  left: (reason: CallError) => void,
): void {
  call.cancellation.listen(new Pause(clock, call, ms, over, left));
}

class Pause implements CancelListener {
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
    this.#left = left;
    this.#timer = clock.after(ms, () => {
      call.cancellation.unlisten(this);
      call.timeline.backoffMs += clock.now() - began;
      over();
    });
  }

  cancelled(reason: CallError): void {
    this.#timer.cancel();
    this.#left(reason);
  }
}
