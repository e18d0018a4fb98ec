// Cuts the bytes of an event stream into its events (HTML standard, "Server-sent events"): lines
// end in LF, CRLF or CR, a byte order mark may lead, several data lines join with LF, comments and
// events without data are signs of life. Lines are cut as bytes, so a split inside a character
// needs no care; each line is turned into text once.
// Invariant: what is told does not depend on how the bytes were cut. An event whose blank line did
// not come is never told: its stream was cut.

import { isData, isEvent } from '../event-head.ts';
import { leadOf, lineEnd, wordsOf } from '../line-end.ts';

/** Hears what a stream is made of. */
export interface FrameListener {
  /** One event; `name` is '' when it has none. */
  frame(name: string, data: string): void;
  /** A comment, or an event without data: the peer lives. */
  ping(): void;
  /** An event is larger than the limit; nothing is told after it. */
  tooLarge(): void;
}

/** Largest event that is kept, in bytes; real ones stay below one megabyte. */
export const EVENT_BYTES_MAX = 8_388_608;

const LF = 10;
const CR = 13;
const COLON = 58;
const SPACE = 32;
const KEPT_BYTES_MIN = 1024;

/** The frames of one stream. */
export class SseFrames {
  readonly #listener: FrameListener;
  readonly #bytesMax: number;
  /** The beginning of a line that a read cut. */
  #kept: Buffer | undefined = undefined;
  #keptLength: number = 0;
  #afterCr: boolean = false;
  #firstLine: boolean = true;
  #dead: boolean = false;
  #name: string = '';
  /** `undefined` until the event has data. */
  #data: string | undefined = undefined;
  /** Bytes of the event's lines so far. */
  #eventBytes: number = 0;
  #inEvent: boolean = false;

  constructor(listener: FrameListener, bytesMax: number = EVENT_BYTES_MAX) {
    this.#listener = listener;
    this.#bytesMax = bytesMax;
  }

  /** Takes the next bytes; they are lent. */
  push(lent: Uint8Array): void {
    if (lent.length === 0 || this.#dead) return;
    const bytes = Buffer.isBuffer(lent)
      ? lent
      : Buffer.from(lent.buffer, lent.byteOffset, lent.length);
    const to = bytes.length;
    const words = wordsOf(bytes);
    const lead = leadOf(bytes);
    let at = this.#afterCr && bytes[0] === LF ? 1 : 0;
    this.#afterCr = false;
    while (at < to && !this.#dead) {
      const end = lineEnd(bytes, at, to, words, lead);
      if (end === to) {
        this.#keep(bytes, at, to);
        return;
      }
      if (this.#keptLength > 0) this.#keptLine(bytes, at, end);
      else this.#line(bytes, at, end);
      at = end + 1;
      if (bytes[end] === CR) {
        if (at === to) this.#afterCr = true;
        else if (bytes[at] === LF) at += 1;
      }
    }
  }

  #keep(bytes: Buffer, from: number, to: number): void {
    const length = this.#keptLength + to - from;
    if (this.#eventBytes + length > this.#bytesMax) {
      this.#tooLarge();
      return;
    }
    const kept = this.#kept;
    if (kept === undefined || kept.length < length) {
      const grown = Buffer.allocUnsafe(Math.max(KEPT_BYTES_MIN, length * 2));
      if (kept !== undefined) kept.copy(grown, 0, 0, this.#keptLength);
      this.#kept = grown;
    }
    this.#kept?.set(bytes.subarray(from, to), this.#keptLength);
    this.#keptLength = length;
  }

  #keptLine(bytes: Buffer, from: number, end: number): void {
    this.#keep(bytes, from, end);
    const length = this.#keptLength;
    this.#keptLength = 0;
    const kept = this.#kept;
    if (this.#dead || kept === undefined) return;
    this.#line(kept, 0, length);
    if (kept.length > 65_536) this.#kept = undefined;
  }

  #line(bytes: Buffer, start: number, end: number): void {
    let from = start;
    if (this.#firstLine) {
      this.#firstLine = false;
      if (bytes[from] === 0xef && bytes[from + 1] === 0xbb && bytes[from + 2] === 0xbf) from += 3;
    }
    if (from >= end) {
      this.#over();
      return;
    }
    if (bytes[from] === COLON) {
      this.#listener.ping();
      return;
    }
    this.#inEvent = true;
    this.#eventBytes += end - from;
    if (this.#eventBytes > this.#bytesMax) this.#tooLarge();
    else if (isData(bytes, from, end)) {
      const text = bytes.toString('utf8', bytes[from + 5] === SPACE ? from + 6 : from + 5, end);
      this.#data = this.#data === undefined ? text : `${this.#data}\n${text}`;
    } else if (isEvent(bytes, from, end)) {
      this.#name = bytes.toString('utf8', bytes[from + 6] === SPACE ? from + 7 : from + 6, end);
    }
  }

  #over(): void {
    if (!this.#inEvent) return;
    const name = this.#name;
    const data = this.#data;
    this.#inEvent = false;
    this.#name = '';
    this.#data = undefined;
    this.#eventBytes = 0;
    if (data === undefined || data === '') this.#listener.ping();
    else this.#listener.frame(name, data);
  }

  #tooLarge(): void {
    this.#dead = true;
    this.#kept = undefined;
    this.#data = undefined;
    this.#listener.tooLarge();
  }
}
