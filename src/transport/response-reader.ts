// Reads one response at a time from the bytes of one socket and feeds the sink of its exchange:
// informational heads, the head, payload without framing, the end. Owns no socket and decides
// nothing about its future. Invariant: after `read` returned anything but `more`, it reads nothing
// until the next `begin`.

import type { HeaderList } from '../core/header-list.ts';
import { ChunkScanner } from '../http1/chunk-scanner.ts';
import { HeadBuffer } from '../http1/head-buffer.ts';
import type { HeadLimits, ResponseHead } from '../http1/head.ts';
import { HttpFault } from '../http1/head.ts';
import { parseResponseHead } from '../http1/response-parser.ts';
import type { Exchange } from './exchange.ts';

/** What one read came to. */
export const Reading = {
  /** The response goes on. */
  more: 0,
  /** The response is complete; `surplus` tells of bytes behind it. */
  done: 1,
  /** The bytes are not HTTP; `fault` says why. */
  broken: 2,
  /** The exchange ended while it was being fed. */
  dropped: 3,
} as const;

const Part = { head: 0, length: 1, chunked: 2, untilClose: 3, over: 4 } as const;

/** The receiving side of one connection. */
export class ResponseReader {
  /**
   * The final head came and lets the connection live. All that is kept of it: a stream may rest for
   * minutes, and its head is a few kilobytes.
   */
  keepsAlive: boolean = false;
  /** Any byte came, of whatever head. */
  started: boolean = false;
  /** Why the last read was `broken`. */
  fault: string = '';
  /** The peer sent more than the response. */
  surplus: boolean = false;
  trailers: HeaderList | undefined = undefined;
  readonly #limits: HeadLimits;
  readonly #headBytes: HeadBuffer;
  #chunks: ChunkScanner | undefined = undefined;
  #part: number = Part.over;
  #left: number = 0;
  /** When the first byte of the head being read came. */
  #headAt: number = 0;

  constructor(limits: HeadLimits) {
    this.#limits = limits;
    this.#headBytes = new HeadBuffer(limits, false);
  }

  /** Makes ready for the answer to a request that is about to be written. */
  begin(): void {
    this.keepsAlive = false;
    this.started = false;
    this.surplus = false;
    this.trailers = undefined;
    this.#part = Part.head;
    if (!this.#headBytes.empty) this.#headBytes.reset();
  }

  /** A FIN at this point is the proper end of the body. */
  get endsByClose(): boolean {
    return this.#part === Part.untilClose;
  }

  /** Feeds `exchange` from buffer[0..length). Returns a value of `Reading`. */
  read(exchange: Exchange, buffer: Buffer, length: number, now: number): number {
    let at = 0;
    if (this.#part === Part.head) {
      if (!this.started || this.#headBytes.empty) this.#headAt = now;
      this.started = true;
      at = this.#readHeads(exchange, buffer, length, now);
      if (at < 0) return -at - 1;
    }
    switch (this.#part) {
      case Part.length:
        return this.#readLength(exchange, buffer, at, length);
      case Part.chunked:
        return this.#readChunked(exchange, buffer, at, length);
      case Part.untilClose:
        return at === length ? Reading.more : this.#pass(exchange, buffer, at, length);
      default:
        this.surplus = at < length;
        return Reading.done;
    }
  }

  /** Reads heads up to the final one. Returns where the body starts, or -1 - `Reading`. */
  #readHeads(exchange: Exchange, buffer: Buffer, length: number, now: number): number {
    let at = 0;
    while (at < length) {
      const past = this.#headBytes.feed(buffer, at, length);
      if (past === -1) return -1 - Reading.more;
      if (past === -2) return this.#headFault('The head of the response is too long.');
      const { bytes, from, to } = this.#headBytes;
      const head = parseResponseHead(bytes, from, to, this.#limits, exchange.call.method);
      if (bytes !== buffer) this.#headBytes.reset();
      if (head instanceof HttpFault) return this.#headFault(head.detail);
      at = past;
      if (head.status >= 200) {
        this.#takeHead(exchange, head);
        return exchange.isOver ? -1 - Reading.dropped : at;
      }
      if (head.status === 101) return this.#headFault('It switched protocols unasked.');
      this.#headAt = now;
      if (head.status !== 100) exchange.sink.interim(head);
      if (exchange.isOver) return -1 - Reading.dropped;
    }
    return -1 - Reading.more;
  }

  #headFault(detail: string): number {
    this.fault = detail;
    this.#part = Part.over;
    return -1 - Reading.broken;
  }

  #takeHead(exchange: Exchange, head: ResponseHead): void {
    this.keepsAlive = head.keepAlive;
    switch (head.framing) {
      case 'length':
        this.#left = head.contentLength;
        this.#part = head.contentLength === 0 ? Part.over : Part.length;
        break;
      case 'chunked':
        if (this.#chunks === undefined) this.#chunks = new ChunkScanner();
        else this.#chunks.reset();
        this.#part = Part.chunked;
        break;
      case 'until-close':
        this.#part = Part.untilClose;
        break;
      case 'none':
        this.#part = Part.over;
        break;
    }
    exchange.started(head, this.#headAt);
  }

  #readLength(exchange: Exchange, buffer: Buffer, at: number, length: number): number {
    const left = this.#left;
    if (at === length) return Reading.more;
    const end = Math.min(length, at + left);
    this.#left = left - (end - at);
    if (this.#left > 0) return this.#pass(exchange, buffer, at, end);
    this.#part = Part.over;
    this.surplus = end < length;
    const outcome = this.#pass(exchange, buffer, at, end);
    return outcome === Reading.more ? Reading.done : outcome;
  }

  #readChunked(exchange: Exchange, buffer: Buffer, at: number, length: number): number {
    const scanner = this.#chunks as ChunkScanner; // Made when the head was taken.
    if (at === length) return Reading.more;
    const past = scanner.scan(buffer, at, length);
    const { payloadStart, payloadEnd, fault, done } = scanner;
    if (fault !== undefined || done) {
      this.#part = Part.over;
      this.surplus = done && past < length;
      this.trailers = scanner.trailers;
    }
    // Payload before a fault was verified, and a caller of a broken stream keeps what it got.
    if (payloadEnd > payloadStart) {
      const outcome = this.#pass(exchange, buffer, payloadStart, payloadEnd);
      if (outcome !== Reading.more) return outcome;
    }
    if (fault === undefined) return done ? Reading.done : Reading.more;
    this.fault = fault.detail;
    return Reading.broken;
  }

  #pass(exchange: Exchange, buffer: Buffer, from: number, to: number): number {
    exchange.call.timeline.responseBytes += to - from;
    exchange.sink.chunk(buffer.subarray(from, to));
    return exchange.isOver ? Reading.dropped : Reading.more;
  }
}
