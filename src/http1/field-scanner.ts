// Reads the field lines of a head or trailer section in place, checks every byte, and notes what
// the steering fields say. Shared by requests, responses and trailers; reused, never re-entered.
// Refuses bare CR and LF, folded lines, white space before a colon, control characters, and every
// framing field that could be read in two ways. Invariant: after a scan without a fault, `marks`
// and the bytes between them satisfy the contract of `HeaderList`.

import { FieldKind, HeaderList, MARKS_PER_FIELD } from '../core/header-list.ts';
import { Char, charClass, COLON, CR, HTAB, LF, SP, spells } from './char-class.ts';
import { codingFault, isPlainlySpaced, readContentLength } from './framing-fields.ts';
import type { HttpFault } from './head.ts';
import { badRequest, tooLarge } from './head.ts';
import { knownFieldKind } from './known-fields.ts';

/** Options of all Connection fields together; more serve no one and cost a comparison each. */
const CONNECTION_OPTIONS_MAX = 32;

/** Scans field lines; the public slots hold what the last scan found. */
export class FieldScanner {
  /** Value of Content-Length, -1 when absent. */
  contentLength: number = -1;
  chunked: boolean = false;
  /** Connection names `close`, `keep-alive`, `upgrade`. */
  close: boolean = false;
  keepAlive: boolean = false;
  upgradeNamed: boolean = false;
  /** Number of fields of that name; start and end delimit the value of the first. */
  hostCount: number = 0;
  hostStart: number = 0;
  hostEnd: number = 0;
  expectCount: number = 0;
  expectStart: number = 0;
  expectEnd: number = 0;
  upgradeStart: number = -1;
  upgradeEnd: number = -1;
  keepAliveStart: number = -1;
  keepAliveEnd: number = -1;
  #from = 0;
  #marksUsed = 0;
  #options = 0;
  readonly #marks: number[] = [];
  /** Start and end of each Connection option that names a field. */
  readonly #nominated: number[] = [];

  /**
   * Reads the lines in bytes[from..to), where `to` is just past the empty line. The caller has
   * checked that the last four bytes before `to` are CR LF CR LF: that is what ends every loop.
   */
  scan(bytes: Buffer, from: number, to: number, fieldsMax: number): HttpFault | undefined {
    this.#clear(from);
    const marks = this.#marks;
    const marksMax = fieldsMax * MARKS_PER_FIELD;
    const emptyLine = to - 2;
    let used = 0;
    let at = from;
    while (at < emptyLine) {
      const lineStart = at;
      while (((charClass[bytes[at] as number] as number) & Char.token) !== 0) at += 1;
      const nameEnd = at;
      if (bytes[at] !== COLON || at === lineStart) return nameFault(bytes, lineStart, at);
      at += 1;
      while (bytes[at] === SP || bytes[at] === HTAB) at += 1;
      const valueStart = at;
      while (((charClass[bytes[at] as number] as number) & Char.value) !== 0) at += 1;
      if (bytes[at] !== CR || bytes[at + 1] !== LF) return valueFault(bytes, at);
      let valueEnd = at;
      while (valueEnd > valueStart && isBlank(bytes[valueEnd - 1] as number)) valueEnd -= 1;
      at += 2;
      if (used >= marksMax) return tooLarge('There are too many fields.');
      const kind = knownFieldKind(bytes, lineStart, nameEnd);
      marks[used] = lineStart - from;
      marks[used + 1] = nameEnd - from;
      marks[used + 2] = valueStart - from;
      marks[used + 3] = valueEnd - from;
      marks[used + 4] = kind;
      used += MARKS_PER_FIELD;
      if (kind !== FieldKind.endToEnd) {
        const fault = this.#note(kind, bytes, valueStart, valueEnd);
        if (fault !== undefined) return fault;
      }
    }
    this.#marksUsed = used;
    if (this.#nominated.length > 0) this.#markNominated(bytes);
    if (this.chunked && this.contentLength >= 0) {
      return badRequest('Content-Length and Transfer-Encoding contradict each other.');
    }
    return undefined;
  }

  /** The fields of the last scan, as a list of their own. */
  list(bytes: Buffer, to: number): HeaderList {
    if (this.#marksUsed === 0) return HeaderList.empty;
    const text = bytes.toString('latin1', this.#from, to - 2);
    return new HeaderList(text, this.#marks.slice(0, this.#marksUsed));
  }

  /** The text between two places of the scanned bytes, from the list made of them. */
  text(list: HeaderList, start: number, end: number): string {
    return list.text.slice(start - this.#from, end - this.#from);
  }

  #clear(from: number): void {
    this.contentLength = -1;
    this.chunked = false;
    this.close = false;
    this.keepAlive = false;
    this.upgradeNamed = false;
    this.hostCount = 0;
    this.expectCount = 0;
    this.upgradeStart = -1;
    this.keepAliveStart = -1;
    this.#from = from;
    this.#marksUsed = 0;
    this.#options = 0;
    if (this.#nominated.length > 0) this.#nominated.length = 0;
  }

  #note(kind: number, bytes: Buffer, start: number, end: number): HttpFault | undefined {
    switch (kind) {
      case FieldKind.contentLength: {
        if (this.contentLength >= 0) return badRequest('Content-Length is repeated.');
        if (!isPlainlySpaced(bytes, start, end)) return badRequest('Content-Length is padded.');
        this.contentLength = readContentLength(bytes, start, end);
        if (this.contentLength < 0) return badRequest('Content-Length is not a plain number.');
        return undefined;
      }
      case FieldKind.transferEncoding:
        if (this.chunked) return badRequest('Transfer-Encoding is repeated.');
        if (!isPlainlySpaced(bytes, start, end)) return badRequest('Transfer-Encoding is padded.');
        this.chunked = true;
        return codingFault(bytes, start, end);
      case FieldKind.connection:
        return this.#noteConnection(bytes, start, end);
      case FieldKind.host:
        this.hostCount += 1;
        this.hostStart = start;
        this.hostEnd = end;
        return undefined;
      case FieldKind.expect:
        this.expectCount += 1;
        this.expectStart = start;
        this.expectEnd = end;
        return undefined;
      case FieldKind.upgrade:
        if (this.upgradeStart < 0) {
          this.upgradeStart = start;
          this.upgradeEnd = end;
        }
        return undefined;
      case FieldKind.keepAlive:
        this.keepAliveStart = start;
        this.keepAliveEnd = end;
        return undefined;
      default:
        return undefined;
    }
  }

  #noteConnection(bytes: Buffer, start: number, end: number): HttpFault | undefined {
    let at = start;
    while (at < end) {
      const byte = bytes[at] as number;
      if (byte === COMMA || isBlank(byte)) {
        at += 1;
        continue;
      }
      const optionStart = at;
      while (at < end && ((charClass[bytes[at] as number] as number) & Char.token) !== 0) at += 1;
      this.#noteOption(bytes, optionStart, at);
      while (at < end && isBlank(bytes[at] as number)) at += 1;
      if (at < end && bytes[at] !== COMMA) return badRequest('Connection is not a list of names.');
      this.#options += 1;
      if (this.#options > CONNECTION_OPTIONS_MAX) return badRequest('Connection names too much.');
    }
    return undefined;
  }

  #noteOption(bytes: Buffer, start: number, end: number): void {
    const length = end - start;
    if (length === 5 && spells(bytes, start, 'close')) this.close = true;
    else if (length === 10 && spells(bytes, start, 'keep-alive')) this.keepAlive = true;
    else if (length === 7 && spells(bytes, start, 'upgrade')) this.upgradeNamed = true;
    else this.#nominated.push(start, end);
  }

  /** Fields that steer the connection keep their own kind: it stays on this hop anyway. */
  #markNominated(bytes: Buffer): void {
    const marks = this.#marks;
    const nominated = this.#nominated;
    for (let mark = 0; mark < this.#marksUsed; mark += MARKS_PER_FIELD) {
      if (marks[mark + 4] !== FieldKind.endToEnd) continue;
      const nameStart = (marks[mark] as number) + this.#from;
      const nameEnd = (marks[mark + 1] as number) + this.#from;
      for (let at = 0; at < nominated.length; at += 2) {
        const start = nominated[at] as number;
        const end = nominated[at + 1] as number;
        if (end - start === nameEnd - nameStart && sameToken(bytes, start, nameStart, nameEnd)) {
          marks[mark + 4] = FieldKind.nominated;
        }
      }
    }
  }
}

const COMMA = 0x2c;

function isBlank(byte: number): boolean {
  return byte === SP || byte === HTAB;
}

function lower(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
}

function sameToken(bytes: Buffer, other: number, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) {
    if (lower(bytes[at] as number) !== lower(bytes[other + at - start] as number)) return false;
  }
  return true;
}

function nameFault(bytes: Buffer, lineStart: number, at: number): HttpFault {
  const byte = bytes[at] as number;
  if (at === lineStart && isBlank(byte)) return badRequest('A field line is folded.');
  if (isBlank(byte)) return badRequest('White space stands before the colon of a field.');
  if (byte === CR || byte === LF) return badRequest('A field line has no colon.');
  if (byte === COLON) return badRequest('A field name is empty.');
  return badRequest('A field name holds a character that is not allowed.');
}

function valueFault(bytes: Buffer, at: number): HttpFault {
  const byte = bytes[at] as number;
  if (byte === LF) return badRequest('A line ends without CR.');
  if (byte === CR) return badRequest('A CR stands alone.');
  return badRequest('A field value holds a control character.');
}
