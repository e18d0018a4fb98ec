// Follows the latency of the first byte: when it rises against its long-term average, calls queue
// somewhere upstream and the limit goes down. Algorithm and numbers after Netflix
// concurrency-limits, Gradient2, over windows as its WindowedLimit takes them. Two changes: signs
// of overload count (Netflix's ignores drops), and the floor is ours (Netflix's is 20).
// Invariant: the limit stays within its bounds.

import { BACK_OFF, ROUND_MS_MIN, bounded } from './limit-algorithm.ts';
import type { LimitAlgorithm, LimitBounds } from './limit-algorithm.ts';

/** Weight of a new limit against the one before. */
const SMOOTHING = 0.2;
/** Calls that may queue upstream without being taken for overload; the limit grows by them. */
const QUEUE_ALLOWANCE = 4;
/** Latency may rise by half before anything is done. */
const TOLERANCE = 1.5;
/** The limit is at most halved, before smoothing. */
const GRADIENT_MIN = 0.5;
/** Windows that the long-term average goes back, and those it takes to mean anything. */
const LONG_WINDOWS = 600;
const WARM_UP_WINDOWS = 10;
/** How fast the average comes down when latency is less than half of it: the load has gone. */
const RECOVERY = 0.95;
/** A window has this many samples and this length, in ms: one slow answer must not count alone. */
const WINDOW_SAMPLES = 10;
const WINDOW_MS = 500;

/** For upstreams whose requests are alike. */
export class Gradient2Limit implements LimitAlgorithm {
  readonly #bounds: LimitBounds;
  #limit: number;
  #longMs: number = 0;
  #windows: number = 0;
  #fellAt: number = Number.NEGATIVE_INFINITY;
  #windowFrom: number = Number.NEGATIVE_INFINITY;
  #samples: number = 0;
  #sumMs: number = 0;
  #occupiedMax: number = 0;

  constructor(bounds: LimitBounds, limit: number = bounds.callsStart) {
    this.#bounds = bounds;
    this.#limit = bounded(limit, bounds);
  }

  get limit(): number {
    return this.#limit;
  }

  answered(latencyMs: number, occupied: number, now: number): void {
    if (latencyMs < 0) return;
    if (this.#samples === 0) this.#windowFrom = now;
    this.#samples += 1;
    // Below the clock's precision all answers are equally fast.
    this.#sumMs += Math.max(latencyMs, 0.1);
    if (occupied > this.#occupiedMax) this.#occupiedMax = occupied;
    if (this.#samples < WINDOW_SAMPLES || now - this.#windowFrom < WINDOW_MS) return;
    this.#learn(this.#sumMs / this.#samples, this.#occupiedMax);
    this.#samples = 0;
    this.#sumMs = 0;
    this.#occupiedMax = 0;
  }

  overloaded(roundMs: number, now: number): void {
    if (now - this.#fellAt < Math.max(ROUND_MS_MIN, roundMs)) return;
    this.#fellAt = now;
    this.#limit = bounded(this.#limit * BACK_OFF, this.#bounds);
  }

  #learn(shortMs: number, occupied: number): void {
    this.#windows = Math.min(this.#windows + 1, WARM_UP_WINDOWS);
    const weight = this.#windows < WARM_UP_WINDOWS ? 1 / this.#windows : 2 / (LONG_WINDOWS + 1);
    this.#longMs += (shortMs - this.#longMs) * weight;
    if (this.#longMs > 2 * shortMs) this.#longMs *= RECOVERY;
    // Latency at half load says nothing about the limit.
    if (occupied < this.#limit / 2) return;
    const gradient = Math.max(GRADIENT_MIN, Math.min(1, (TOLERANCE * this.#longMs) / shortMs));
    const next = this.#limit * gradient + QUEUE_ALLOWANCE;
    this.#limit = bounded(this.#limit + (next - this.#limit) * SMOOTHING, this.#bounds);
  }
}
