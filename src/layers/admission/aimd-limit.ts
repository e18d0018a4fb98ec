// Additive increase, multiplicative decrease, as TCP has it (RFC 5681): up by one a round while the
// limit is in use, down by a tenth at a sign of overload. Below a threshold it grows by one with
// each answer, which doubles it every round; that is how a fresh limit opens and how one that an
// outage has pulled down comes back.
// Invariant: the limit stays within its bounds, and falls at most once a round.

import { BACK_OFF, ROUND_MS_MIN, bounded } from './limit-algorithm.ts';
import type { LimitAlgorithm, LimitBounds } from './limit-algorithm.ts';

/** Growth needs this share of the limit in use: calls that are not there teach nothing. */
const BUSY_SHARE = 0.8;
/**
 * After this time without a sign of overload, in ms, the limit may grow fast up to its start again:
 * most overloads of hosted models pass within a minute, and each tenth regained slowly costs a
 * whole stream's length.
 */
const QUIET_MS = 60_000;

/** For upstreams whose latency says nothing about their load. */
export class AimdLimit implements LimitAlgorithm {
  readonly #bounds: LimitBounds;
  readonly #busyShare: number;
  #limit: number;
  /** Below it the limit grows by one with each answer; nothing stands against it at first. */
  #threshold: number = Number.POSITIVE_INFINITY;
  #fellAt: number = Number.NEGATIVE_INFINITY;
  #signAt: number = Number.NEGATIVE_INFINITY;
  /** Anything went well since it last fell. */
  #answered: boolean = false;

  constructor(bounds: LimitBounds, limit: number = bounds.callsStart) {
    this.#bounds = bounds;
    // Where calls go elsewhere at the soft limit, no more than that is ever in use.
    this.#busyShare = Math.min(BUSY_SHARE, bounds.softShare);
    this.#limit = bounded(limit, bounds);
  }

  get limit(): number {
    return this.#limit;
  }

  answered(_latencyMs: number, occupied: number, now: number): void {
    this.#answered = true;
    if (occupied < Math.floor(Math.floor(this.#limit) * this.#busyShare)) return;
    if (now - this.#signAt > QUIET_MS && this.#threshold < this.#bounds.callsStart) {
      this.#threshold = this.#bounds.callsStart;
    }
    const step = this.#limit < this.#threshold ? 1 : 1 / this.#limit;
    this.#limit = bounded(this.#limit + step, this.#bounds);
  }

  overloaded(roundMs: number, now: number): void {
    this.#signAt = now;
    if (now - this.#fellAt < Math.max(ROUND_MS_MIN, roundMs)) return;
    this.#fellAt = now;
    // Where nothing goes well any more, the limit is not what is wrong: falling further says
    // nothing new about how much the upstream carries when it is back.
    if (this.#answered) this.#threshold = this.#limit / 2;
    this.#answered = false;
    this.#limit = bounded(this.#limit * (this.#bounds.backOff ?? BACK_OFF), this.#bounds);
  }
}
