// Time as a value that is handed in. Nothing below the edges reads a global clock or sets a global
// timer, so every decision can be replayed on virtual time (src/testing/virtual-clock.ts).

/** A pending callback. Cancelling twice, or after it ran, does nothing. */
export interface Timer {
  cancel(): void;
}

/** Monotonic time, wall time and the only ways to wait. */
export interface Clock {
  /** Monotonic milliseconds with a fraction; the origin means nothing. */
  now(): number;
  /** Milliseconds since the Unix epoch, for logs and dates only. */
  wallNow(): number;
  /** Runs `run` once after `delayMs`; does not keep the process alive. */
  after(delayMs: number, run: () => void): Timer;
  /**
   * Runs `run` after the event loop has turned once, so that pending socket events are seen first.
   */
  nextTurn(run: () => void): void;
}

/** The longest wait of the platform's timers (2^31 - 1 ms); beyond it they would fire at once. */
const TIMER_MS_MAX = 2_147_483_647;

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wallNow: () => Date.now(),
  after(delayMs, run) {
    const handle = setTimeout(run, Math.min(delayMs, TIMER_MS_MAX));
    handle.unref();
    return { cancel: () => clearTimeout(handle) };
  },
  nextTurn(run) {
    setImmediate(run);
  },
};
