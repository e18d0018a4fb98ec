// The round trip to one address, as far as it is proven. A failure that comes sooner than that
// after the first written byte cannot have been caused by the request (replay level L1), so an
// estimate that is too high would run calls twice. Hence two bounds, and the smaller one counts:
// nothing was ever answered sooner than it, and some handshake was certainly under way for as long.

/** Below this our own lateness is as large as the round trip. */
const DECIDABLE_MIN_MS = 1;
/** A lost SYN is sent again after 1 s: such a sample says nothing about distance. */
const RETRANSMIT_MS = 1_000;

/** What is known of the distance to one address. */
export class RttFloor {
  /** Smallest time between something sent and its answer; an upper bound of the round trip. */
  minMs: number = Infinity;
  /** Longest time that a handshake certainly was under way; a lower bound of it. */
  #waitedMs: number = 0;

  /**
   * A TCP connection took so long. `waitedMs` of that the event loop did nothing but wait, so the
   * answer cannot have been there: the rest it may have spent lying unread.
   */
  connected(tookMs: number, waitedMs: number): void {
    if (tookMs < this.minMs) this.minMs = tookMs;
    if (tookMs < RETRANSMIT_MS && waitedMs > this.#waitedMs) this.#waitedMs = waitedMs;
  }

  /** Some answer (TLS handshake, response) took so long: the round trip cannot be longer. */
  answered(tookMs: number): void {
    if (tookMs < this.minMs) this.minMs = tookMs;
  }

  /** The proven round trip in ms, or 0 when nothing can be decided by it. */
  get provenMs(): number {
    const proven = Math.min(this.minMs, this.#waitedMs);
    return proven < DECIDABLE_MIN_MS ? 0 : proven;
  }

  /** The best guess in ms, 0 when unknown; for allowances, never for proofs. */
  get guessMs(): number {
    return this.minMs < RETRANSMIT_MS ? this.minMs : 0;
  }
}
