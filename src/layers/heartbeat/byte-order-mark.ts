// Takes a byte order mark away from a stream in which bytes of ours already stand in front.
// A parser drops the mark at the very beginning only; behind a heartbeat it would become a part of
// the first field's name, and the first event would be lost.

const MARK: Uint8Array = Uint8Array.of(0xef, 0xbb, 0xbf);

/** Looks at the first bytes of one stream, however they are cut. Of no use once `done`. */
export class ByteOrderMark {
  /** Everything from here on passes as it is. */
  done: boolean = false;
  #matched: number = 0;

  /** How many of the next bytes belong to the mark so far; they must not be passed on yet. */
  take(bytes: Uint8Array): number {
    let at = 0;
    while (at < bytes.length && bytes[at] === MARK[this.#matched]) {
      at += 1;
      this.#matched += 1;
      if (this.#matched < MARK.length) continue;
      this.#matched = 0;
      this.done = true;
      return at;
    }
    if (at < bytes.length) this.done = true;
    return at;
  }

  /** Bytes withheld that turned out, or may turn out, to be none of the mark. */
  get withheld(): Uint8Array {
    return MARK.subarray(0, this.#matched);
  }
}
