// What the pool needs of the network: connections that report to a listener. Keeps real sockets out
// of everything but net-connector.ts, so that a simulation can put its own network in their place.

import type { Socket } from 'node:net';
import type { CallError } from '../core/errors.ts';
import type { Endpoint } from '../core/route.ts';

/**
 * Hears of one connection, from dialling to its end. Grammar: tcpConnected? then either dialFailed
 * or ready followed by (bytes | ended | failed)*; `closed` is always the last word.
 */
export interface ConnectionEvents {
  /**
   * TCP stands. `tookMs` is the handshake with this address alone; for `waitedMs` of it the event
   * loop did nothing but wait.
   */
  tcpConnected(address: string, tookMs: number, waitedMs: number): void;
  /** The connection can be written. `handshakeMs` is what TLS took, 0 without it. */
  ready(socket: Socket, handshakeMs: number): void;
  dialFailed(error: CallError): void;
  /** `buffer[0..length)` was read. It is lent for this call and may be written to. */
  bytes(buffer: Buffer, length: number): void;
  /** The peer has sent its FIN. */
  ended(): void;
  /** The connection broke. */
  failed(error: Error): void;
  /** The descriptor was given back. */
  closed(): void;
}

/** A connection being made. */
export interface Dial {
  /** Gives up at once; only `closed` follows. */
  destroy(): void;
}

/** Makes connections. */
export interface Connector {
  /** Starts to connect; the listener hears nothing before this returns. */
  dial(endpoint: Endpoint, events: ConnectionEvents): Dial;
}
