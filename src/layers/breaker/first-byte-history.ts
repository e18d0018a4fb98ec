// What first bytes usually took in the last hour, for the slow rule. A histogram with buckets that
// grow by a fifth, in six chunks of ten minutes: fixed memory, an error below the size of a bucket.

const CHUNKS = 6;
const CHUNK_MS = 600_000;
/** Buckets per doubling; 20 doublings from 1 ms reach beyond a quarter of an hour. */
const PER_DOUBLING = 4;
const BUCKETS = 20 * PER_DOUBLING;
/** Fewer answers than this say nothing about the rare slow one. */
const SAMPLES_MIN = 50;
/** How long a computed quantile is used again. */
const KEEP_MS = 10_000;

/** First-byte times of one endpoint. Pure: time is handed in. */
export class FirstByteHistory {
  readonly #counts = new Uint32Array(CHUNKS * BUCKETS);
  #newest: number = 0;
  #p95: number | undefined = undefined;
  #p95Until: number = Number.NEGATIVE_INFINITY;

  /** Records a first byte that took `ms`. */
  record(ms: number, now: number): void {
    this.#advance(now);
    const bucket = ms <= 1 ? 0 : Math.min(BUCKETS - 1, Math.floor(Math.log2(ms) * PER_DOUBLING));
    const at = (this.#newest % CHUNKS) * BUCKETS + bucket;
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
  }

  /** The time within which 95 % came, in ms; `undefined` while too few were seen. */
  p95(now: number): number | undefined {
    if (now < this.#p95Until) return this.#p95;
    this.#advance(now);
    this.#p95Until = now + KEEP_MS;
    this.#p95 = this.#quantile(0.95);
    return this.#p95;
  }

  #quantile(share: number): number | undefined {
    let total = 0;
    for (const count of this.#counts) total += count;
    if (total < SAMPLES_MIN) return undefined;
    let below = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
      for (let chunk = 0; chunk < CHUNKS; chunk += 1) {
        below += this.#counts[chunk * BUCKETS + bucket] ?? 0;
      }
      if (below >= total * share) return 2 ** ((bucket + 1) / PER_DOUBLING);
    }
    return undefined;
  }

  #advance(now: number): void {
    const chunk = Math.floor(now / CHUNK_MS);
    if (chunk <= this.#newest) return;
    const first = Math.max(this.#newest + 1, chunk - CHUNKS + 1);
    for (let passed = first; passed <= chunk; passed += 1) {
      const at = (passed % CHUNKS) * BUCKETS;
      this.#counts.fill(0, at, at + BUCKETS);
    }
    this.#newest = chunk;
  }
}
