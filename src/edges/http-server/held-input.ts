// Bytes of pipelined requests, kept until the response under way is over. Who sends more than a few
// gets no answer to them: its connection is closed behind that response, and every client that
// pipelines must be ready to ask again then (RFC 9112 9.3.2).

/** A handful of pipelined requests, not an upload. */
const HELD_BYTES_MAX = 64 * 1024;

/** The unread input of one connection. */
export class HeldInput {
  /** More came than is kept, so nothing is, and nothing will be. */
  overrun: boolean = false;
  #bytes: Buffer | undefined = undefined;

  get empty(): boolean {
    return this.#bytes === undefined;
  }

  /** Keeps `bytes`; false when it was too much. */
  keep(bytes: Buffer): boolean {
    if (this.overrun) return false;
    const all = this.#bytes === undefined ? bytes : Buffer.concat([this.#bytes, bytes]);
    this.overrun = all.length > HELD_BYTES_MAX;
    this.#bytes = this.overrun ? undefined : all;
    return !this.overrun;
  }

  /** Gives back what was kept, in order, and forgets it. */
  take(): Buffer | undefined {
    const bytes = this.#bytes;
    this.#bytes = undefined;
    return bytes;
  }
}
