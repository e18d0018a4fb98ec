// The HTTP edge on plain sockets and our own codec: accepts callers, hands each a connection.
// Owns the listener, the shared output and the set of connections; parses nothing itself.

import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { CallError } from '../../core/errors.ts';
import type { Head } from '../../core/sink.ts';
import { CallerConnection } from './caller-connection.ts';
import { RESTED_MS } from './edge-options.ts';
import type { EdgeDeps, EdgeOptions } from './edge-options.ts';
import { refusalText } from './error-answer.ts';
import type { CallerSide } from './exchange.ts';
import { listenOn } from './listening.ts';
import type { Listening } from './listening.ts';
import { Output } from './output.ts';
import { closeWhenQuiet } from './quiet-close.ts';
import type { Router } from './router.ts';
import type { UpgradeHandler } from './upgrade.ts';
import { UpgradedConnection } from './upgraded-connection.ts';

/** An open connection, as the server counts and closes it. */
export interface ServedConnection {
  /** Closes now when it is idle and no request came for `restedMs`. */
  closeRested(restedMs: number): void;
  /** Is cut now; the call under way, if any, ends with `reason`. */
  abandon(reason: CallError): void;
}

/** Hears the events of one socket. */
export interface SocketOwner {
  received(bytes: Buffer): void;
  ended(): void;
  drained(): void;
  closed(hadError: boolean): void;
}

/** What every connection of one server shares. */
export interface ServerParts {
  readonly deps: EdgeDeps;
  readonly options: EdgeOptions;
  readonly router: Router;
  readonly output: Output;
  /** How long a connection may rest between requests now, in ms. */
  readonly idleMs: number;
  /** Whether the connection of an answer that begins now should take no further request. */
  closesNext(): boolean;
  /** Answers a request whose head could not be understood. */
  refuse(connection: CallerConnection, error: CallError): void;
  /** The connection is closed. */
  left(connection: ServedConnection): void;
  /** The call was answered with 101: the socket belongs to the upgrade handler from now on. */
  giveAway(
    connection: CallerConnection,
    callId: string,
    early: Buffer | undefined,
    head: Head,
  ): CallerSide;
}

interface OwnedSocket extends Socket {
  owner?: SocketOwner;
}

/** An HTTP/1.1 server on our own codec. Ends by `close` or `destroy`. */
export class HttpServer implements ServerParts {
  readonly deps: EdgeDeps;
  readonly options: EdgeOptions;
  readonly router: Router;
  readonly output: Output;
  idleMs: number;
  readonly #connections = new Set<ServedConnection>();
  readonly #server: Server;
  #accepted: number = 0;
  #stopping: boolean = false;
  #listening: boolean = true;
  #whenEmpty: (() => void) | undefined = undefined;

  constructor(router: Router, deps: EdgeDeps, options: EdgeOptions) {
    this.router = router;
    this.deps = deps;
    this.options = options;
    this.idleMs = options.keepAliveMs;
    this.output = new Output(deps.clock);
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
      this.#accept(socket),
    );
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

  /** Accepts no more, lets running calls finish for at most `graceMs`, then cuts the rest. */
  close(graceMs: number): Promise<void> {
    this.stopAccepting(0);
    return new Promise((resolve) => {
      const cut = this.deps.clock.after(graceMs, () => this.destroy());
      this.#whenEmpty = () => {
        cut.cancel();
        resolve();
      };
      this.#checkEmpty();
    });
  }

  /**
   * Closes the listener as soon as nobody waits in it; every answer then closes its connection, and
   * connections that rest are closed `lateMs` after their last request.
   */
  stopAccepting(lateMs: number): void {
    if (this.#stopping) return;
    this.#stopping = true;
    const close = (): void => {
      this.#closeListener();
      this.idleMs = lateMs;
      for (const connection of this.#connections) connection.closeRested(lateMs);
      this.#checkEmpty();
    };
    closeWhenQuiet(this.deps.clock, () => this.#accepted, close);
  }

  /** Closes each connection that has rested for a second with this probability. */
  closeResting(share: number): void {
    const { clock, random } = this.deps;
    // Not before the sockets were read once more: a request may be waiting in the kernel.
    clock.nextTurn(() => {
      for (const connection of this.#connections) {
        if (share >= 1 || random.next() < share) connection.closeRested(RESTED_MS);
      }
    });
  }

  closesNext(): boolean {
    return this.#stopping || this.deps.closeSoon?.() === true;
  }

  /** Cuts everything at once. */
  destroy(): void {
    this.#stopping = true;
    this.#closeListener();
    const reason = new CallError('DRAINING');
    for (const connection of this.#connections) connection.abandon(reason);
  }

  refuse(connection: CallerConnection, error: CallError): void {
    const { callIds, clock, observer } = this.deps;
    const callId = callIds.next();
    observer.refused({ callId, error, method: '', path: '' });
    const { head, body } = refusalText(error, callId, clock);
    this.output.text(connection, head);
    this.output.raw(connection, body);
    this.output.flush();
  }

  /** A connection's socket is closed. */
  left(connection: ServedConnection): void {
    this.#connections.delete(connection);
    this.deps.observer.connectionClosed();
    this.#checkEmpty();
  }

  giveAway(
    connection: CallerConnection,
    callId: string,
    early: Buffer | undefined,
    head: Head,
  ): CallerSide {
    const socket: OwnedSocket = connection.socket;
    this.deps.sweep.remove(connection);
    this.output.flush();
    // Only the end of the connection is still ours to hear; errors are silenced until then.
    socket.off('data', onData).off('end', onEnd).off('drain', onDrain);
    const handler = this.deps.upgrades as UpgradeHandler;
    const upgrade = { callId, socket, early, head };
    const upgraded = new UpgradedConnection(handler, upgrade, (gone) => this.left(gone));
    socket.owner = upgraded;
    this.#connections.delete(connection);
    this.#connections.add(upgraded);
    return upgraded;
  }

  #checkEmpty(): void {
    if (this.#connections.size === 0 && !this.#listening) this.#whenEmpty?.();
  }

  #closeListener(): void {
    this.#listening = false;
    this.#server.close();
  }

  #accept(socket: OwnedSocket): void {
    this.#accepted += 1;
    if (this.#connections.size >= this.options.connections) {
      this.deps.observer.turnedAway();
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
