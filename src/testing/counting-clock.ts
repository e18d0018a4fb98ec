// A clock that knows how many of its timers and turns are still to come, for leak checks on real
// time: timers of the machine's clock are unreferenced, so that Node itself does not list them.
// Owns the count only. Invariant: each timer leaves the count once, by running or by `cancel`.

import type { Clock, Timer } from '../core/clock.ts';
import { systemClock } from '../core/clock.ts';

/** Wraps a clock and counts what is pending. */
export class CountingClock implements Clock {
  readonly #clock: Clock;
  #pending: number = 0;

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }

  /** Timers and turns that have neither run nor been cancelled. */
  get pending(): number {
    return this.#pending;
  }

  now(): number {
    return this.#clock.now();
  }

  wallNow(): number {
    return this.#clock.wallNow();
  }

  after(delayMs: number, run: () => void): Timer {
    let waiting = true;
    this.#pending += 1;
    const leave = (): boolean => {
      if (!waiting) return false;
      waiting = false;
      this.#pending -= 1;
      return true;
    };
    const timer = this.#clock.after(delayMs, () => {
      leave();
      run();
    });
    return {
      cancel() {
        if (leave()) timer.cancel();
      },
    };
  }

  nextTurn(run: () => void): void {
    this.#pending += 1;
    this.#clock.nextTurn(() => {
      this.#pending -= 1;
      run();
    });
  }
}
