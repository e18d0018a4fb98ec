// Verifies the framing of a chunked body and moves its payload together in place, so that one read
// becomes one run of payload however many chunks it held. Works at any split. Refuses everything
// but hex digits, an optional extension, CR LF, payload, CR LF (RFC 9112 7.1).
// Invariant: bytes[payloadStart..payloadEnd) after a scan is exactly the payload of that read, and
// after `done` or `fault` nothing more is consumed until `reset`.

import type { HeaderList } from '../core/header-list.ts';
import { CR, hexValue, LF } from './char-class.ts';
import { ChunkExtension, Extension } from './chunk-extension.ts';
import { HeadBuffer } from './head-buffer.ts';
import type { HeadLimits } from './head.ts';
import { badRequest, HttpFault, tooLarge } from './head.ts';
import { defaultTrailerLimits, parseTrailers } from './trailer-parser.ts';

const SIZE_DIGITS_MAX = 15;
/** Below this a loop beats the call of the built-in move; measured on Node 26. */
const LOOP_BYTES_MAX = 24;
const SEMICOLON = 0x3b;

const State = {
  size: 0,
  extension: 1,
  sizeLf: 2,
  data: 3,
  dataCr: 4,
  dataLf: 5,
  trailerStart: 6,
  lastLf: 7,
  trailers: 8,
  ended: 9,
} as const;

/** Reads one chunked body; `reset` makes it ready for the next. */
export class ChunkScanner {
  /** Where the payload of the last scan lies in the bytes that were scanned. */
  payloadStart: number = 0;
  payloadEnd: number = 0;
  /** The body and its trailers are complete. */
  done: boolean = false;
  /** Set when the framing broke; payload verified before that is still delimited. */
  fault: HttpFault | undefined = undefined;
  /** Fields after the body, once `done`; undefined when there were none. */
  trailers: HeaderList | undefined = undefined;
  #state: number = State.size;
  /** The size being read, then the payload bytes left in the chunk. */
  #left = 0;
  #digits = 0;
  readonly #trailerLimits: HeadLimits;
  #extension: ChunkExtension | undefined = undefined;
  #trailerBytes: HeadBuffer | undefined = undefined;

  constructor(trailerLimits: HeadLimits = defaultTrailerLimits) {
    this.#trailerLimits = trailerLimits;
  }

  /**
   * Reads bytes[at..end). Returns the index just past what belongs to this body: `end` unless
   * `done`. Overwrites the framing between chunks.
   */
  scan(bytes: Buffer, at: number, end: number): number {
    this.payloadStart = at;
    this.payloadEnd = at;
    let place = at;
    while (place < end) {
      switch (this.#state) {
        case State.data:
          place = this.#takeData(bytes, place, end);
          break;
        case State.size:
          place = this.#takeSize(bytes, place, end);
          break;
        case State.ended:
          return this.done ? place : end;
        case State.trailers:
          place = this.#takeTrailers(bytes, place, end);
          break;
        default:
          this.#takeByte(bytes[place] as number);
          place += 1;
      }
    }
    return this.done ? place : end;
  }

  reset(): void {
    this.payloadStart = 0;
    this.payloadEnd = 0;
    this.done = false;
    this.fault = undefined;
    this.trailers = undefined;
    this.#state = State.size;
    this.#left = 0;
    this.#digits = 0;
    this.#extension?.reset();
    this.#trailerBytes?.reset();
  }

  #takeData(bytes: Buffer, at: number, end: number): number {
    const taken = Math.min(this.#left, end - at);
    const target = this.payloadEnd;
    if (target === this.payloadStart) {
      this.payloadStart = at;
      this.payloadEnd = at + taken;
    } else {
      moveDown(bytes, target, at, taken);
      this.payloadEnd = target + taken;
    }
    this.#left -= taken;
    if (this.#left === 0) this.#state = State.dataCr;
    return at + taken;
  }

  #takeSize(bytes: Buffer, from: number, end: number): number {
    let at = from;
    let size = this.#left;
    let digits = this.#digits;
    while (at < end) {
      const value = hexValue[bytes[at] as number] as number;
      if (value > 15) break;
      size = size * 16 + value;
      digits += 1;
      if (digits > SIZE_DIGITS_MAX) return this.#fail('A chunk size is too long.', end);
      at += 1;
    }
    this.#left = size;
    this.#digits = digits;
    return at === end ? at : this.#endSize(bytes[at] as number, at, end);
  }

  #endSize(byte: number, at: number, end: number): number {
    if (this.#digits === 0) return this.#fail('A chunk has no size.', end);
    if (!Number.isSafeInteger(this.#left)) return this.#fail('A chunk size is too large.', end);
    if (byte === CR) {
      this.#state = State.sizeLf;
    } else if (byte === SEMICOLON) {
      this.#extension ??= new ChunkExtension();
      this.#extension.begin(this.#left);
      this.#state = State.extension;
    } else {
      return this.#fail('A chunk size holds a character that is not allowed.', end);
    }
    return at + 1;
  }

  #takeByte(byte: number): void {
    switch (this.#state) {
      case State.sizeLf:
        this.#expect(byte, LF, this.#left === 0 ? State.trailerStart : State.data);
        this.#digits = 0;
        return;
      case State.dataCr:
        this.#expect(byte, CR, State.dataLf);
        return;
      case State.dataLf:
        this.#expect(byte, LF, State.size);
        return;
      case State.lastLf:
        this.#expect(byte, LF, State.ended);
        this.done = this.fault === undefined;
        return;
      case State.trailerStart:
        if (byte === CR) this.#state = State.lastLf;
        else this.#beginTrailers(byte);
        return;
      default:
        this.#takeExtension(byte);
    }
  }

  #expect(byte: number, wanted: number, next: number): void {
    if (byte === wanted) this.#state = next;
    else this.#fail('A line of the chunked framing does not end with CRLF.', 0);
  }

  #takeExtension(byte: number): void {
    const outcome = this.#extension?.take(byte);
    if (outcome === Extension.ended) this.#state = State.sizeLf;
    else if (outcome !== Extension.more) this.#fail('A chunk extension is malformed.', 0);
  }

  #beginTrailers(first: number): void {
    this.#trailerBytes ??= new HeadBuffer(this.#trailerLimits, false);
    this.#state = State.trailers;
    oneByte[0] = first;
    if (this.#trailerBytes.feed(oneByte, 0, 1) !== -1) this.#fail('A trailer is malformed.', 0);
  }

  #takeTrailers(bytes: Buffer, at: number, end: number): number {
    const held = this.#trailerBytes as HeadBuffer; // #beginTrailers made it
    const past = held.feed(bytes, at, end);
    if (past === -1) return end;
    if (past === -2) {
      this.fault = tooLarge('The trailers are too long.');
      this.#state = State.ended;
      return end;
    }
    const trailers = parseTrailers(held.bytes, held.from, held.to, this.#trailerLimits);
    held.reset();
    this.#state = State.ended;
    if (trailers instanceof HttpFault) {
      this.fault = trailers;
      return end;
    }
    this.trailers = trailers;
    this.done = true;
    return past;
  }

  /** Ends the scan with a fault; returns `end` so that callers can return the call. */
  #fail(detail: string, end: number): number {
    this.fault = badRequest(detail);
    this.#state = State.ended;
    return end;
  }
}

const oneByte = Buffer.alloc(1);

function moveDown(bytes: Buffer, target: number, source: number, length: number): void {
  if (length > LOOP_BYTES_MAX) {
    bytes.copyWithin(target, source, source + length);
    return;
  }
  for (let at = 0; at < length; at += 1) bytes[target + at] = bytes[source + at] as number;
}
