// The machine's clock, which a test can put forward: lives of hours end within a test of seconds.
// Timers go on in real time; what reads the clock sees the jump.

import type { Clock, Timer } from '../../src/core/clock.ts';
import { systemClock } from '../../src/core/clock.ts';

/** One clock, for everybody who is to see the same time. */
export class ForwardClock implements Clock {
  #aheadMs: number = 0;

  /** Puts it forward. */
  skip(ms: number): void {
    this.#aheadMs += ms;
  }

  now(): number {
    return systemClock.now() + this.#aheadMs;
  }

  wallNow(): number {
    return systemClock.wallNow() + this.#aheadMs;
  }

  after(delayMs: number, run: () => void): Timer {
    return systemClock.after(delayMs, run);
  }

  nextTurn(run: () => void): void {
    systemClock.nextTurn(run);
  }
}
