// How long first bytes took in the last five minutes: a histogram whose buckets grow by a 16th of a
// doubling, in a ring of six slots. Fixed memory (9 KB), an error of at most 4.4 %, upwards.
// Our own and not the platform's sliding window, because that one follows the machine's clock and
// could not be replayed on virtual time; it costs less as well. Pure: time is handed in.

const SLOTS = 6;
const SLOT_MS = 50_000;
const PER_DOUBLING = 16;
/** 20 doublings from 1 ms: up to 17 minutes. */
const BUCKETS = 20 * PER_DOUBLING;
/** A 99th percentile of fewer is the largest of a few. */
const P99_SAMPLES_MIN = 50;
/** Half of the answers is known sooner. */
const P50_SAMPLES_MIN = 20;
/** How long a computed quantile is used again, in ms. */
const KEEP_MS = 1_000;

/** First-byte times of one endpoint and kind of route. */
export class FirstByteWindow {
  readonly #slots = new Uint32Array(SLOTS * BUCKETS);
  readonly #sums = new Uint32Array(BUCKETS);
  #samples: number = 0;
  #newest: number = 0;
  readonly #p50 = new Kept();
  readonly #p99 = new Kept();

  /** Samples in the window, as of the last time it moved. */
  get samples(): number {
    return this.#samples;
  }

  /** The p99 that was asked for last; it stands still while nobody asks. */
  get lastP99(): number | undefined {
    return this.#p99.ms;
  }

  /** Records a first byte that took `ms`, at the monotonic time `now`. */
  record(ms: number, now: number): void {
    const slot = this.#slotAt(now);
    const bucket = ms <= 1 ? 0 : Math.min(BUCKETS - 1, Math.floor(Math.log2(ms) * PER_DOUBLING));
    const at = slot * BUCKETS + bucket;
    this.#slots[at] = (this.#slots[at] as number) + 1;
    this.#sums[bucket] = (this.#sums[bucket] as number) + 1;
    this.#samples += 1;
  }

  /** The time within which half of the first bytes came, in ms; `undefined` = too few were seen. */
  p50(now: number): number | undefined {
    return this.#quantile(this.#p50, 0.5, P50_SAMPLES_MIN, now);
  }

  /** The time within which 99 % came, in ms; `undefined` = too few were seen. */
  p99(now: number): number | undefined {
    return this.#quantile(this.#p99, 0.99, P99_SAMPLES_MIN, now);
  }

  #quantile(kept: Kept, share: number, samplesMin: number, now: number): number | undefined {
    if (now < kept.until) return kept.ms;
    this.#slotAt(now);
    kept.until = now + KEEP_MS;
    kept.ms = this.#samples < samplesMin ? undefined : this.#upperEnd(this.#samples * share);
    return kept.ms;
  }

  /** The upper end of the bucket in which the sample of this rank lies. */
  #upperEnd(rank: number): number {
    let below = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
      below += this.#sums[bucket] as number;
      if (below >= rank) return 2 ** ((bucket + 1) / PER_DOUBLING);
    }
    return 2 ** (BUCKETS / PER_DOUBLING);
  }

  /** The slot of this time, after those that have left the window were emptied. */
  #slotAt(now: number): number {
    const newest = Math.floor(now / SLOT_MS);
    if (newest > this.#newest) {
      const first = Math.max(this.#newest + 1, newest - SLOTS + 1);
      for (let slot = first; slot <= newest; slot += 1) this.#empty((slot % SLOTS) * BUCKETS);
      this.#newest = newest;
    }
    return this.#newest % SLOTS;
  }

  #empty(from: number): void {
    for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
      const count = this.#slots[from + bucket] as number;
      this.#sums[bucket] = (this.#sums[bucket] as number) - count;
      this.#samples -= count;
    }
    this.#slots.fill(0, from, from + BUCKETS);
  }
}

/** A quantile and until when it is good. */
class Kept {
  ms: number | undefined = undefined;
  until: number = Number.NEGATIVE_INFINITY;
}
