// How long something took within a moving window: a histogram whose buckets grow by a part of a
// doubling, in a ring of slots that are emptied one by one. Fixed memory whatever the load, and an
// error of at most one bucket, upwards. Pure: time is handed in, so that it can be replayed on
// virtual time; the platform's sliding window follows the machine's clock, and costs more.
// Invariant: the sum of each bucket is what the slots hold of it.

/** From 1 ms up to 17 minutes; what is shorter or longer counts as that. */
const DOUBLINGS = 20;

/** The form of a window. */
export interface WindowShape {
  readonly slots: number;
  /** A sample is forgotten when `slots` times this are over, or up to one slot earlier, in ms. */
  readonly slotMs: number;
  /** Buckets per doubling of the time: with 16, a quantile is at most 4.4 % too high. */
  readonly perDoubling: number;
}

/** Durations of the recent past. Holds 4 bytes per bucket, for each slot and once more. */
export class QuantileWindow {
  readonly #perDoubling: number;
  readonly #buckets: number;
  readonly #slotMs: number;
  readonly #slots: Uint32Array;
  readonly #sums: Uint32Array;
  #samples: number = 0;
  #newest: number = 0;
  /** Where the newest slot begins in the ring, and the time at which it is over. */
  #newestFrom: number = 0;
  #newestEndsAt: number;

  constructor({ slots, slotMs, perDoubling }: WindowShape) {
    this.#perDoubling = perDoubling;
    this.#buckets = DOUBLINGS * perDoubling;
    this.#slotMs = slotMs;
    this.#slots = new Uint32Array(slots * this.#buckets);
    this.#sums = new Uint32Array(this.#buckets);
    this.#newestEndsAt = slotMs;
  }

  /** Samples in the window, as of the last time it moved. */
  get samples(): number {
    return this.#samples;
  }

  /** Adds something that took `ms`, at the monotonic time `now`. */
  add(ms: number, now: number): void {
    if (now >= this.#newestEndsAt) this.#turn(now);
    const longest = this.#buckets - 1;
    const bucket = ms <= 1 ? 0 : Math.min(longest, Math.floor(Math.log2(ms) * this.#perDoubling));
    const at = this.#newestFrom + bucket;
    this.#slots[at] = (this.#slots[at] as number) + 1;
    this.#sums[bucket] = (this.#sums[bucket] as number) + 1;
    this.#samples += 1;
  }

  /** The time within which this share came, in ms; `undefined` with fewer than `samplesMin`. */
  quantile(share: number, samplesMin: number, now: number): number | undefined {
    if (now >= this.#newestEndsAt) this.#turn(now);
    return this.#samples < samplesMin ? undefined : this.#upperEnd(this.#samples * share);
  }

  /** The upper end of the bucket in which the sample of this rank lies. */
  #upperEnd(rank: number): number {
    const last = this.#buckets - 1;
    let below = 0;
    let bucket = 0;
    for (; bucket < last; bucket += 1) {
      below += this.#sums[bucket] as number;
      if (below >= rank) break;
    }
    return 2 ** ((bucket + 1) / this.#perDoubling);
  }

  /** Begins the slot of this time and empties those that have left the window. */
  #turn(now: number): void {
    const slots = this.#slots.length / this.#buckets;
    const newest = Math.floor(now / this.#slotMs);
    const first = Math.max(this.#newest + 1, newest - slots + 1);
    for (let slot = first; slot <= newest; slot += 1) this.#empty((slot % slots) * this.#buckets);
    this.#newest = newest;
    this.#newestFrom = (newest % slots) * this.#buckets;
    this.#newestEndsAt = (newest + 1) * this.#slotMs;
  }

  #empty(from: number): void {
    for (let bucket = 0; bucket < this.#buckets; bucket += 1) {
      const count = this.#slots[from + bucket] as number;
      this.#sums[bucket] = (this.#sums[bucket] as number) - count;
      this.#samples -= count;
    }
    this.#slots.fill(0, from, from + this.#buckets);
  }
}

/** Which quantile is asked for, and how often it is worth computing. */
export interface QuantileRule {
  readonly share: number;
  /** Fewer samples than this say nothing. */
  readonly samplesMin: number;
  /** How long a computed value is used again, in ms. */
  readonly keepMs: number;
}

/** One quantile of a window, computed at most once in `keepMs`. */
export class KeptQuantile {
  readonly #window: QuantileWindow;
  readonly #rule: QuantileRule;
  #ms: number | undefined = undefined;
  #goodUntil: number = Number.NEGATIVE_INFINITY;

  constructor(window: QuantileWindow, rule: QuantileRule) {
    this.#window = window;
    this.#rule = rule;
  }

  /** What was answered last, in ms; it stands still while nobody asks. */
  get last(): number | undefined {
    return this.#ms;
  }

  /** The quantile in ms; `undefined` while too few samples were seen. */
  at(now: number): number | undefined {
    if (now < this.#goodUntil) return this.#ms;
    const { share, samplesMin, keepMs } = this.#rule;
    this.#goodUntil = now + keepMs;
    this.#ms = this.#window.quantile(share, samplesMin, now);
    return this.#ms;
  }
}
