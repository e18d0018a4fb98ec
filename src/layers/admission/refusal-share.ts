// Bounds how many calls are refused for a deadline that seems too close. A caller whose clock or
// arithmetic is wrong would otherwise be refused for ever, though its calls would have gone well:
// Finagle's DeadlineFilter, which gives up at most a fifth of the calls of ten seconds.
// Counts exactly, in ten buckets of a second.

/** Share of the calls with a deadline that may be refused for it. */
const SHARE_MAX = 0.2;
const BUCKET_MS = 1_000;
const BUCKETS = 10;

/** The calls with a deadline of the last ten seconds, and those of them that were refused. */
export class RefusalShare {
  readonly #calls = new Uint32Array(BUCKETS);
  readonly #refused = new Uint32Array(BUCKETS);
  #callsSum: number = 0;
  #refusedSum: number = 0;
  #newest: number = 0;

  /** A call with a deadline came. */
  came(now: number): void {
    const at = this.#turnTo(now);
    this.#calls[at] = (this.#calls[at] ?? 0) + 1;
    this.#callsSum += 1;
  }

  /** Whether one more may be refused; counts it when so. */
  mayRefuse(now: number): boolean {
    const at = this.#turnTo(now);
    if (this.#refusedSum + 1 > this.#callsSum * SHARE_MAX) return false;
    this.#refused[at] = (this.#refused[at] ?? 0) + 1;
    this.#refusedSum += 1;
    return true;
  }

  #turnTo(now: number): number {
    const bucket = Math.floor(now / BUCKET_MS);
    const steps = Math.min(BUCKETS, bucket - this.#newest);
    for (let step = 1; step <= steps; step += 1) {
      const at = (this.#newest + step) % BUCKETS;
      this.#callsSum -= this.#calls[at] ?? 0;
      this.#refusedSum -= this.#refused[at] ?? 0;
      this.#calls[at] = 0;
      this.#refused[at] = 0;
    }
    if (steps > 0) this.#newest = bucket;
    return this.#newest % BUCKETS;
  }
}
