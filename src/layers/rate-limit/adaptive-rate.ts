// The rate for a place that refuses with 429 and says nothing about its limits, found by trial: the
// adaptive retry mode of the AWS SDKs. The sending rate is measured all the time. A refusal cuts it
// to `beta` and closes a token bucket around it; then the rate follows a cubic, which is flat near
// the rate that was refused and steep far from it (as CUBIC does for TCP windows).
// Pure: time is handed in, in ms; rates are per second, as in the source.

import type { AdaptiveOptions } from './pacer-options.ts';

/** The sending rate is measured over half seconds. */
const SAMPLES_PER_SECOND = 2;
/** However fast the cubic grows, it stays near what is really sent. */
const AHEAD_MAX = 2;

/** One rate. Free until the first refusal, and again `forgetMs` after the last one. */
export class AdaptiveRate {
  readonly #options: AdaptiveOptions;
  #isLimited: boolean = false;
  #perSecond: number;
  #measured: number = 0;
  #count: number = 0;
  #countedFrom: number;
  #refusedRate: number = 0;
  #refusedAt: number = Number.NEGATIVE_INFINITY;
  /** Calls that may go now, 1 second's worth at most. */
  #capacity: number = 0;
  #filledAt: number = 0;

  constructor(options: AdaptiveOptions, now: number) {
    this.#options = options;
    this.#perSecond = options.perSecondMin;
    this.#countedFrom = sampleOf(now);
  }

  /** Until when there may be anything to obey, in monotonic ms. */
  get concernedUntil(): number {
    return this.#isLimited ? this.#refusedAt + this.#options.forgetMs : 0;
  }

  /** Calls per second that are allowed, `undefined` = any. */
  get perSecond(): number | undefined {
    return this.#isLimited ? this.#perSecond : undefined;
  }

  /** An answer came that was no refusal. */
  answered(now: number): void {
    this.#measure(now);
    if (!this.#isLimited) return;
    if (now - this.#refusedAt >= this.#options.forgetMs) this.#isLimited = false;
    else this.#allow(this.#cubic(now), now);
  }

  /** A call was refused, without a word about when to come back. */
  refused(now: number): void {
    this.#measure(now);
    const { beta } = this.#options;
    const rate = this.#isLimited ? Math.min(this.#measured, this.#perSecond) : this.#measured;
    if (!this.#isLimited) {
      this.#isLimited = true;
      this.#capacity = 0;
      this.#filledAt = now;
    }
    this.#refusedRate = rate;
    this.#refusedAt = now;
    this.#allow(rate * beta, now);
  }

  /** When the next call may go, in monotonic ms: 0 = now. Takes nothing. */
  opensAt(now: number): number {
    if (!this.#isLimited || now >= this.concernedUntil) return 0;
    const missing = 1 - this.#capacityAt(now);
    // Sums of fractions are not exact.
    return missing <= 1e-9 ? 0 : now + (missing / this.#perSecond) * 1_000;
  }

  /** A call went. */
  take(now: number): void {
    if (!this.#isLimited) return;
    this.#fill(now);
    this.#capacity -= 1;
  }

  #measure(now: number): void {
    this.#count += 1;
    const sample = sampleOf(now);
    if (sample <= this.#countedFrom) return;
    const { smoothing } = this.#options;
    const rate = this.#count / (sample - this.#countedFrom);
    this.#measured = rate * smoothing + this.#measured * (1 - smoothing);
    this.#count = 0;
    this.#countedFrom = sample;
  }

  #cubic(now: number): number {
    const { beta, scale } = this.#options;
    const flatAfter = Math.cbrt((this.#refusedRate * (1 - beta)) / scale);
    const seconds = (now - this.#refusedAt) / 1_000 - flatAfter;
    return scale * seconds ** 3 + this.#refusedRate;
  }

  #allow(perSecond: number, now: number): void {
    this.#fill(now);
    const bounded = Math.min(perSecond, AHEAD_MAX * this.#measured);
    this.#perSecond = Math.max(bounded, this.#options.perSecondMin);
    this.#capacity = Math.min(this.#capacity, Math.max(1, this.#perSecond));
  }

  #capacityAt(now: number): number {
    const filled = this.#capacity + ((now - this.#filledAt) / 1_000) * this.#perSecond;
    return Math.min(Math.max(1, this.#perSecond), filled);
  }

  #fill(now: number): void {
    this.#capacity = this.#capacityAt(now);
    this.#filledAt = now;
  }
}

/** The half second that `now` lies in, as its beginning in seconds. */
function sampleOf(now: number): number {
  return Math.floor((now / 1_000) * SAMPLES_PER_SECOND) / SAMPLES_PER_SECOND;
}
