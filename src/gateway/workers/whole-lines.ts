// Passes on only whole lines. Several workers write to one log: what a pipe delivers may end in the
// middle of a line, and the rest would come after lines of another worker. What a dead worker could
// not finish is lost with its `WholeLines`, or it would spoil the line of its successor.

/** A line longer than this is passed on in parts rather than kept, in bytes. */
const LINE_BYTES_MAX = 1024 * 1024;
const NEWLINE = 10;

/** Puts one worker's output together again. */
export class WholeLines {
  readonly #write: (lines: string) => void;
  #rest: Buffer = Buffer.alloc(0);

  constructor(write: (lines: string) => void) {
    this.#write = write;
  }

  feed(bytes: Buffer): void {
    const end = bytes.lastIndexOf(NEWLINE) + 1;
    if (end === 0 && this.#rest.length + bytes.length <= LINE_BYTES_MAX) {
      this.#rest = Buffer.concat([this.#rest, bytes]);
      return;
    }
    const cut = end === 0 ? bytes.length : end;
    this.#write(Buffer.concat([this.#rest, bytes.subarray(0, cut)]).toString());
    this.#rest = Buffer.from(bytes.subarray(cut));
  }
}
