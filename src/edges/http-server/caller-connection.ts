// One caller's socket: reads requests strictly one after another, writes their responses through
// the shared output, and notices the caller's departure in every phase.
// Invariant: at most one exchange at a time; after a fault or an unread upload the connection takes
// no further request.

import type { Socket } from 'node:net';
import { CallError } from '../../core/errors.ts';
import type { HeaderList } from '../../core/header-list.ts';
import type { Head } from '../../core/sink.ts';
import type { Swept } from '../../core/sweep.ts';
import { NEVER } from '../../core/timeline.ts';
import { HeadBuffer } from '../../http1/head-buffer.ts';
import { HttpFault } from '../../http1/head.ts';
import type { RequestHead } from '../../http1/head.ts';
import { parseRequestHead } from '../../http1/request-parser.ts';
import { Exchange } from './exchange.ts';
import type { CallerSide } from './exchange.ts';
import type { OutputOwner } from './output.ts';
import { ResponseWriter } from './response-writer.ts';
import type { ServerParts } from './http-server.ts';
import { UploadReader } from './upload-reader.ts';

/** Pipelined bytes kept while a response is under way; beyond it we stop reading. */
const PIPELINE_BYTES_MAX = 64 * 1024;
/** An unread upload is read and thrown away up to this much and this long, so that a reset does
 * not destroy the answer on its way (RFC 9112 9.6). */
export const LINGER_BYTES_MAX = 256 * 1024;
export const LINGER_MS = 2_000;

/** Where a connection stands with its input. */
type InputState = 'idle' | 'head' | 'body' | 'answering' | 'lingering' | 'closed';

/** One accepted connection. Ends with its socket. */
export class CallerConnection implements CallerSide, OutputOwner, Swept {
  sweepIndex: number = -1;
  readonly socket: Socket;
  readonly #parts: ServerParts;
  readonly #heads: HeadBuffer;
  readonly #writer: ResponseWriter;
  readonly #upload = new UploadReader();
  readonly #retireAt: number;
  #state: InputState = 'idle';
  #since: number;
  #backlogSince: number = NEVER;
  #exchange: Exchange | undefined = undefined;
  #close: boolean = false;
  #pending: Buffer | undefined = undefined;
  #bodyPaused: boolean = false;
  #lingered: number = 0;

  constructor(socket: Socket, parts: ServerParts) {
    this.socket = socket;
    this.#parts = parts;
    this.#heads = new HeadBuffer(parts.options.head);
    this.#writer = new ResponseWriter(this, parts.output);
    this.#since = parts.deps.clock.now();
    const age = parts.options.connectionAgeMs;
    this.#retireAt = this.#since + age * (0.9 + 0.2 * parts.deps.random.next());
    parts.deps.sweep.add(this);
  }

  /** Between requests, so that nothing is lost by closing. */
  get idle(): boolean {
    return this.#state === 'idle';
  }

  /** Bytes from the caller; they become ours. */
  received(bytes: Buffer): void {
    if (this.#state === 'answering') this.#keepForLater(bytes);
    else this.#consume(bytes);
  }

  /** The caller sent FIN. A half-closed caller is taken for gone, as every HTTP server does. */
  ended(): void {
    if (this.#exchange === undefined) {
      this.#endSocket();
      return;
    }
    this.#exchange.callerGone('It sent FIN.');
    this.destroy();
  }

  /** The socket is closed, for whatever reason. */
  closed(hadError: boolean): void {
    this.#state = 'closed';
    this.#parts.deps.sweep.remove(this);
    const exchange = this.#exchange;
    this.#exchange = undefined;
    exchange?.callerGone(hadError ? 'Its connection was reset.' : 'Its connection was closed.');
    this.#heads.reset();
    this.#pending = undefined;
  }

  /** The kernel took everything that waited. */
  drained(): void {
    this.#backlogSince = NEVER;
    this.#exchange?.unhold();
  }

  wrote(): void {
    if (this.socket.writableNeedDrain) this.#exchange?.hold();
  }

  /** Takes no further request; closes now when idle. */
  retire(): void {
    this.#close = true;
    if (this.#state === 'idle') this.#endSocket();
  }

  destroy(): void {
    this.socket.destroy();
  }

  sweep(now: number): void {
    const { options } = this.#parts;
    if (this.#checkBacklog(now)) return;
    const spent = now - this.#since;
    switch (this.#state) {
      case 'idle':
        if (spent > options.keepAliveMs) this.#endSocket();
        return;
      case 'head':
        if (spent > options.headMs) this.#refuseHead(new CallError('HEAD_TIMEOUT'));
        return;
      case 'body':
        if (!this.#bodyPaused && spent > options.bodyStallMs) this.#stopUpload('UPLOAD_STALLED');
        return;
      case 'lingering':
        if (spent > LINGER_MS) this.destroy();
        return;
      default:
    }
  }

  // ---- CallerSide ----

  writeInterim(head: Head): void {
    this.#writer.interim(head);
  }

  writeHead(request: RequestHead, head: Head, callId: string): void {
    const retire = this.#parts.deps.clock.now() > this.#retireAt;
    if (this.#state === 'body' || retire || !request.keepAlive) this.#close = true;
    this.#writer.head(request, head, callId, this.#close);
    if (this.#writer.endsByClose) this.#close = true;
  }

  writeBody(bytes: Uint8Array): void {
    this.#writer.body(bytes);
  }

  finish(trailers: HeaderList | undefined): void {
    this.#writer.end(trailers);
    this.#exchange = undefined;
    if (this.#state === 'body') this.#linger();
    else if (this.#close) this.#endSocket();
    else this.#nextRequest();
  }

  cut(): void {
    this.#parts.output.flush();
    this.#exchange = undefined;
    this.#state = 'closed';
    if (this.socket.destroyed) return;
    if (this.#writer.endsByClose) this.socket.resetAndDestroy();
    else if (this.#backlogSince !== NEVER) this.socket.destroy();
    else this.socket.destroySoon();
  }

  pauseBody(): void {
    this.#bodyPaused = true;
    this.socket.pause();
  }

  resumeBody(): void {
    if (!this.#bodyPaused) return;
    this.#bodyPaused = false;
    this.#since = this.#parts.deps.clock.now();
    this.socket.resume();
  }

  // ---- input ----

  #consume(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length) {
      switch (this.#state) {
        case 'idle':
        case 'head':
          at = this.#readHead(bytes, at);
          break;
        case 'body':
          at = this.#readBody(bytes, at);
          break;
        case 'answering':
          this.#keepForLater(at === 0 ? bytes : bytes.subarray(at));
          return;
        case 'lingering':
          this.#lingered += bytes.length - at;
          if (this.#lingered > LINGER_BYTES_MAX) this.destroy();
          return;
        case 'closed':
          return;
      }
    }
  }

  #readHead(bytes: Buffer, at: number): number {
    const heads = this.#heads;
    if (this.#state === 'idle') {
      this.#state = 'head';
      this.#since = this.#parts.deps.clock.now();
    }
    const next = heads.feed(bytes, at, bytes.length);
    if (next === -1) {
      if (heads.empty) this.#state = 'idle';
      return bytes.length;
    }
    if (next === -2) {
      this.#refuseHead(new CallError('HEAD_TOO_LARGE'));
      return bytes.length;
    }
    const head = parseRequestHead(heads.bytes, heads.from, heads.to, this.#parts.options.head);
    heads.reset();
    if (head instanceof HttpFault) {
      this.#refuseHead(new CallError(head.code, { detail: head.detail }));
      return bytes.length;
    }
    this.#begin(head);
    return next;
  }

  #begin(request: RequestHead): void {
    const { deps, options, router } = this.#parts;
    const exchange = new Exchange(deps, router, request, this, this.#since);
    this.#exchange = exchange;
    this.#writer.reset();
    if (exchange.body.complete) {
      this.#state = 'answering';
      exchange.dispatch();
      return;
    }
    this.#state = 'body';
    this.#upload.begin(request);
    if (request.contentLength > options.bodyBytes) {
      this.#stopUpload('BODY_TOO_LARGE');
      return;
    }
    exchange.dispatch();
    // A refusal from the head alone spares the caller its upload.
    if (request.expectContinue && request.minor === 1 && !exchange.headSent && !exchange.over) {
      this.#parts.output.text(this, 'HTTP/1.1 100 Continue\r\n\r\n');
    }
  }

  #readBody(bytes: Buffer, at: number): number {
    const exchange = this.#exchange as Exchange;
    const upload = this.#upload;
    this.#since = this.#parts.deps.clock.now();
    const next = upload.read(bytes, at);
    if (upload.fault !== undefined) {
      this.#close = true;
      exchange.stop(new CallError('BAD_REQUEST', { detail: upload.fault.detail }));
      return bytes.length;
    }
    const { payload, done } = upload;
    if (exchange.timeline.requestBytes + payload.length > this.#parts.options.bodyBytes) {
      this.#stopUpload('BODY_TOO_LARGE');
      return bytes.length;
    }
    // The state changes first: the answer may come back from inside these calls.
    if (done) this.#state = 'answering';
    if (payload.length > 0) exchange.bodyBytes(payload);
    if (done) this.#uploaded(exchange);
    return next;
  }

  #uploaded(exchange: Exchange): void {
    // A paused socket would hide the caller's departure while the answer is on its way.
    this.resumeBody();
    if (!exchange.over) exchange.bodyEnd();
  }

  #keepForLater(bytes: Buffer): void {
    this.#pending =
      this.#pending === undefined ? bytes : Buffer.concat([this.#pending, bytes]);
    if (this.#pending.length > PIPELINE_BYTES_MAX) this.socket.pause();
  }

  #nextRequest(): void {
    this.#state = 'idle';
    this.#since = this.#parts.deps.clock.now();
    if (this.#pending === undefined) return;
    // Not from inside the finished exchange: answers that come at once would pile up the stack.
    queueMicrotask(() => this.#takePending());
  }

  #takePending(): void {
    const bytes = this.#pending;
    if (bytes === undefined || this.#state !== 'idle') return;
    this.#pending = undefined;
    this.socket.resume();
    this.#consume(bytes);
  }

  // ---- endings ----

  #refuseHead(error: CallError): void {
    const { deps } = this.#parts;
    deps.observer.refused(error.code, error.message);
    this.#parts.refuse(this, error);
    this.#linger();
  }

  #stopUpload(code: 'UPLOAD_STALLED' | 'BODY_TOO_LARGE'): void {
    this.#close = true;
    this.#exchange?.stop(new CallError(code));
  }

  #linger(): void {
    this.#state = 'lingering';
    this.#since = this.#parts.deps.clock.now();
    this.#lingered = 0;
    this.#bodyPaused = false;
    this.socket.resume();
    this.#parts.output.flush();
    this.socket.end();
  }

  #endSocket(): void {
    this.#state = 'closed';
    this.socket.destroySoon();
  }

  #checkBacklog(now: number): boolean {
    if (this.socket.writableLength === 0) {
      this.#backlogSince = NEVER;
      return false;
    }
    if (this.#backlogSince === NEVER) this.#backlogSince = now;
    if (now - this.#backlogSince <= this.#parts.options.writeStallMs) return false;
    this.#exchange?.stop(new CallError('CALLER_STALLED'));
    this.destroy();
    return true;
  }
}
