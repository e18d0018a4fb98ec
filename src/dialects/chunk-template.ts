// Chat chunks have no event name, so each would have to be read as JSON to know that it is one more
// piece of text. But in one stream they differ only inside a few strings: a line that equals an
// earlier one outside of those has the same structure, hence the same meaning. That is exact, knows
// no vendor, and takes a tenth of the time (dialects.bench.ts). Named events would gain nothing:
// their lines are passed over as fast as they could be compared.
// Invariant: `match` accepts a line only if a full reading would find what the learnt one had.
// Indexed reads are in range by the conditions around them, which is what the casts say.

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
const NO_EIGHTS = new Float64Array(0);
const HOLES_MAX = 3;
const LINE_BYTES_MAX = 2048;

/** Fixed bytes between two holes, with a copy in eights for each alignment they may be met in. */
class Part {
  readonly bytes: Uint8Array;
  readonly #eights: (Float64Array | undefined)[] = Array.from({ length: 8 }, () => undefined);

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /**
   * Whether `bytes` from `at` on equal this part; the caller has checked that there is room.
   * `eights` views them from `lead` on. Comparing as doubles is exact: only NaN and the two zeros
   * do not compare like their bits, and no part holds one, being printable ASCII.
   */
  equals(bytes: Uint8Array, at: number, eights: Float64Array, lead: number): boolean {
    const mine = this.bytes;
    const size = mine.length;
    const head = (lead - at) & 7;
    const first = (at + head - lead) >> 3;
    if (size < 16 || first + (size >> 3) > eights.length) return sameBytes(mine, bytes, at);
    for (let place = 0; place < head; place += 1) {
      if (mine[place] !== bytes[at + place]) return false;
    }
    const copy = this.#eights[head] ?? this.#align(head);
    for (let place = 0; place < copy.length; place += 1) {
      if (copy[place] !== eights[first + place]) return false;
    }
    for (let place = head + (copy.length << 3); place < size; place += 1) {
      if (mine[place] !== bytes[at + place]) return false;
    }
    return true;
  }

  #align(head: number): Float64Array {
    const copy = new Float64Array((this.bytes.length - head) >> 3);
    new Uint8Array(copy.buffer).set(this.bytes.subarray(head, head + (copy.length << 3)));
    this.#eights[head] = copy;
    return copy;
  }
}

/** The shape of the last plain content chunk of one stream. */
export class ChunkTemplate {
  #parts: Part[] = [];
  #learnt: number = 0;
  #eights: Float64Array = NO_EIGHTS;
  #lead: number = 0;

  /** There is a shape to compare with. */
  get ready(): boolean {
    return this.#parts.length > 0;
  }

  /** Prepares for matches in `bytes`. */
  view(bytes: Uint8Array): void {
    this.#lead = -bytes.byteOffset & 7;
    const count = Math.max(bytes.length - this.#lead, 0) >> 3;
    this.#eights = new Float64Array(bytes.buffer, bytes.byteOffset + this.#lead, count);
  }

  /** Lets go of the bytes, which are lent. */
  unview(): void {
    this.#eights = NO_EIGHTS;
  }

  /**
   * Where the line that starts at `from` ends, if it has this shape and is whole in `bytes[..to)`
   * with its line end; -1 if not. Call `view` first.
   */
  match(bytes: Uint8Array, from: number, to: number): number {
    const parts = this.#parts;
    const last = parts.length - 1;
    let at = from;
    for (let place = 0; place <= last; place += 1) {
      const part = parts[place] as Part;
      const size = part.bytes.length;
      if (at + size >= to || !part.equals(bytes, at, this.#eights, this.#lead)) return -1;
      at += size;
      if (place === last) return bytes[at] === 10 || bytes[at] === 13 ? at : -1;
      at = textEnd(bytes, at, to);
      if (at < 0) return -1;
    }
    return -1;
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
    if (parts.every((part) => part.bytes.every((byte) => byte >= 32 && byte < 127))) {
      this.#parts = parts;
    }
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
