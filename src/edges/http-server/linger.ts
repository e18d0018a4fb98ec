// What is left of a connection that was answered before its upload was read: the rest is thrown
// away for a while, so that a reset does not destroy the answer on its way (RFC 9112 9.6).
// Pure: times and sizes are handed in. Invariant: an answer that still waits for its reader is
// never cut here; a reader that takes nothing is judged by the write stall limit.

/** Bytes of an unread upload that are read and thrown away. */
export const LINGER_BYTES_MAX: number = 256 * 1024;
/** From the instant at which nothing of the answer waits any more, in ms. */
const LINGER_MS = 2_000;

/** One connection on its way out. */
export class Linger {
  #since: number;
  #bytes: number = 0;

  constructor(now: number) {
    this.#since = now;
  }

  /** Throws `bytes` away; false when no more should be read. */
  takes(bytes: number): boolean {
    this.#bytes += bytes;
    return this.#bytes <= LINGER_BYTES_MAX;
  }

  /** Whether to close now; told at each sweep what of the answer waits. */
  isOver(now: number, waitingBytes: number): boolean {
    if (waitingBytes > 0) this.#since = now;
    return now - this.#since > LINGER_MS;
  }
}
