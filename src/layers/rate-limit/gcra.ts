// One budget that refills evenly, as a single number: the generic cell rate algorithm (ITU-T
// I.371). The number is the theoretical arrival time: the moment at which everything taken so far
// has been refilled. Unlike counters per window it never lets twice the limit through around an
// edge, and the time to wait is exact. Pure: time is handed in.
// Invariant: what is taken within any time t, after `waitMs` said 0, is at most burst + t x rate.

import type { Rate } from './quota.ts';

/** Sums of fractions are not exact; a thousandth of a millisecond more or less is no breach. */
const ROUNDING_MS = 0.001;

/** One budget. The rate may differ between calls (a reload); what was taken stays taken. */
export class Gcra {
  /** When everything taken is refilled, in monotonic ms. */
  #fullAt: number = Number.NEGATIVE_INFINITY;

  /**
   * How long until `cost` can be taken, in ms; 0 = now. Takes nothing. `cost` must not exceed
   * `burst`: more than there can ever be is never there.
   */
  waitMs(rate: Rate, burst: number, cost: number, now: number): number {
    const unitMs = rate.perMs / rate.count;
    const missingMs = Math.max(this.#fullAt, now) - now + (cost - burst) * unitMs;
    return missingMs <= ROUNDING_MS ? 0 : missingMs;
  }

  /**
   * Takes `cost`, whatever there is: more than that becomes a debt that others wait for. A negative
   * cost gives back, but never fills beyond full.
   */
  take(rate: Rate, cost: number, now: number): void {
    this.#fullAt = Math.max(this.#fullAt, now) + (cost * rate.perMs) / rate.count;
  }

  /** What could be taken now; negative = debt. */
  left(rate: Rate, burst: number, now: number): number {
    return burst - ((Math.max(this.#fullAt, now) - now) * rate.count) / rate.perMs;
  }
}
