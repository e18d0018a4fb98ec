// The caller's side of one exchange on Node's own HTTP server: the same acts as on our wire, said
// through ServerResponse. Ends with the response's `close`.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { CallError } from '../../core/errors.ts';
import type { HeaderList } from '../../core/header-list.ts';
import type { Head } from '../../core/sink.ts';
import type { Swept } from '../../core/sweep.ts';
import type { RequestHead } from '../../http1/head.ts';
import { BacklogWatch } from './backlog-watch.ts';
import type { EdgeDeps, EdgeOptions } from './edge-options.ts';
import { Exchange } from './exchange.ts';
import type { CallerSide, ResponseSide } from './exchange.ts';
import { Linger } from './linger.ts';
import { planResponse } from './response-plan.ts';
import type { BodyMode } from './response-plan.ts';
import type { Router } from './router.ts';

/** Gives the connection away once its call was answered with 101. */
export type Departures = (callId: string, head: Head) => CallerSide;

/** What a request on the node:http edge is served with. */
export interface NodeCallerParts {
  readonly router: Router;
  readonly deps: EdgeDeps;
  readonly options: EdgeOptions;
  /** Only for requests that may change the protocol. */
  readonly depart: Departures | undefined;
  /** Holds it from its beginning until its response is closed or its connection given away. */
  readonly callers: Set<NodeCaller>;
}

/** One request on the node:http edge. */
export class NodeCaller implements CallerSide, ResponseSide, Swept {
  readonly response: ResponseSide = this;
  sweepIndex: number = -1;
  readonly #request: IncomingMessage;
  readonly #out: ServerResponse;
  readonly #deps: EdgeDeps;
  readonly #options: EdgeOptions;
  readonly #exchange: Exchange;
  readonly #parts: NodeCallerParts;
  #mode: BodyMode = 'none';
  #uploaded: boolean = false;
  #readAt: number;
  readonly #backlog = new BacklogWatch();
  /** The answer is complete but for its end, which waits for the rest of the upload. */
  #rest: Linger | undefined = undefined;
  #cutWaits: boolean = false;

  constructor(
    head: RequestHead,
    request: IncomingMessage,
    response: ServerResponse,
    parts: NodeCallerParts,
  ) {
    const { router, deps, options } = parts;
    this.#parts = parts;
    this.#request = request;
    this.#out = response;
    this.#deps = deps;
    this.#options = options;
    this.#readAt = deps.clock.now();
    this.#exchange = new Exchange(deps, router, head, this, this.#readAt);
  }

  /** Starts the exchange; call once. */
  begin(head: RequestHead): void {
    const request = this.#request;
    const exchange = this.#exchange;
    this.#deps.sweep.add(this);
    this.#parts.callers.add(this);
    this.#out.on('close', () => this.#closed());
    this.#out.on('drain', () => this.#drained());
    request.on('error', () => {});
    request.on('data', (bytes: Buffer) => this.#received(bytes));
    request.on('end', () => this.#received(undefined));
    this.#uploaded = exchange.body.complete;
    if (head.contentLength > this.#options.bodyBytes) {
      exchange.stop(new CallError('BODY_TOO_LARGE'));
      return;
    }
    exchange.dispatch();
    if (head.expectContinue && !exchange.headSent && !exchange.over) this.#out.writeContinue();
  }

  interim(head: Head): void {
    const hints: Record<string, string> = {};
    for (const [name, value] of head.headers) hints[name.toLowerCase()] = value;
    if (head.status === 103 && hints['link'] !== undefined) {
      this.#out.writeEarlyHints({ ...hints, link: hints['link'] });
    } else if (head.status === 102) this.#out.writeProcessing();
  }

  head(request: RequestHead, head: Head, callId: string): BodyMode {
    const close = !this.#uploaded || !request.keepAlive || this.#deps.closeSoon?.() === true;
    const plan = planResponse(request, head, callId, close, this.#deps.clock);
    this.#mode = plan.mode;
    const fields: string[] = [];
    for (const line of (plan.headers.forwardable() + plan.extraLines).split('\r\n')) {
      const colon = line.indexOf(':');
      if (colon > 0) fields.push(line.slice(0, colon), line.slice(colon + 1).trim());
    }
    const length = String(Math.max(0, head.contentLength));
    if (plan.mode === 'length') fields.push('Content-Length', length);
    this.#out.sendDate = false;
    this.#out.writeHead(head.status, head.reason, fields);
    this.#out.flushHeaders();
    return plan.mode;
  }

  body(bytes: Uint8Array): void {
    if (this.#mode === 'none') return;
    // The bytes are lent; ServerResponse may keep them.
    if (!this.#out.write(Buffer.from(bytes))) this.#exchange.hold();
  }

  finish(trailers: HeaderList | undefined): void {
    if (trailers !== undefined) this.#out.addTrailers([...trailers]);
    // An unread upload is drained first: ending now would reset the answer away.
    if (this.#uploaded) this.#out.end();
    else this.#rest = new Linger(this.#deps.clock.now());
    this.#request.resume();
  }

  cut(): void {
    const { socket } = this.#out;
    // Behind an answer that is not over yet: it is cut once its turn has come.
    this.#cutWaits = socket === null;
    if (socket === null || socket.destroyed) return;
    if (this.#mode === 'until-close') socket.resetAndDestroy();
    else if (this.#backlog.waiting) socket.destroy();
    // ServerResponse hands what it holds to the socket only when the turn is over.
    else this.#deps.clock.nextTurn(() => socket.destroySoon());
  }

  upgrade(callId: string, head: Head): CallerSide {
    this.#leave();
    return this.#parts.depart?.(callId, head) ?? this;
  }

  pauseBody(): void {
    this.#request.pause();
  }

  resumeBody(): void {
    this.#readAt = this.#deps.clock.now();
    this.#request.resume();
  }

  /** The socket is in the middle of this answer. */
  speaksOn(socket: Socket): boolean {
    return this.#out.socket === socket && this.#out.headersSent && !this.#out.writableFinished;
  }

  /** Cuts it now; the call, if it is not over, ends with `reason`. */
  abandon(reason: CallError): void {
    this.#exchange.stop(reason);
    // Of an answer that ends by close, what still waits here must not be missed in silence.
    if (this.#mode === 'until-close') this.#out.socket?.resetAndDestroy();
    else this.#out.socket?.destroy();
  }

  sweep(now: number): void {
    if (this.#cutWaits) this.cut();
    const waiting = this.#out.socket?.writableLength ?? 0;
    if (this.#backlog.stalled(waiting, now, this.#options.writeStallMs)) {
      this.abandon(new CallError('CALLER_STALLED'));
      return;
    }
    if (this.#rest !== undefined) {
      if (this.#rest.isOver(now, waiting)) this.#out.end();
      return;
    }
    const reading = !this.#uploaded && !this.#request.isPaused();
    if (reading && now - this.#readAt > this.#options.bodyStallMs) {
      this.#exchange.stop(new CallError('UPLOAD_STALLED'));
    }
  }

  #received(bytes: Buffer | undefined): void {
    this.#readAt = this.#deps.clock.now();
    if (bytes === undefined) this.#uploaded = true;
    const exchange = this.#exchange;
    if (exchange.body.complete && !exchange.over) return;
    if (exchange.over) this.#discard(bytes?.length ?? 0);
    else if (bytes === undefined) exchange.bodyEnd(this.#readAt);
    else if (exchange.timeline.requestBytes + bytes.length > this.#options.bodyBytes) {
      exchange.stop(new CallError('BODY_TOO_LARGE'));
    } else exchange.bodyBytes(bytes);
  }

  #discard(bytes: number): void {
    // After a cut the end of the upload must not become the end of the answer.
    if (this.#rest === undefined) return;
    if (!this.#rest.takes(bytes) || this.#uploaded) this.#out.end();
  }

  #drained(): void {
    this.#backlog.drained();
    this.#exchange.unhold();
  }

  #closed(): void {
    this.#leave();
    if (!this.#out.writableFinished) this.#exchange.callerGone('Its connection was closed.');
  }

  #leave(): void {
    this.#deps.sweep.remove(this);
    this.#parts.callers.delete(this);
  }
}
