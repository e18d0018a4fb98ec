// The HTTP edge on plain sockets and our own codec: accepts callers, hands each a connection.
// Owns the listener, the shared output and the set of connections; parses nothing itself.

import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { STATUS_CODES } from 'node:http';
import { CallError } from '../../core/errors.ts';
import { plainDialect } from '../../dialects/plain.ts';
import { responseHeadText } from '../../http1/serializer.ts';
import { CallerConnection } from './caller-connection.ts';
import type { EdgeDeps, EdgeOptions } from './edge-options.ts';
import { errorAnswer } from './error-answer.ts';
import { Output } from './output.ts';
import type { Router } from './router.ts';

/** What every connection of one server shares. */
export interface ServerParts {
  readonly deps: EdgeDeps;
  readonly options: EdgeOptions;
  readonly router: Router;
  readonly output: Output;
  /** Answers a request whose head could not be understood. */
  refuse(connection: CallerConnection, error: CallError): void;
  /** The connection is closed. */
  left(connection: CallerConnection): void;
}

/** Where a server listens. */
export interface Listening {
  readonly host: string;
  readonly port: number;
}

interface OwnedSocket extends Socket {
  owner?: CallerConnection;
}

/** An HTTP/1.1 server on our own codec. Ends by `close` or `destroy`. */
export class HttpServer implements ServerParts {
  readonly deps: EdgeDeps;
  readonly options: EdgeOptions;
  readonly router: Router;
  readonly output: Output;
  readonly #connections = new Set<CallerConnection>();
  readonly #server: Server;
  #whenEmpty: (() => void) | undefined = undefined;

  constructor(router: Router, deps: EdgeDeps, options: EdgeOptions) {
    this.router = router;
    this.deps = deps;
    this.options = options;
    this.output = new Output(deps.clock);
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
      this.#accept(socket),
    );
  }

  /** Open caller connections. */
  get size(): number {
    return this.#connections.size;
  }

  /** Starts to listen; fails like `net.Server` when the address cannot be had. */
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

  /** Accepts no more, lets running calls finish for at most `graceMs`, then cuts the rest. */
  close(graceMs: number): Promise<void> {
    this.#server.close();
    for (const connection of this.#connections) connection.retire();
    return new Promise((resolve) => {
      const cut = this.deps.clock.after(graceMs, () => this.destroy());
      this.#whenEmpty = () => {
        cut.cancel();
        resolve();
      };
      if (this.#connections.size === 0) this.#whenEmpty();
    });
  }

  /** Cuts everything at once. */
  destroy(): void {
    this.#server.close();
    const reason = new CallError('DRAINING');
    for (const connection of this.#connections) connection.abandon(reason);
  }

  refuse(connection: CallerConnection, error: CallError): void {
    const { head, body } = errorAnswer(
      error,
      plainDialect,
      this.deps.callIds.next(),
      this.deps.clock,
    );
    const reason = STATUS_CODES[head.status] ?? '';
    const length = body.length;
    const extra = 'Connection: close\r\n';
    const text = responseHeadText(head.status, reason, 1, head.headers, 'length', length, extra);
    this.output.text(connection, text);
    this.output.raw(connection, body);
    this.output.flush();
  }

  /** A connection's socket is closed. */
  left(connection: CallerConnection): void {
    this.#connections.delete(connection);
    this.deps.observer.connectionClosed();
    if (this.#connections.size === 0) this.#whenEmpty?.();
  }

  #accept(socket: OwnedSocket): void {
    if (this.#connections.size >= this.options.connections) {
      this.deps.observer.refused('CONNECTIONS', 'Too many open connections.');
      socket.destroy();
      return;
    }
    // Finds a caller that vanished without FIN within 30 s of silence.
    socket.setKeepAlive(true, 15_000);
    const connection = new CallerConnection(socket, this);
    socket.owner = connection;
    this.#connections.add(connection);
    this.deps.observer.connectionOpened();
    socket.on('data', onData);
    socket.on('end', onEnd);
    socket.on('drain', onDrain);
    socket.on('error', onError);
    socket.on('close', onClose);
  }
}

function onData(this: OwnedSocket, bytes: Buffer): void {
  this.owner?.received(bytes);
}

function onEnd(this: OwnedSocket): void {
  this.owner?.ended();
}

function onClose(this: OwnedSocket, hadError: boolean): void {
  this.owner?.closed(hadError);
}

function onDrain(this: OwnedSocket): void {
  this.owner?.drained();
}

/** `close` follows with the same news; without a listener the process would end. */
function onError(): void {}
