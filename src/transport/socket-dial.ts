// One connection on its way: DNS and TCP with a race between address families, a tunnel where a
// forward proxy stands in between, TLS timed apart from TCP; then the events of its socket.
// Invariant: its listener hears the grammar of `ConnectionEvents`, and nothing while `start` runs.

import type { Socket } from 'node:net';
import { isIP } from 'node:net';
import { performance } from 'node:perf_hooks';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { connect as connectTls } from 'node:tls';
import { CallError } from '../core/errors.ts';
import type { Endpoint } from '../core/route.ts';
import type { ConnectionEvents, Dial } from './connector.ts';
import type { NetConnector } from './net-connector.ts';
import { describeSocketError } from './socket-error.ts';
import { Tunnel } from './tunnel.ts';

const failureAt = { tcp: 'CONNECT_FAILED', tunnel: 'PROXY_REFUSED', tls: 'TLS_FAILED' } as const;

/** A socket that knows whose it is, so that its listeners can be the same for all. */
interface DialledSocket extends Socket {
  dial: SocketDial;
}

/** One connection on its way, and the events of its socket afterwards. */
export class SocketDial implements Dial {
  readonly #connector: NetConnector;
  readonly #endpoint: Endpoint;
  readonly #events: ConnectionEvents;
  #socket: Socket | undefined = undefined;
  #tunnel: Tunnel | undefined = undefined;
  /** The address that was tried last; sockets know it too, but keep it and a copy of it. */
  #address: string = '';
  #attemptAt: number;
  #idleAtAttemptMs: number = 0;
  #connectedAt: number = 0;
  #stage: 'tcp' | 'tunnel' | 'tls' | 'ready' | 'over' = 'tcp';

  constructor(connector: NetConnector, endpoint: Endpoint, events: ConnectionEvents) {
    this.#connector = connector;
    this.#endpoint = endpoint;
    this.#events = events;
    this.#attemptAt = connector.clock.now();
  }

  start(): void {
    const { host, port, secure, proxy } = this.#endpoint;
    const target = { host: bareHost(host), port };
    if (proxy !== undefined) {
      const tunnel = Tunnel.toward(proxy, target, this.#connector.options.headLimits);
      if (tunnel instanceof CallError) this.#refuse(tunnel);
      else this.#startTunnel(tunnel);
      return;
    }
    const address = { ...target, ...this.#tcpOptions(), onread: this.#sharedRead() };
    if (!secure) {
      this.#watch(this.#connector.openSocket(address));
      return;
    }
    const options = this.#tlsOptions();
    if (options instanceof CallError) {
      this.#refuse(options);
      return;
    }
    // The types do not know that `tls.connect` takes the reading option of net sockets.
    this.#watchTls(connectTls({ ...options, ...address } as ConnectionOptions));
  }

  destroy(): void {
    this.#stage = 'over';
    this.#socket?.destroy();
  }

  #startTunnel(tunnel: Tunnel): void {
    this.#tunnel = tunnel;
    const socket = this.#connector.openSocket({ ...tunnel.proxy, ...this.#tcpOptions() });
    socket.on('data', (bytes: Buffer) => this.#tunnelBytes(bytes));
    this.#watch(socket);
  }

  #tcpOptions(): { noDelay: true; autoSelectFamily: true; autoSelectFamilyAttemptTimeout: number } {
    return {
      noDelay: true,
      autoSelectFamily: true,
      autoSelectFamilyAttemptTimeout: this.#connector.options.addressAttemptMs,
    };
  }

  #sharedRead(): { buffer: Buffer; callback: (length: number) => true } {
    const { buffer } = this.#connector;
    const events = this.#events;
    return {
      buffer,
      callback: (length) => {
        events.bytes(buffer, length);
        return true;
      },
    };
  }

  #tlsOptions(): ConnectionOptions | CallError {
    const host = bareHost(this.#endpoint.host);
    const session = this.#connector.tls.session(this.#endpoint.key);
    try {
      return {
        host,
        secureContext: this.#connector.tls.context(this.#endpoint),
        ALPNProtocols: ['http/1.1'],
        ...(isIP(host) === 0 ? { servername: host } : {}),
        ...(session === undefined ? {} : { session }),
      };
    } catch (cause) {
      // A CA text that OpenSSL cannot read: weather from configuration, not a defect of ours.
      return new CallError('TLS_FAILED', { detail: 'The ca setting cannot be read.', cause });
    }
  }

  #watch(socket: Socket): void {
    this.#socket = socket;
    socket.on('connectionAttempt', onAttempt);
    socket.on('connect', onConnect);
    this.#watchEnds(socket);
  }

  #watchTls(socket: TLSSocket): void {
    this.#watch(socket);
    this.#watchSecure(socket);
  }

  #watchSecure(socket: TLSSocket): void {
    const { key } = this.#endpoint;
    socket.on('session', (session: Buffer) => this.#connector.tls.keepSession(key, session));
    socket.on('secureConnect', () => {
      if (this.#stage === 'tls') this.#becomeReady(this.#connector.clock.now() - this.#connectedAt);
    });
  }

  #watchEnds(socket: Socket): void {
    (socket as DialledSocket).dial = this;
    socket.on('end', onEnd);
    socket.on('error', onError);
    socket.on('close', onClose);
  }

  /** For the listeners of its sockets, as the four below. */
  closed(socket: Socket): void {
    if (this.#socket !== socket) return;
    // Nearly always told before, as an error or an end; but nobody may wait on what is gone.
    if (this.#stage !== 'ready') this.failed(new Error('The connection closed.'));
    this.#events.closed();
  }

  attempted(address: string): void {
    this.#address = address;
    this.#attemptAt = this.#connector.clock.now();
    this.#idleAtAttemptMs = performance.eventLoopUtilization().idle;
  }

  tcpConnected(socket: Socket): void {
    if (this.#stage !== 'tcp') return;
    const { delayMs, intervalMs, probes } = this.#connector.options.tcpKeepAlive;
    // Here and not before, because each attempt at an address is a new descriptor.
    socket.setKeepAlive(true, delayMs, intervalMs, probes);
    const now = this.#connector.clock.now();
    const tookMs = now - this.#attemptAt;
    const waitedMs = performance.eventLoopUtilization().idle - this.#idleAtAttemptMs;
    this.#connectedAt = now;
    if (this.#tunnel === undefined) {
      this.#stage = this.#endpoint.secure ? 'tls' : 'ready';
      this.#events.tcpConnected(this.#address, tookMs, waitedMs);
      // Without TLS this was the last step, unless the listener gave up meanwhile.
      if (this.#stage === 'ready') this.#events.ready(socket, 0);
      return;
    }
    this.#stage = 'tunnel';
    this.#tunnel.connected(this.#address, tookMs, waitedMs);
    socket.write(this.#tunnel.request, 'latin1');
  }

  #tunnelBytes(bytes: Buffer): void {
    if (this.#stage === 'ready') {
      this.#events.bytes(bytes, bytes.length);
      return;
    }
    const tunnel = this.#tunnel;
    const socket = this.#socket;
    if (this.#stage !== 'tunnel' || tunnel === undefined || socket === undefined) return;
    const outcome = tunnel.read(bytes);
    if (outcome === 'more') return;
    if (outcome instanceof CallError) {
      this.#fail(outcome);
      return;
    }
    // The tunnel stands: for the listener this is the moment at which TCP does.
    this.#connectedAt = this.#connector.clock.now();
    this.#stage = this.#endpoint.secure ? 'tls' : 'ready';
    this.#events.tcpConnected(tunnel.address, tunnel.tookMs, tunnel.waitedMs);
    if (this.#stage === 'ready') this.#events.ready(socket, 0);
    else if (this.#stage === 'tls') this.#secureTunnel(socket);
  }

  #secureTunnel(raw: Socket): void {
    const options = this.#tlsOptions();
    if (options instanceof CallError) {
      this.#fail(options);
      return;
    }
    raw.removeAllListeners('data');
    raw.removeAllListeners('end');
    // Over a given socket the shared buffer is not available.
    const socket = connectTls({ ...options, socket: raw });
    this.#socket = socket;
    this.#watchSecure(socket);
    this.#watchEnds(socket);
    socket.on('data', (bytes: Buffer) => this.#events.bytes(bytes, bytes.length));
  }

  #becomeReady(handshakeMs: number): void {
    this.#stage = 'ready';
    this.#events.ready(this.#socket as Socket, handshakeMs); // Set before any of its events.
  }

  ended(): void {
    if (this.#stage === 'ready') this.#events.ended();
    else this.failed(new Error('The peer closed the connection.'));
  }

  failed(error: Error): void {
    const stage = this.#stage;
    if (stage === 'over') return;
    if (stage === 'ready') {
      this.#events.failed(error);
      return;
    }
    // A ticket the peer no longer likes must not fail the next handshake as well.
    if (stage === 'tls') this.#connector.tls.forgetSession(this.#endpoint.key);
    this.#fail(new CallError(failureAt[stage], describeSocketError(error)));
  }

  #fail(error: CallError): void {
    this.destroy();
    this.#events.dialFailed(error);
  }

  /** Fails before there is a socket, after `dial` has returned as the grammar wants it. */
  #refuse(error: CallError): void {
    this.#connector.clock.nextTurn(() => {
      if (this.#stage === 'tcp') this.#fail(error);
      this.#events.closed();
    });
  }
}

/** A literal IPv6 address stands in brackets in URLs, never in system calls. */
function bareHost(host: string): string {
  return host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
}

function onAttempt(this: DialledSocket, address: string): void {
  this.dial.attempted(address);
}

function onConnect(this: DialledSocket): void {
  this.dial.tcpConnected(this);
}

function onEnd(this: DialledSocket): void {
  this.dial.ended();
}

function onError(this: DialledSocket, error: Error): void {
  this.dial.failed(error);
}

function onClose(this: DialledSocket): void {
  this.dial.closed(this);
}
