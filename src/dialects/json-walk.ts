// Walks through a JSON text as its bytes come, cut anywhere, and reports the members that a tree of
// fields names. Depth, strings and escapes are exact; the rest of the grammar is not judged.
// Invariants: the same bytes give the same reports at every split; memory is bounded by
// `CAPTURE_BYTES_MAX` and `DEPTH_MAX`; a subtree without a named member costs a bracket count.
// Indexed reads are in range by the conditions around them, which is what the casts say.

import type { FieldNode, FieldSink } from './json-fields.ts';
import { closingQuote, leadOf, NO_WORDS, wordsOf } from './line-end.ts';
import { CAPTURE_BYTES_MAX, jsonText, TextCapture } from './text-capture.ts';

/** Levels that are followed; deeper ones are skipped. Trees of fields have at most five. */
const DEPTH_MAX = 16;

const VALUE = 0; // before a value
const MEMBER = 1; // in an object, before a key, a comma or the end
const KEY = 2; // inside a key
const COLON = 3; // between key and value
const TEXT = 4; // inside a string that is reported
const PASSED_TEXT = 5; // inside a string that is not
const NUMBER = 6; // inside a number that is reported
const WORD = 7; // inside a number or literal that is not
const TREE = 8; // inside a subtree that is skipped
const OVER = 9;

/** One walk through one JSON text; `begin` starts the next one. */
export class JsonWalk {
  /** The top value has begun. */
  opened: boolean = false;
  /** The top value is an object, list or string and has been closed. */
  closed: boolean = false;
  readonly #sink: FieldSink;
  #state: number = OVER;
  #node: FieldNode | undefined = undefined;
  readonly #stack: FieldNode[] = [];
  #listMask: number = 0;
  /** Open brackets inside a skipped subtree. */
  #treeDepth: number = 0;
  #treeText: boolean = false;
  /** The next byte is escaped by the last one. */
  #escaped: boolean = false;
  readonly #captured: TextCapture = new TextCapture();
  #number: number = 0;
  #negative: boolean = false;
  /** Views of the bytes being read, for searches; see `line-end.ts`. */
  #words: Int32Array = NO_WORDS;
  #lead: number = 0;

  constructor(sink: FieldSink) {
    this.#sink = sink;
  }

  /** Starts at the front of a text, following `root`. */
  begin(root: FieldNode): void {
    this.opened = false;
    this.closed = false;
    this.#state = VALUE;
    this.#node = root;
    this.#stack.length = 0;
    this.#listMask = 0;
    this.#treeText = false;
    this.#escaped = false;
    this.#captured.length = 0;
  }

  /** The text stops inside its top value. A bare number or literal says nothing about its end. */
  get unfinished(): boolean {
    const bare = this.#state === VALUE || this.#state === NUMBER || this.#state === WORD;
    return this.#state !== OVER && (this.#stack.length > 0 || !bare);
  }

  /** Reports nothing more, whatever comes. */
  stop(): void {
    this.#state = OVER;
  }

  /** Reads `bytes[from..to)`; the bytes are lent. */
  feed(bytes: Uint8Array, from: number, to: number): void {
    // Texts shorter than this hold no strings worth a view.
    if (to - from > 512) {
      this.#words = wordsOf(bytes);
      this.#lead = leadOf(bytes);
    }
    this.#read(bytes, from, to);
    this.#words = NO_WORDS;
  }

  #read(bytes: Uint8Array, from: number, to: number): void {
    let at = from;
    while (at < to) {
      switch (this.#state) {
        case VALUE:
          at = this.#value(bytes, at);
          break;
        case MEMBER:
          at = this.#member(bytes, at);
          break;
        case KEY:
        case TEXT:
        case PASSED_TEXT:
          at = this.#text(bytes, at, to);
          break;
        case COLON:
          if (bytes[at] === 58) this.#state = VALUE;
          at += 1;
          break;
        case NUMBER:
          at = this.#digits(bytes, at, to);
          break;
        case WORD:
          while (at < to && !endsWord(bytes[at] as number)) at += 1;
          if (at < to) this.#valueOver();
          break;
        case TREE:
          at = this.#tree(bytes, at, to);
          break;
        default:
          return;
      }
    }
  }

  #value(bytes: Uint8Array, at: number): number {
    const byte = bytes[at] as number;
    // White space, commas of a list, and the bytes of a byte order mark.
    if (byte <= 32 || byte === 44 || byte >= 0xbb) return at + 1;
    if (byte === 93 || byte === 125) {
      this.#close();
      return at + 1;
    }
    this.opened = true;
    const reported = this.#node !== undefined && this.#node.field >= 0;
    if (byte === 34) this.#state = reported ? TEXT : PASSED_TEXT;
    else if (byte === 123 || byte === 91) this.#open(byte === 91);
    else if (reported && (byte === 45 || (byte >= 48 && byte <= 57))) {
      this.#number = byte === 45 ? 0 : byte - 48;
      this.#negative = byte === 45;
      this.#state = NUMBER;
    } else {
      this.#state = WORD;
      if (byte === 116) this.#report(undefined, NaN);
    }
    return at + 1;
  }

  #open(asList: boolean): void {
    const node = this.#node;
    const depth = this.#stack.length;
    if (node !== undefined && !asList) this.#report(undefined, 0);
    if (this.#state === OVER) return;
    const followed = node !== undefined && (asList ? node.items !== undefined : node.hasMembers);
    if (!followed || depth === DEPTH_MAX) {
      this.#state = TREE;
      this.#treeDepth = 1;
      return;
    }
    this.#stack.push(node);
    if (asList) {
      this.#listMask |= 1 << depth;
      this.#node = node.items;
    } else {
      this.#listMask &= ~(1 << depth);
      this.#state = MEMBER;
    }
  }

  #close(): void {
    if (this.#stack.pop() === undefined) this.#state = OVER;
    else this.#valueOver();
  }

  /** A value has ended: what stands around it decides what comes next. */
  #valueOver(): void {
    if (this.#state === OVER) return;
    const depth = this.#stack.length;
    if (depth === 0) {
      this.closed = true;
      this.#state = OVER;
    } else if ((this.#listMask & (1 << (depth - 1))) !== 0) {
      this.#node = (this.#stack[depth - 1] as FieldNode).items;
      this.#state = VALUE;
    } else this.#state = MEMBER;
  }

  #member(bytes: Uint8Array, at: number): number {
    const byte = bytes[at];
    if (byte === 34) this.#state = KEY;
    else if (byte === 125 || byte === 93) this.#close();
    return at + 1;
  }

  #text(bytes: Uint8Array, from: number, to: number): number {
    let at = from;
    if (this.#escaped) {
      this.#escaped = false;
      at += 1;
    }
    const end = closingQuote(bytes, at, to, this.#words, this.#lead);
    if (end >= to) {
      this.#escaped = end > to;
      if (this.#state !== PASSED_TEXT) this.#captured.add(bytes, from, to);
      return to;
    }
    const captured = this.#captured;
    if (this.#state === PASSED_TEXT) this.#valueOver();
    else if (captured.length === 0) this.#textOver(bytes, from, end);
    else {
      captured.add(bytes, from, end);
      const { length } = captured;
      captured.length = 0;
      this.#textOver(captured.bytes, 0, length);
    }
    return end + 1;
  }

  #textOver(bytes: Uint8Array, from: number, to: number): void {
    const fits = to - from <= CAPTURE_BYTES_MAX;
    if (this.#state === KEY) {
      this.#state = COLON;
      this.#node = fits ? this.#memberNamed(bytes, from, to) : undefined;
      return;
    }
    const text = fits ? jsonText(bytes, from, to) : undefined;
    if (text !== undefined) this.#report(text, 0);
    this.#valueOver();
  }

  #memberNamed(bytes: Uint8Array, from: number, to: number): FieldNode | undefined {
    const around = this.#stack[this.#stack.length - 1] as FieldNode;
    let plainEnd = from;
    while (plainEnd < to && bytes[plainEnd] !== 92) plainEnd += 1;
    if (plainEnd === to) return around.member(bytes, from, to);
    const key = jsonText(bytes, from, to);
    if (key === undefined) return undefined;
    const plain = Buffer.from(key, 'utf8');
    return around.member(plain, 0, plain.length);
  }

  #digits(bytes: Uint8Array, from: number, to: number): number {
    let at = from;
    for (; at < to; at += 1) {
      const byte = bytes[at] as number;
      if (byte >= 48 && byte <= 57) this.#number = this.#number * 10 + (byte - 48);
      else if (endsWord(byte)) {
        this.#report(undefined, this.#negative ? -this.#number : this.#number);
        this.#valueOver();
        return at;
      } else {
        // A fraction or an exponent: no counter looks like that.
        this.#state = WORD;
        return at;
      }
    }
    return at;
  }

  #tree(bytes: Uint8Array, from: number, to: number): number {
    let at = from;
    if (this.#treeText) {
      if (this.#escaped) at += 1;
      at = this.#passText(bytes, at, to);
    }
    let depth = this.#treeDepth;
    while (at < to) {
      const byte = bytes[at] as number;
      at += 1;
      if (byte === 34) at = this.#passText(bytes, at, to);
      else if (byte === 123 || byte === 91) depth += 1;
      else if (byte === 125 || byte === 93) {
        depth -= 1;
        if (depth === 0) {
          this.#valueOver();
          return at;
        }
      }
    }
    this.#treeDepth = depth;
    return at;
  }

  /** Goes behind the string that `at` stands in, or notes that it goes on. */
  #passText(bytes: Uint8Array, at: number, to: number): number {
    const end = closingQuote(bytes, at, to, this.#words, this.#lead);
    this.#treeText = end >= to;
    this.#escaped = end > to;
    return this.#treeText ? to : end + 1;
  }

  #report(text: string | undefined, number: number): void {
    const field = this.#node?.field ?? -1;
    if (field >= 0) this.#sink.found(field, text, number);
  }
}

/** Comma, bracket or white space. */
function endsWord(byte: number): boolean {
  return byte === 44 || byte === 125 || byte === 93 || byte <= 32;
}
