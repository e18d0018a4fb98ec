// Exact counts of what happened lately, in a ring of ten buckets. Exact rather than decaying,
// because an average gives a short burst of failures too little weight (linkerd2-proxy's finding).
// Invariant: the sums are those of the buckets that lie within the window.

const BUCKETS = 10;

/** Counts over the last `windowMs`, to a tenth of it. Pure: time is handed in. */
export class OutcomeWindow {
  readonly #bucketMs: number;
  readonly #ok: number[] = Array.from({ length: BUCKETS }, () => 0);
  readonly #failed: number[] = Array.from({ length: BUCKETS }, () => 0);
  readonly #slow: number[] = Array.from({ length: BUCKETS }, () => 0);
  /** Number of the newest bucket since the origin of time. */
  #newest: number = 0;
  #okSum: number = 0;
  #failedSum: number = 0;
  #slowSum: number = 0;

  constructor(windowMs: number) {
    this.#bucketMs = windowMs / BUCKETS;
  }

  /** Calls that went well, slow ones included. */
  get ok(): number {
    return this.#okSum;
  }

  get failed(): number {
    return this.#failedSum;
  }

  /** Calls that went well, but slowly. */
  get slow(): number {
    return this.#slowSum;
  }

  get calls(): number {
    return this.#okSum + this.#failedSum;
  }

  /** Share of calls that went well; 1 without calls. */
  get successRate(): number {
    const { calls } = this;
    return calls === 0 ? 1 : this.#okSum / calls;
  }

  /** Drops what is older than the window. Done by every count; needed before a mere look. */
  advance(now: number): void {
    const bucket = Math.floor(now / this.#bucketMs);
    const newest = this.#newest;
    if (bucket <= newest) return;
    this.#newest = bucket;
    if (this.calls === 0) return;
    const first = Math.max(newest + 1, bucket - BUCKETS + 1);
    for (let passed = first; passed <= bucket; passed += 1) this.#empty(passed % BUCKETS);
  }

  /** Counts a success. */
  addOk(now: number, slow: boolean): void {
    this.advance(now);
    const at = this.#newest % BUCKETS;
    this.#ok[at] = (this.#ok[at] ?? 0) + 1;
    this.#okSum += 1;
    if (!slow) return;
    this.#slow[at] = (this.#slow[at] ?? 0) + 1;
    this.#slowSum += 1;
  }

  /** Counts a failure. */
  addFailed(now: number): void {
    this.advance(now);
    const at = this.#newest % BUCKETS;
    this.#failed[at] = (this.#failed[at] ?? 0) + 1;
    this.#failedSum += 1;
  }

  /** Takes back a success counted at `countedAt` that did not last, where it is still counted. */
  retractOk(countedAt: number, now: number): void {
    this.advance(now);
    const bucket = Math.floor(countedAt / this.#bucketMs);
    if (bucket <= this.#newest - BUCKETS || bucket > this.#newest) return;
    const at = bucket % BUCKETS;
    const counted = this.#ok[at] ?? 0;
    if (counted === 0) return;
    this.#ok[at] = counted - 1;
    this.#okSum -= 1;
    // The bucket does not know which of them it was; slow ones never outnumber all.
    const slow = this.#slow[at] ?? 0;
    if (slow < counted) return;
    this.#slow[at] = slow - 1;
    this.#slowSum -= 1;
  }

  clear(): void {
    for (let at = 0; at < BUCKETS; at += 1) this.#empty(at);
  }

  #empty(at: number): void {
    this.#okSum -= this.#ok[at] ?? 0;
    this.#failedSum -= this.#failed[at] ?? 0;
    this.#slowSum -= this.#slow[at] ?? 0;
    this.#ok[at] = 0;
    this.#failed[at] = 0;
    this.#slow[at] = 0;
  }
}
