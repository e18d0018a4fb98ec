// Bytes of pipelined requests, kept until the response under way is over.

/** Bytes kept before reading stops: a handful of pipelined requests, not an upload. */
const HELD_BYTES_MAX = 64 * 1024;

/** The unread input of one connection. */
export class HeldInput {
  #bytes: Buffer | undefined = undefined;

  get empty(): boolean {
    return this.#bytes === undefined;
  }

  /** Keeps `bytes`; false when the caller should be held back from sending more. */
  keep(bytes: Buffer): boolean {
    this.#bytes = this.#bytes === undefined ? bytes : Buffer.concat([this.#bytes, bytes]);
    return this.#bytes.length <= HELD_BYTES_MAX;
  }

  /** Gives back what was kept, in order, and forgets it. */
  take(): Buffer | undefined {
    const bytes = this.#bytes;
    this.#bytes = undefined;
    return bytes;
  }
}
