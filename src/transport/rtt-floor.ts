// The smallest round trip to one address, as far as it is proven. A failure that comes sooner than
// that after the first written byte cannot have been caused by the request (replay level L1), so an
// estimate that is too high would run calls twice: every doubt lowers it or makes it unusable.

/** Below this our own lateness is as large as the round trip. */
const DECIDABLE_MIN_MS = 1;
/** A lost SYN is sent again after 1 s: such a sample says nothing about distance. */
const RETRANSMIT_MS = 1_000;

/** What is known of the distance to one address. */
export class RttFloor {
  /** Smallest time between something sent and its answer; an upper bound of the round trip. */
  minMs: number = Infinity;
  #proven: boolean = false;

  /** A TCP connection took so long. `prompt` = our event loop was free to notice it. */
  connected(tookMs: number, prompt: boolean): void {
    if (tookMs < this.minMs) this.minMs = tookMs;
    if (prompt && tookMs < RETRANSMIT_MS) this.#proven = true;
  }

  /** Some answer (TLS handshake, response) took so long: the round trip cannot be longer. */
  answered(tookMs: number): void {
    if (tookMs < this.minMs) this.minMs = tookMs;
  }

  /** The proven round trip in ms, or 0 when nothing can be decided by it. */
  get provenMs(): number {
    const usable = this.#proven && this.minMs >= DECIDABLE_MIN_MS && this.minMs < RETRANSMIT_MS;
    return usable ? this.minMs : 0;
  }

  /** The best guess in ms, 0 when unknown; for allowances, never for proofs. */
  get guessMs(): number {
    return this.minMs < RETRANSMIT_MS ? this.minMs : 0;
  }
}
