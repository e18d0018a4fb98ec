// Drives the whole codec over a run of bytes the way a connection does: head, body by its framing,
// next head. For tests that compare it with llhttp, with itself at other splits, or with a table.

import type { Framing } from '../core/sink.ts';
import { ChunkScanner } from './chunk-scanner.ts';
import { HeadBuffer } from './head-buffer.ts';
import type { HeadLimits, RequestHead } from './head.ts';
import { defaultHeadLimits, HttpFault, ResponseHead } from './head.ts';
import type { Reading, ReadMessage } from './llhttp.fixture.ts';
import { parseRequestHead } from './request-parser.ts';
import { parseResponseHead } from './response-parser.ts';

/** What our codec made of the bytes; `failure` is the fault's code, or INCOMPLETE at the end. */
export interface CodecReading extends Reading {
  fault: HttpFault | undefined;
  /** The heads, for what `ReadMessage` does not show. */
  heads: (RequestHead | ResponseHead)[];
}

/** Reads messages from pieces; `requestMethod` as for `readWithLlhttp`. */
export class MessageReader {
  readonly reading: CodecReading = {
    messages: [],
    failure: undefined,
    fault: undefined,
    heads: [],
  };
  readonly #requestMethod: string | undefined;
  readonly #limits: HeadLimits;
  readonly #heads: HeadBuffer;
  readonly #chunks = new ChunkScanner();
  #current: ReadMessage | undefined;
  #framing: Framing = 'none';
  #left = 0;
  #switches = false;
  #over = false;

  constructor(requestMethod: string | undefined, limits: HeadLimits = defaultHeadLimits) {
    this.#requestMethod = requestMethod;
    this.#limits = limits;
    this.#heads = new HeadBuffer(limits, requestMethod === undefined);
  }

  /** Takes a piece; overwrites it, as a real read buffer would be. */
  feed(piece: Buffer): void {
    let at = 0;
    while (at < piece.length && !this.#over) {
      const before = at;
      const current = this.#current;
      at = current === undefined ? this.#takeHead(piece, at) : this.#takeBody(current, piece, at);
      if (at <= before || at > piece.length) throw new Error(`no progress: ${before} to ${at}`);
    }
    piece.fill(0x58);
  }

  finish(): CodecReading {
    if (this.#over) return this.reading;
    if (this.#framing === 'until-close' && this.#current !== undefined) this.#complete();
    else if (this.#current !== undefined || !this.#heads.empty) this.reading.failure = 'INCOMPLETE';
    return this.reading;
  }

  #takeHead(piece: Buffer, at: number): number {
    const past = this.#heads.feed(piece, at, piece.length);
    if (past === -1) return piece.length;
    if (past === -2) return this.#fail(new HttpFault('HEAD_TOO_LARGE', 'fed'), piece);
    const { bytes, from, to } = this.#heads;
    const head =
      this.#requestMethod === undefined
        ? parseRequestHead(bytes, from, to, this.#limits)
        : parseResponseHead(bytes, from, to, this.#limits, this.#requestMethod);
    if (head instanceof HttpFault) return this.#fail(head, piece);
    this.reading.heads.push(head);
    this.#framing = head.framing;
    this.#left = head.contentLength;
    this.#current = {
      startLine: startLine(head),
      fields: [...head.headers].flat(),
      body: '',
      trailers: [],
      keepAlive: head.keepAlive,
    };
    this.#switches =
      head instanceof ResponseHead ? head.status === 101 : head.upgrade !== undefined;
    if (head.framing === 'none' || head.contentLength === 0) this.#complete();
    return past;
  }

  #takeBody(current: ReadMessage, piece: Buffer, at: number): number {
    if (this.#framing === 'chunked') return this.#takeChunks(current, piece, at);
    const end = this.#framing === 'length' ? Math.min(piece.length, at + this.#left) : piece.length;
    current.body += piece.toString('latin1', at, end);
    this.#left -= end - at;
    if (this.#framing === 'length' && this.#left === 0) this.#complete();
    return end;
  }

  #takeChunks(current: ReadMessage, piece: Buffer, at: number): number {
    const scanner = this.#chunks;
    const past = scanner.scan(piece, at, piece.length);
    const { payloadStart, payloadEnd } = scanner;
    if (payloadStart < at || payloadEnd > past) throw new Error('payload outside of the read');
    current.body += piece.toString('latin1', payloadStart, payloadEnd);
    if (scanner.fault !== undefined) return this.#fail(scanner.fault, piece);
    if (scanner.done) {
      current.trailers = [...(scanner.trailers ?? [])].flat();
      scanner.reset();
      this.#complete();
    }
    return past;
  }

  #complete(): void {
    if (this.#current === undefined) return;
    this.reading.messages.push(this.#current);
    this.#over = this.#switches || !this.#current.keepAlive;
    this.#current = undefined;
  }

  #fail(fault: HttpFault, piece: Buffer): number {
    this.reading.fault = fault;
    this.reading.failure = fault.code;
    this.#over = true;
    return piece.length;
  }
}

function startLine(head: RequestHead | ResponseHead): string {
  const start =
    head instanceof ResponseHead
      ? `${head.status} ${head.reason}`
      : `${head.method} ${head.target}`;
  return `${start} 1.${head.minor}`;
}

/** Reads copies of `pieces` to the end of the connection. */
export function readWithCodec(
  pieces: readonly Buffer[],
  requestMethod: string | undefined,
  limits: HeadLimits = defaultHeadLimits,
): CodecReading {
  const reader = new MessageReader(requestMethod, limits);
  for (const piece of pieces) reader.feed(Buffer.from(piece));
  return reader.finish();
}
