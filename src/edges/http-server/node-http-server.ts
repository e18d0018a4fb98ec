// The second HTTP edge, on node:http, for comparison (`edge: node-http`). Reads heads a second time
// with our strict parser, so that both edges refuse the same messages.

import { createServer, ServerResponse } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import { CallError } from '../../core/errors.ts';
import { HttpFault } from '../../http1/head.ts';
import { parseRequestHead } from '../../http1/request-parser.ts';
import { RESTED_MS } from './edge-options.ts';
import type { EdgeDeps, EdgeOptions } from './edge-options.ts';
import { refusalText } from './error-answer.ts';
import { HeldInput } from './held-input.ts';
import { listenOn } from './listening.ts';
import type { Listening } from './listening.ts';
import { NodeCaller } from './node-caller.ts';
import type { Departures } from './node-caller.ts';
import { closeWhenQuiet } from './quiet-close.ts';
import type { Router } from './router.ts';
import type { UpgradeHandler } from './upgrade.ts';
import { UpgradedConnection } from './upgraded-connection.ts';

/** An HTTP/1.1 server on node:http with the same face as `HttpServer`. */
export class NodeHttpServer {
  readonly #router: Router;
  readonly #deps: EdgeDeps;
  readonly #options: EdgeOptions;
  readonly #server: Server;
  /** When each connection was last busy; `Infinity` while it is. */
  readonly #connections = new Map<Socket, number>();
  /** Calls under way, sessions of upgraded connections not among them. */
  readonly #callers = new Set<NodeCaller>();
  /** Those that speak no HTTP any more; Node's server does not close them. */
  readonly #upgraded = new Set<UpgradedConnection>();
  #accepted: number = 0;
  #stopping: boolean = false;
  #listening: boolean = true;

  constructor(router: Router, deps: EdgeDeps, options: EdgeOptions) {
    this.#router = router;
    this.#deps = { ...deps, closeSoon: () => this.#stopping || deps.closeSoon?.() === true };
    this.#options = options;
    this.#server = createServer(
      {
        maxHeaderSize: options.head.headBytes,
        headersTimeout: options.headMs,
        keepAliveTimeout: options.keepAliveMs,
        // Uploads have a stall limit of their own; a total limit would cut slow ones.
        requestTimeout: 0,
        // Judged by our strict parser, whose refusals can be found in the log.
        requireHostHeader: false,
        connectionsCheckingInterval: 1_000,
        // Whoever asks for another protocol is answered in HTTP.
        shouldUpgradeCallback: ({ headers }) => /^websocket\b/i.test(headers.upgrade ?? ''),
        noDelay: true,
        keepAlive: true,
        keepAliveInitialDelay: 15_000,
      },
      (request, response) => this.#handle(request, response, false),
    );
    this.#server.maxConnections = options.connections;
    this.#server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
      this.#handle(request, response, true);
    });
    this.#server.on('connection', (socket: Socket) => this.#accept(socket));
    this.#server.on('connect', (_request, socket: Socket) => {
      this.#refuse(socket, new CallError('NOT_SUPPORTED', { detail: 'CONNECT is not offered.' }));
    });
    if (deps.upgrades !== undefined) {
      this.#server.on('upgrade', (request: IncomingMessage, socket: Socket, early: Buffer) => {
        this.#handleUpgrade(request, socket, early);
      });
    }
    this.#server.on('clientError', (fault: NodeJS.ErrnoException, socket: Socket) => {
      // Nobody is there to be told; a call under way ends with the socket.
      if (fault.code === 'ECONNRESET' || fault.code === 'HPE_INVALID_EOF_STATE') socket.destroy();
      else this.#refuse(socket, faultOf(fault));
    });
  }

  /** Open caller connections. */
  get size(): number {
    return this.#connections.size;
  }

  /** Further connections may still come. */
  get listening(): boolean {
    return this.#listening;
  }

  /** Starts to listen; fails like `net.Server` when the address cannot be had. */
  listen(at: Listening): Promise<Listening> {
    return listenOn(this.#server, at);
  }

  close(graceMs: number): Promise<void> {
    this.stopAccepting(0);
    return new Promise((resolve) => {
      const cut = this.#deps.clock.after(graceMs, () => this.destroy());
      this.#server.once('close', () => {
        cut.cancel();
        resolve();
      });
      // Told only of a close still to come.
      if (!this.#listening && this.size === 0) resolve();
    });
  }

  /** See `HttpServer`; Node's server closes all connections that rest at once, late or not. */
  stopAccepting(_lateMs: number): void {
    if (this.#stopping) return;
    this.#stopping = true;
    const close = (): void => {
      this.#listening = false;
      this.#server.close();
    };
    closeWhenQuiet(this.#deps.clock, () => this.#accepted, close);
  }

  /** Closes each connection that has rested for a second with this probability. */
  closeResting(share: number): void {
    const { clock, random } = this.#deps;
    clock.nextTurn(() => {
      const before = clock.now() - RESTED_MS;
      for (const [socket, busyAt] of this.#connections) {
        if (busyAt <= before && (share >= 1 || random.next() < share)) socket.destroySoon();
      }
    });
  }

  destroy(): void {
    this.#stopping = true;
    this.#listening = false;
    this.#server.close();
    const reason = new CallError('DRAINING');
    for (const caller of this.#callers) caller.abandon(reason);
    this.#server.closeAllConnections();
    for (const connection of this.#upgraded) connection.abandon(reason);
  }

  #accept(socket: Socket): void {
    this.#accepted += 1;
    this.#connections.set(socket, this.#deps.clock.now());
    this.#deps.observer.connectionOpened();
    socket.on('close', () => {
      this.#connections.delete(socket);
      this.#deps.observer.connectionClosed();
    });
  }

  /** Node has let go of the socket: what is answered before it changes hands is written here. */
  #handleUpgrade(request: IncomingMessage, socket: Socket, early: Buffer): void {
    const { upgrades } = this.#deps;
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(socket);
    response.on('finish', () => socket.destroySoon());
    socket.on('error', () => {});
    // It is read on, because only so the caller's departure is seen.
    const held = new HeldInput();
    const received = (bytes: Buffer): void => {
      // What is not kept would be missing at the beginning of the session.
      if (!held.keep(bytes)) socket.destroy();
    };
    if (early.length > 0) received(early);
    const drained = (): boolean => response.emit('drain');
    const ended = (): Socket => socket.destroy();
    socket.on('data', received).on('drain', drained).on('end', ended);
    this.#handle(request, response, false, (callId, head) => {
      response.detachSocket(socket);
      socket.off('data', received).off('drain', drained).off('end', ended);
      const upgrade = { callId, socket, early: held.take(), head };
      const left = (gone: UpgradedConnection): boolean => this.#upgraded.delete(gone);
      const upgraded = new UpgradedConnection(upgrades as UpgradeHandler, upgrade, left);
      this.#upgraded.add(upgraded);
      socket.on('close', () => upgraded.closed());
      return upgraded;
    });
  }

  #handle(
    request: IncomingMessage,
    response: ServerResponse,
    expects: boolean,
    depart?: Departures,
  ): void {
    const head = strictHead(request, this.#options);
    if (head instanceof HttpFault) {
      this.#refuse(request.socket, new CallError(head.code, { detail: head.detail }));
      return;
    }
    head.expectContinue = expects;
    const { socket } = request;
    this.#connections.set(socket, Infinity);
    response.on('close', () => {
      if (this.#connections.has(socket)) this.#connections.set(socket, this.#deps.clock.now());
      // Answers that began before the listener was closed promised to keep their connection.
      if (!this.#listening) this.#deps.clock.nextTurn(() => this.#server.closeIdleConnections());
    });
    const callers = this.#callers;
    const parts = {
      router: this.#router,
      deps: this.#deps,
      options: this.#options,
      depart,
      callers,
    };
    new NodeCaller(head, request, response, parts).begin(head);
  }

  #refuse(socket: Socket, error: CallError): void {
    const { callIds, clock, observer } = this.#deps;
    const callId = callIds.next();
    observer.refused({ callId, error, method: '', path: '' });
    if (!socket.writable) return;
    // In the middle of an answer our words would be taken for a part of it.
    if ([...this.#callers].some((caller) => caller.speaksOn(socket))) {
      socket.resetAndDestroy();
      return;
    }
    const { head, body } = refusalText(error, callId, clock);
    socket.write(head, 'latin1');
    socket.end(body);
  }
}

function strictHead(
  request: IncomingMessage,
  options: EdgeOptions,
): ReturnType<typeof parseRequestHead> {
  let text = `${request.method} ${request.url} HTTP/${request.httpVersion}\r\n`;
  for (let at = 0; at < request.rawHeaders.length; at += 2) {
    text += `${request.rawHeaders[at]}: ${request.rawHeaders[at + 1]}\r\n`;
  }
  const bytes = Buffer.from(`${text}\r\n`, 'latin1');
  return parseRequestHead(bytes, 0, bytes.length, options.head);
}

function faultOf(fault: NodeJS.ErrnoException): CallError {
  if (fault.code === 'HPE_HEADER_OVERFLOW') return new CallError('HEAD_TOO_LARGE');
  if (fault.code === 'ERR_HTTP_REQUEST_TIMEOUT') return new CallError('HEAD_TIMEOUT');
  return new CallError('BAD_REQUEST', { detail: fault.message });
}
