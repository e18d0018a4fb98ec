// The second HTTP edge, on node:http, for comparison (`edge: node-http`). Reads heads a second time
// with our strict parser, so that both edges refuse the same messages.

import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { CallError } from '../../core/errors.ts';
import { plainDialect } from '../../dialects/plain.ts';
import { HttpFault } from '../../http1/head.ts';
import { parseRequestHead } from '../../http1/request-parser.ts';
import { responseHeadText } from '../../http1/serializer.ts';
import type { EdgeDeps, EdgeOptions } from './edge-options.ts';
import { errorAnswer } from './error-answer.ts';
import type { Listening } from './http-server.ts';
import { NodeCaller } from './node-caller.ts';
import type { Router } from './router.ts';

/** An HTTP/1.1 server on node:http with the same face as `HttpServer`. */
export class NodeHttpServer {
  readonly #router: Router;
  readonly #deps: EdgeDeps;
  readonly #options: EdgeOptions;
  readonly #server: Server;

  constructor(router: Router, deps: EdgeDeps, options: EdgeOptions) {
    this.#router = router;
    this.#deps = deps;
    this.#options = options;
    this.#server = createServer(
      {
        maxHeaderSize: options.head.headBytes,
        headersTimeout: options.headMs,
        keepAliveTimeout: options.keepAliveMs,
        // Uploads have a stall limit of their own; a total limit would cut slow ones.
        requestTimeout: 0,
        connectionsCheckingInterval: 1_000,
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
    this.#server.on('connection', () => {
      this.#deps.observer.connectionOpened();
    });
    this.#server.on('connection', (socket: Socket) => {
      socket.on('close', () => this.#deps.observer.connectionClosed());
    });
    this.#server.on('connect', (_request, socket: Socket) => {
      this.#refuse(socket, new CallError('NOT_SUPPORTED', { detail: 'CONNECT is not offered.' }));
    });
    this.#server.on('clientError', (fault: NodeJS.ErrnoException, socket: Socket) => {
      this.#refuse(socket, faultOf(fault));
    });
  }

  listen(at: Listening): Promise<Listening> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ host: at.host, port: at.port, backlog: 2048 }, () => {
        this.#server.off('error', reject);
        const address = this.#server.address() as AddressInfo;
        resolve({ host: address.address, port: address.port });
      });
    });
  }

  close(graceMs: number): Promise<void> {
    return new Promise((resolve) => {
      const cut = this.#deps.clock.after(graceMs, () => this.destroy());
      this.#server.close(() => {
        cut.cancel();
        resolve();
      });
      this.#server.closeIdleConnections();
    });
  }

  destroy(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #handle(request: IncomingMessage, response: ServerResponse, expects: boolean): void {
    const head = strictHead(request, this.#options);
    if (head instanceof HttpFault) {
      this.#refuse(request.socket, new CallError(head.code, { detail: head.detail }));
      return;
    }
    head.expectContinue = expects;
    const caller = new NodeCaller(head, request, response, this.#router, this.#deps, this.#options);
    caller.begin(head);
  }

  #refuse(socket: Socket, error: CallError): void {
    this.#deps.observer.refused(error.code, error.message);
    if (!socket.writable) return;
    const callId = this.#deps.callIds.next();
    const { head, body } = errorAnswer(error, plainDialect, callId, this.#deps.clock);
    const { status, reason, headers } = head;
    const extra = 'Connection: close\r\n';
    socket.write(
      responseHeadText(status, reason, 1, headers, 'length', body.length, extra),
      'latin1',
    );
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
