// Makes connections on net and tls sockets. Holds what all of them share: one read buffer, which is
// safe because nobody keeps lent bytes and reads never nest, and what TLS remembers.

import type { NetConnectOpts, Socket } from 'node:net';
import { connect as connectTcp } from 'node:net';
import type { Clock } from '../core/clock.ts';
import type { Endpoint } from '../core/route.ts';
import type { HeadLimits } from '../http1/head.ts';
import type { ConnectionEvents, Connector, Dial } from './connector.ts';
import { SocketDial } from './socket-dial.ts';
import { TlsMemory } from './tls-memory.ts';
import type { TcpKeepAlive } from './transport-options.ts';

/** What a connector obeys. */
export interface NetConnectorOptions {
  readonly addressAttemptMs: number;
  readonly tcpKeepAlive: TcpKeepAlive;
  readonly headLimits: HeadLimits;
}

/** Opens a TCP socket; tests put distance in here. Not asked for direct TLS connections. */
export type OpenSocket = (options: NetConnectOpts) => Socket;

const READ_BUFFER_BYTES = 65_536;

/** Connects to endpoints over real sockets. */
export class NetConnector implements Connector {
  readonly clock: Clock;
  readonly options: NetConnectorOptions;
  readonly openSocket: OpenSocket;
  readonly buffer: Buffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
  readonly tls: TlsMemory = new TlsMemory();

  constructor(clock: Clock, options: NetConnectorOptions, openSocket: OpenSocket = connectTcp) {
    this.clock = clock;
    this.options = options;
    this.openSocket = openSocket;
  }

  dial(endpoint: Endpoint, events: ConnectionEvents): Dial {
    const dial = new SocketDial(this, endpoint, events);
    dial.start();
    return dial;
  }
}
