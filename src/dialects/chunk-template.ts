// Chat chunks have no event name, so each would have to be read as JSON to know that it is one more
// piece of text. But in one stream they differ only inside a few strings: a line that equals an
// earlier one outside of those has the same structure, hence the same meaning. That is exact, knows
// no vendor, and costs a word compare (figures: dialects.bench.ts). For named events it would gain
// nothing: their lines are passed over as fast as they could be compared.
// Invariant: `match` accepts a line only if a full reading would find what the learnt one had.

import { sameBytes } from './json-fields.ts';
import { closingQuote, NO_WORDS } from './line-end.ts';

/** Members whose string values differ from chunk to chunk. None of them is ever reported. */
const openKeys = [
  'content',
  'reasoning_content',
  'reasoning',
  'arguments',
  'refusal',
  'text',
  'obfuscation',
].map((key) => Buffer.from(key, 'latin1'));

/** Learning gives up here: lines are then read in full. Bounds the work on ever-changing chunks. */
const LEARN_MAX = 64;
const HOLES_MAX = 3;
const LINE_BYTES_MAX = 2048;

/** Fixed bytes between two holes, with a word copy for each alignment they may be met in. */
class Part {
  readonly bytes: Uint8Array;
  readonly #words: (Int32Array | undefined)[] = [undefined, undefined, undefined, undefined];

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** Whether `bytes` from `at` on equal this part; the caller has checked that there is room. */
  equals(bytes: Uint8Array, at: number, words: Int32Array, lead: number): boolean {
    const mine = this.bytes;
    const size = mine.length;
    const head = (lead - at) & 3;
    const word = (at + head - lead) >> 2;
    if (size < 12 || word + (size >> 2) > words.length) return sameBytes(mine, bytes, at);
    for (let place = 0; place < head; place += 1) {
      if (mine[place] !== bytes[at + place]) return false;
    }
    const copy = this.#words[head] ?? this.#align(head);
    const size4 = copy.length;
    let place4 = 0;
    for (; place4 + 3 < size4; place4 += 4) {
      const a = (copy[place4] as number) ^ (words[word + place4] as number);
      const b = (copy[place4+1] as number) ^ (words[word + place4+1] as number);
      const c = (copy[place4+2] as number) ^ (words[word + place4+2] as number);
      const d = (copy[place4+3] as number) ^ (words[word + place4+3] as number);
      if ((a | b | c | d) !== 0) return false;
    }
    for (; place4 < size4; place4 += 1) {
      if (copy[place4] !== words[word + place4]) return false;
    }
    for (let place = head + (copy.length << 2); place < size; place += 1) {
      if (mine[place] !== bytes[at + place]) return false;
    }
    return true;
  }

  #align(head: number): Int32Array {
    const copy = new Int32Array((this.bytes.length - head) >> 2);
    new Uint8Array(copy.buffer).set(this.bytes.subarray(head, head + (copy.length << 2)));
    this.#words[head] = copy;
    return copy;
  }
}

/** The shape of the last plain content chunk of one stream. */
export class ChunkTemplate {
  #parts: Part[] = [];
  #learnt: number = 0;

  /**
   * Where the line that starts at `from` ends, if it has this shape and is whole in `bytes[..to)`
   * with its line end; -1 if not. `words` and `lead` are those of `line-end.ts`.
   */
  match(bytes: Uint8Array, from: number, to: number, words: Int32Array, lead: number): number {
    const parts = this.#parts;
    const last = parts.length - 1;
    if (last < 0) return -1;
    let at = from;
    for (let place = 0; ; place += 1) {
      const part = parts[place] as Part;
      const size = part.bytes.length;
      if (at + size >= to || !part.equals(bytes, at, words, lead)) return -1;
      at += size;
      if (place === last) break;
      at = textEnd(bytes, at, to);
      if (at < 0) return -1;
    }
    return bytes[at] === 10 || bytes[at] === 13 ? at : -1;
  }

  /** Takes the shape of a whole line that was read and found to be plain content. */
  learn(bytes: Uint8Array, from: number, to: number): void {
    if (this.#learnt === LEARN_MAX || to - from > LINE_BYTES_MAX) return;
    this.#learnt += 1;
    this.#parts = [];
    const parts: Part[] = [];
    let start = from;
    let open = false;
    for (let at = from; at < to; at += 1) {
      if (bytes[at] !== 34) continue;
      const close = closingQuote(bytes, at + 1, to, NO_WORDS, 0);
      if (close >= to) return;
      if (bytes[close + 1] === 58) open = isOpenKey(bytes, at + 1, close);
      else if (open && parts.length < HOLES_MAX) {
        parts.push(new Part(copyOf(bytes, start, at + 1)));
        start = close;
        open = false;
      }
      at = close;
    }
    parts.push(new Part(copyOf(bytes, start, to)));
    this.#parts = parts;
  }
}

function isOpenKey(bytes: Uint8Array, from: number, to: number): boolean {
  for (const key of openKeys) {
    if (key.length === to - from && sameBytes(key, bytes, from)) return true;
  }
  return false;
}

/** The quote that ends the string at `from`, or -1 when it holds a line end or runs out. */
function textEnd(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to) {
    const byte = bytes[at] as number;
    if (byte === 34) return at;
    if (byte < 14) return -1;
    at += 1;
    // An escape takes the next byte along, unless that ends the line.
    if (byte === 92 && at < to && (bytes[at] as number) > 13) at += 1;
  }
  return -1;
}

/** A copy; `slice` of a Buffer would share the lent memory. */
function copyOf(bytes: Uint8Array, from: number, to: number): Uint8Array {
  return new Uint8Array(bytes.subarray(from, to));
}
