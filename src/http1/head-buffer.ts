// Finds where a head ends in bytes that arrive in any pieces. A head that lies whole in one chunk
// is used where it lies; only partial heads are copied. Refuses heads over the limit as they grow.
// Invariant: what it holds never exceeds the limit, and a head that can no longer become valid is
// handed to the parser at once instead of waiting for an end that may never come.

import { Char, charClass, CR, LF } from './char-class.ts';
import type { HeadLimits } from './head.ts';

const NONE = Buffer.alloc(0);
/** Also finds the end of a head whose last line lacks its CR, so that the parser can refuse it. */
const HEAD_END = Buffer.from('\n\r\n');
const HEAD_END_WITHOUT_CR = Buffer.from('\n\n');
const FIRST_BYTES = 1024;
const NEEDS_MORE = -1;
const OVER_LIMIT = -2;

/** Collects the bytes of one head at a time. */
export class HeadBuffer {
  /** After `feed` returned an index: bytes[from..to) is the head, valid until the next `feed`. */
  bytes: Buffer = NONE;
  from: number = 0;
  to: number = 0;
  readonly #headBytesMax: number;
  readonly #skipsEmptyLine: boolean;
  #storage: Buffer = NONE;
  #held = 0;
  #skipped = false;

  /**
   * RFC 9112 2.2 lets a server pass over one empty line before a request. Give `false` for
   * responses and trailers, where such a line is a fault.
   */
  constructor(limits: HeadLimits, skipsEmptyLine: boolean = true) {
    this.#headBytesMax = limits.headBytes;
    this.#skipsEmptyLine = skipsEmptyLine;
  }

  /** Whether no byte of an unfinished head is held. A skipped empty line does not count. */
  get empty(): boolean {
    return this.#held === 0;
  }

  /**
   * Looks for the end of a head in chunk[at..end). Returns the index in `chunk` just past it, -1
   * when more is needed (the bytes were copied), -2 when the head exceeds the limit.
   */
  feed(chunk: Buffer, at: number, end: number): number {
    if (this.#held > 0) return this.#feedHeld(chunk, at, end);
    let start = at;
    if (chunk[start] === CR && start + 1 < end && chunk[start + 1] === LF && this.#maySkip()) {
      start += 2;
      this.#skipped = true;
    }
    const past = pastEmptyLine(chunk, start, end);
    if (past > 0) return this.#finish(chunk, start, past, past);
    return start === end ? NEEDS_MORE : this.#hold(chunk, start, end);
  }

  /** Forgets everything and gives back the storage. */
  reset(): void {
    this.bytes = NONE;
    this.from = 0;
    this.to = 0;
    this.#storage = NONE;
    this.#held = 0;
    this.#skipped = false;
  }

  #maySkip(): boolean {
    return this.#skipsEmptyLine && !this.#skipped;
  }

  #finish(bytes: Buffer, from: number, to: number, consumed: number): number {
    if (to - from > this.#headBytesMax) return OVER_LIMIT;
    this.bytes = bytes;
    this.from = from;
    this.to = to;
    this.#held = 0;
    this.#skipped = false;
    return consumed;
  }

  #feedHeld(chunk: Buffer, at: number, end: number): number {
    // An empty line that came in two pieces: only its CR is held, so nothing of a head is lost.
    if (this.#held === 1 && this.#storage[0] === CR && chunk[at] === LF && this.#maySkip()) {
      if (at >= end) return NEEDS_MORE;
      this.#held = 0;
      this.#skipped = true;
      return at + 1 === end ? NEEDS_MORE : this.feed(chunk, at + 1, end);
    }
    return this.#hold(chunk, at, end);
  }

  /** Appends chunk[at..end) to what is held and looks again. */
  #hold(chunk: Buffer, at: number, end: number): number {
    const before = this.#held;
    // One byte over the limit is enough to know that the head is too long.
    const taken = Math.min(end - at, this.#headBytesMax + 1 - before);
    this.#reserve(before + taken);
    chunk.copy(this.#storage, before, at, at + taken);
    const held = before + taken;
    this.#held = held;
    const to = this.#endOf(before, held);
    if (to >= 0) return this.#finish(this.#storage, 0, to, at + to - before);
    if (held > this.#headBytesMax) return OVER_LIMIT;
    if (isHopeless(this.#storage, held, this.#maySkip())) {
      return this.#finish(this.#storage, 0, held, at + taken);
    }
    return NEEDS_MORE;
  }

  #reserve(size: number): void {
    if (size <= this.#storage.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(size, this.#storage.length * 2, FIRST_BYTES));
    this.#storage.copy(grown, 0, 0, this.#held);
    this.#storage = grown;
  }

  /** Where the head in the storage ends, given that it did not end before `searched`; else -1. */
  #endOf(searched: number, held: number): number {
    const from = Math.max(0, searched - 2);
    const fresh = this.#storage.subarray(from, held);
    const full = fresh.indexOf(HEAD_END);
    if (full >= 0) return from + full + HEAD_END.length;
    const bare = fresh.indexOf(HEAD_END_WITHOUT_CR);
    return bare < 0 ? -1 : from + bare + HEAD_END_WITHOUT_CR.length;
  }
}

/**
 * Just past the first CR LF CR LF in bytes[from..end), or -1. Looks at every fourth byte, since one
 * of them must fall into the four: faster than the built-in search, which stops at every line.
 */
function pastEmptyLine(bytes: Buffer, from: number, end: number): number {
  let at = from + 3;
  while (at < end) {
    while (at < end && (bytes[at] as number) > CR) at += 4;
    if (at >= end) return -1;
    const past = pastEmptyLineAround(bytes, at, end);
    if (past >= 0) return past;
    at += 4;
  }
  return -1;
}

/** Just past the first CR LF CR LF that covers `at`, or -1. */
function pastEmptyLineAround(bytes: Buffer, at: number, end: number): number {
  if (bytes[at] === LF) {
    if (isEmptyLine(bytes, at - 3, end)) return at + 1;
    if (isEmptyLine(bytes, at - 1, end)) return at + 3;
  } else if (bytes[at] === CR) {
    if (isEmptyLine(bytes, at - 2, end)) return at + 2;
    if (isEmptyLine(bytes, at, end)) return at + 4;
  }
  return -1;
}

function isEmptyLine(bytes: Buffer, at: number, end: number): boolean {
  if (at + 4 > end || bytes[at] !== CR || bytes[at + 1] !== LF) return false;
  return bytes[at + 2] === CR && bytes[at + 3] === LF;
}

/** Every head starts with a token character; an empty line may come before it. */
function isHopeless(storage: Buffer, held: number, maySkip: boolean): boolean {
  const first = storage[0] as number;
  if (((charClass[first] as number) & Char.token) !== 0) return false;
  return !(maySkip && held === 1 && first === CR);
}
