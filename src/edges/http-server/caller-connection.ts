// One caller's socket: reads requests strictly one after another, writes their responses through
// the shared output, and notices the caller's departure in every phase.
// Invariant: at most one exchange at a time; after a fault or an unread upload the connection takes
// no further request.

import type { Socket } from 'node:net';
import { CallError } from '../../core/errors.ts';
import type { HeaderList } from '../../core/header-list.ts';
import type { Head } from '../../core/sink.ts';
import type { Swept } from '../../core/sweep.ts';
import type { RequestHead } from '../../http1/head.ts';
import { BacklogWatch } from './backlog-watch.ts';
import { Exchange } from './exchange.ts';
import type { CallerSide } from './exchange.ts';
import { HeldInput } from './held-input.ts';
import { Linger } from './linger.ts';
import { RequestReader } from './request-reader.ts';
import { ResponseWriter } from './response-writer.ts';
import type { ResponseOwner } from './response-writer.ts';
import type { ServedConnection, ServerParts, SocketOwner } from './http-server.ts';
import { UploadReader } from './upload-reader.ts';

/** Where a connection stands with its input. */
type InputState = 'idle' | 'head' | 'body' | 'answering' | 'lingering' | 'upgraded' | 'closed';

/** One accepted connection. Ends with its socket, or when that is given away. */
export class CallerConnection
  implements CallerSide, ResponseOwner, ServedConnection, SocketOwner, Swept
{
  sweepIndex: number = -1;
  readonly socket: Socket;
  readonly response: ResponseWriter;
  readonly #parts: ServerParts;
  readonly #heads: RequestReader;
  readonly #upload = new UploadReader();
  readonly #backlog = new BacklogWatch();
  readonly #held = new HeldInput();
  readonly #retireAt: number;
  #state: InputState = 'idle';
  #since: number;
  #exchange: Exchange | undefined = undefined;
  #close: boolean = false;
  #bodyPaused: boolean = false;
  #rest: Linger | undefined = undefined;

  constructor(socket: Socket, parts: ServerParts) {
    this.socket = socket;
    this.#parts = parts;
    this.#heads = new RequestReader(parts.options.head);
    this.response = new ResponseWriter(this, parts.output, parts.deps.clock);
    this.#since = parts.deps.clock.now();
    const age = parts.options.connectionAgeMs;
    this.#retireAt = this.#since + age * (0.9 + 0.2 * parts.deps.random.next());
    parts.deps.sweep.add(this);
  }

  /** The caller sent FIN. A half-closed caller is taken for gone, as every HTTP server does. */
  ended(): void {
    if (this.#exchange === undefined) return this.#endSocket();
    this.#exchange.callerGone('It sent FIN.');
    this.socket.destroy();
  }

  /** The socket is closed, for whatever reason. */
  closed(hadError: boolean): void {
    this.#state = 'closed';
    this.#parts.deps.sweep.remove(this);
    const exchange = this.#exchange;
    this.#exchange = undefined;
    exchange?.callerGone(hadError ? 'Its connection was reset.' : 'Its connection was closed.');
    this.#held.take();
    this.#parts.left(this);
  }

  /** The kernel took everything that waited. */
  drained(): void {
    this.#backlog.drained();
    if (this.#exchange !== undefined) this.#exchange.unhold();
    else if (this.#state === 'answering') this.#nextRequest();
  }

  wrote(): void {
    if (this.socket.writableNeedDrain) this.#exchange?.hold();
  }

  /** Closes now when it is idle and no request came for `restedMs`. */
  closeRested(restedMs: number): void {
    const rested = this.#parts.deps.clock.now() - this.#since;
    if (this.#state === 'idle' && rested >= restedMs) this.#endSocket();
  }

  /** Cuts it now; the call under way, if any, ends with `reason`. */
  abandon(reason: CallError): void {
    this.#exchange?.stop(reason);
    // Of an answer that ends by close, what still waits here must not be missed in silence.
    if (this.response.endsByClose) this.socket.resetAndDestroy();
    else this.socket.destroy();
  }

  sweep(now: number): void {
    const { options, idleMs } = this.#parts;
    if (this.#backlog.stalled(this.socket.writableLength, now, options.writeStallMs)) {
      this.abandon(new CallError('CALLER_STALLED'));
      return;
    }
    const state = this.#state;
    const spent = now - this.#since;
    const stopped = state === 'body' && !this.#bodyPaused && spent > options.bodyStallMs;
    const timedOut = state === 'head' && spent > options.headMs;
    if (stopped) this.#stopUpload('UPLOAD_STALLED');
    else if (timedOut) this.#refuseHead(new CallError('HEAD_TIMEOUT'));
    else if (state === 'idle' && spent > idleMs) this.#endSocket();
    else if (this.#rest?.isOver(now, this.socket.writableLength) === true) this.socket.destroy();
  }

  closesAfter(request: RequestHead): boolean {
    const aged = this.#parts.deps.clock.now() > this.#retireAt;
    if (this.#state === 'body' || aged || !request.keepAlive) this.#close = true;
    else if (this.#parts.closesNext()) this.#close = true;
    return this.#close;
  }

  upgrade(callId: string, head: Head): CallerSide {
    this.#state = 'upgraded';
    const side = this.#parts.giveAway(this, callId, this.#held.take(), head);
    // What is not kept would be missing at the beginning of the session.
    if (this.#held.overrun) this.socket.destroy();
    return side;
  }

  finish(trailers: HeaderList | undefined): void {
    this.response.end(trailers);
    this.#exchange = undefined;
    if (this.#state === 'body' || this.#held.overrun) this.#linger();
    else if (this.#close || this.response.endsByClose) this.#endSocket();
    else if (this.#parts.idleMs === 0) this.#endSocket();
    // Who does not take its answers gets no more of them: its further requests wait for that.
    else if (!this.socket.writableNeedDrain) this.#nextRequest();
  }

  cut(): void {
    this.#parts.output.flush();
    this.#exchange = undefined;
    this.#state = 'closed';
    if (this.socket.destroyed) return;
    if (this.response.endsByClose) this.socket.resetAndDestroy();
    else if (this.#backlog.waiting) this.socket.destroy();
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

  /** Bytes from the caller; they become ours. */
  received(bytes: Buffer): void {
    const now = this.#parts.deps.clock.now();
    for (let at = 0; at < bytes.length;) {
      switch (this.#state) {
        case 'idle':
        case 'head':
          at = this.#readHead(bytes, at, now);
          break;
        case 'body':
          at = this.#readBody(bytes, at, now);
          break;
        case 'answering':
          this.#keep(bytes.subarray(at));
          return;
        case 'lingering':
          if (this.#rest?.takes(bytes.length - at) === true) return;
          if (this.socket.writableLength > 0) this.socket.pause();
          else this.socket.destroy();
          return;
        case 'upgraded':
          // Answered from inside `#begin`: who took the socket over reads these bytes first.
          this.socket.unshift(bytes.subarray(at));
          return;
        case 'closed':
          return;
      }
    }
  }

  #readHead(bytes: Buffer, at: number, now: number): number {
    const heads = this.#heads;
    if (this.#state === 'idle') {
      this.#state = 'head';
      this.#since = now;
    }
    const next = heads.read(bytes, at);
    if (heads.fault !== undefined) this.#refuseHead(heads.fault);
    else if (heads.head !== undefined) this.#begin(heads.head, now);
    else if (heads.empty) this.#state = 'idle';
    return next;
  }

  #begin(request: RequestHead, now: number): void {
    const { deps, options, router } = this.#parts;
    const exchange = new Exchange(deps, router, request, this, this.#since);
    this.#exchange = exchange;
    this.response.reset();
    if (exchange.body.complete) {
      this.#state = 'answering';
      exchange.dispatch();
      return;
    }
    this.#state = 'body';
    this.#since = now;
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

  #readBody(bytes: Buffer, at: number, now: number): number {
    const exchange = this.#exchange as Exchange;
    const upload = this.#upload;
    this.#since = now;
    const next = upload.read(bytes, at);
    if (upload.fault !== undefined) {
      this.#close = true;
      exchange.stop(new CallError('BAD_REQUEST', { detail: upload.fault.detail }));
      return bytes.length;
    }
    const { done } = upload;
    const payload = upload.take();
    if (exchange.timeline.requestBytes + payload.length > this.#parts.options.bodyBytes) {
      this.#stopUpload('BODY_TOO_LARGE');
      return bytes.length;
    }
    // The state changes first: the answer may come back from inside these calls.
    if (done) this.#state = 'answering';
    if (payload.length > 0) exchange.bodyBytes(payload);
    // A paused socket would hide the caller's departure while the answer is on its way.
    if (done) this.resumeBody();
    if (done && !exchange.over) exchange.bodyEnd(now);
    return next;
  }

  /** Not by a pause: a paused socket would hide that the caller leaves. */
  #keep(bytes: Buffer): void {
    if (this.#held.keep(bytes)) return;
    this.#close = true;
    if (this.#exchange === undefined) this.#linger();
  }

  #nextRequest(): void {
    this.#state = 'idle';
    this.#since = this.#parts.deps.clock.now();
    // Not from inside the finished exchange: answers that come at once would pile up the stack.
    if (!this.#held.empty) queueMicrotask(() => this.#takeHeld());
  }

  #takeHeld(): void {
    if (this.#state !== 'idle') return;
    const bytes = this.#held.take();
    if (bytes !== undefined) this.received(bytes);
  }

  #refuseHead(error: CallError): void {
    this.#parts.refuse(this, error);
    this.#linger();
  }

  #stopUpload(code: 'UPLOAD_STALLED' | 'BODY_TOO_LARGE'): void {
    this.#close = true;
    this.#exchange?.stop(new CallError(code));
  }

  #linger(): void {
    this.#state = 'lingering';
    this.#rest = new Linger(this.#parts.deps.clock.now());
    this.#bodyPaused = false;
    this.socket.resume();
    this.#parts.output.flush();
    this.socket.end();
  }

  #endSocket(): void {
    this.#state = 'closed';
    this.#parts.output.flush();
    this.socket.destroySoon();
  }
}
