// How an HTTP edge gives a connection away: whom it asks before such a call is made, and to whom
// the socket goes when the call is answered with 101. Knows no protocol.

import type { Socket } from 'node:net';
import type { CallError } from '../../core/errors.ts';
import type { Head } from '../../core/sink.ts';
import type { RequestHead } from '../../http1/head.ts';

/** Why a request for an upgrade does not become a call. */
export interface UpgradeRefusal {
  readonly error: CallError;
  /** Shown instead of the status of the error's code. */
  readonly status: number | undefined;
  /** Fields to add to the answer. */
  readonly fields: readonly (readonly [string, string])[];
}

/** A connection that was taken over. */
export interface TakenSocket {
  /** The server ends now: it must be closed at once, and its call must fail with `reason`. */
  abandon(reason: CallError): void;
}

/** Takes over connections, such as the WebSocket proxy. */
export interface UpgradeHandler {
  /**
   * Looks at a request before it becomes a call: `plain` = it wants no upgrade, `expected` = the
   * handler awaits it and remembers `callId` until `forget`.
   */
  begin(callId: string, request: RequestHead): 'plain' | 'expected' | UpgradeRefusal;
  /**
   * An expected call was answered with 101: the handler writes that answer, and the socket is its
   * own from now on. `early` came behind the request's head and has to be read first.
   */
  take(callId: string, socket: Socket, early: Buffer | undefined, head: Head): TakenSocket;
  /** The call is over. */
  forget(callId: string): void;
}
