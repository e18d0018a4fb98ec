// A caller's connection that speaks no HTTP any more. It is counted like any other and closed with
// the server; what is said on it, and when it ends, is the affair of whoever took it over.

import type { Socket } from 'node:net';
import type { CallError } from '../../core/errors.ts';
import type { Head } from '../../core/sink.ts';
import type { CallerSide, ResponseSide } from './exchange.ts';
import type { ServedConnection, SocketOwner } from './http-server.ts';
import type { TakenSocket, UpgradeHandler } from './upgrade.ts';

/** Nothing of a response is written here by hand. */
const silent: ResponseSide = { interim() {}, head: () => 'none', body() {} };

/** One connection given away. Ends with its socket. */
export class UpgradedConnection implements CallerSide, ServedConnection, SocketOwner {
  readonly response: ResponseSide = silent;
  readonly #taken: TakenSocket;
  readonly #left: (connection: UpgradedConnection) => void;

  constructor(
    handler: UpgradeHandler,
    upgrade: {
      readonly callId: string;
      readonly socket: Socket;
      readonly early: Buffer | undefined;
      readonly head: Head;
    },
    left: (connection: UpgradedConnection) => void,
  ) {
    const { callId, socket, early, head } = upgrade;
    this.#left = left;
    this.#taken = handler.take(callId, socket, early, head);
    // Bytes kept for later may have stopped the reading.
    socket.resume();
  }

  /** It is never idle: it serves until its call is over or the server is destroyed. */
  closeRested(): void {}

  abandon(reason: CallError): void {
    this.#taken.abandon(reason);
  }

  closed(): void {
    this.#left(this);
  }

  received(): void {}

  ended(): void {}

  drained(): void {}

  finish(): void {}

  cut(): void {}

  upgrade(): CallerSide {
    return this;
  }

  pauseBody(): void {}

  resumeBody(): void {}
}
