// Remembers how long things took, in a few hundred bytes whatever the load: counts in buckets that
// grow by a fifth, which lose weight with time and with number, so that old behaviour is forgotten.

/** Buckets per doubling of the time: a median is right to about ten per cent. */
const PER_DOUBLING = 4;
/** Up to 2^25 ms, nine hours; longer ones count as that long. */
const BUCKETS = 25 * PER_DOUBLING;
/** A sample weighs half after this time, in ms: a few minutes of history are enough. */
const HALF_LIFE_MS = 300_000;
/** Above this weight everything is halved, so that a busy upstream is re-learned in seconds. */
const WEIGHT_MAX = 256;
/** With fewer samples nothing is said. */
const SAMPLES_MIN = 5;
/** When all of them together weigh less than this they are forgotten: after half an hour. */
const WEIGHT_MIN = 0.05;

/** Durations with a fading memory. */
export class TimeHistogram {
  readonly #weights = new Float64Array(BUCKETS);
  #weight: number = 0;
  #samples: number = 0;
  #sumMs: number = 0;
  #fadedAt: number = Number.NEGATIVE_INFINITY;

  /** Adds a duration in ms. */
  add(ms: number, now: number): void {
    if (now - this.#fadedAt > HALF_LIFE_MS) this.#fadeByTime(now);
    else if (this.#weight >= WEIGHT_MAX) this.#fade(0.5);
    const at = ms < 1 ? 0 : Math.min(BUCKETS - 1, Math.floor(Math.log2(ms) * PER_DOUBLING));
    this.#weights[at] = (this.#weights[at] ?? 0) + 1;
    this.#weight += 1;
    this.#samples += 1;
    this.#sumMs += ms;
  }

  /** Half of the durations were shorter, in ms; `undefined` while too few were seen. */
  get medianMs(): number | undefined {
    if (this.#samples < SAMPLES_MIN) return undefined;
    let left = this.#weight / 2;
    let at = 0;
    for (; at < BUCKETS - 1; at += 1) {
      left -= this.#weights[at] ?? 0;
      if (left <= 0) break;
    }
    return 2 ** ((at + 0.5) / PER_DOUBLING);
  }

  /** The average in ms; `undefined` while too few were seen. */
  get meanMs(): number | undefined {
    return this.#samples < SAMPLES_MIN ? undefined : this.#sumMs / this.#weight;
  }

  #fadeByTime(now: number): void {
    // The first sample has nothing to fade.
    if (this.#weight > 0) this.#fade(0.5 ** ((now - this.#fadedAt) / HALF_LIFE_MS));
    this.#fadedAt = now;
  }

  #fade(factor: number): void {
    for (let at = 0; at < BUCKETS; at += 1) this.#weights[at] = (this.#weights[at] ?? 0) * factor;
    this.#weight *= factor;
    this.#sumMs *= factor;
    if (this.#weight < WEIGHT_MIN) this.#samples = 0;
  }
}
