// An HTTP edge with the WebSocket proxy behind it, in front of WebSocket servers of the test.

import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import type { ClientOptions, ServerOptions } from 'ws';
import type { Call } from '../../src/core/call.ts';
import { anonymousCaller } from '../../src/core/caller.ts';
import { checked } from '../../src/core/checked.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { Clock } from '../../src/core/clock.ts';
import { CallError } from '../../src/core/errors.ts';
import { stack } from '../../src/core/layer.ts';
import type { Layer, Service } from '../../src/core/layer.ts';
import { Leases } from '../../src/core/leases.ts';
import { systemRandom } from '../../src/core/random.ts';
import { BufferBudget } from '../../src/core/replay-body.ts';
import type { Endpoint, PhaseLimits } from '../../src/core/route.ts';
import { Sweep } from '../../src/core/sweep.ts';
import { plainDialect } from '../../src/dialects/plain.ts';
import { CallIds } from '../../src/edges/http-server/call-ids.ts';
import { defaultEdgeOptions } from '../../src/edges/http-server/edge-options.ts';
import type { EdgeDeps, EdgeOptions } from '../../src/edges/http-server/edge-options.ts';
import { HttpServer } from '../../src/edges/http-server/http-server.ts';
import { NodeHttpServer } from '../../src/edges/http-server/node-http-server.ts';
import type { Router } from '../../src/edges/http-server/router.ts';
import { defaultWebSocketOptions } from '../../src/edges/web-socket/options.ts';
import type { WebSocketOptions } from '../../src/edges/web-socket/options.ts';
import { WebSocketProxy } from '../../src/edges/web-socket/web-socket-proxy.ts';
import { observeLayer } from '../../src/layers/observe/observe.ts';
import { timeoutsLayer } from '../../src/layers/timeouts/timeouts.ts';
import { eventually } from '../../src/testing/eventually.fixture.ts';
import { testEndpoint, testRoute } from '../../src/testing/test-call.ts';
import type { EdgeKind } from './edge-rig.ts';

/** Limits of a WebSocket profile: the session's own liveness stands in for idle limits. */
const limits: PhaseLimits = {
  queueMs: 1_000,
  connectMs: 2_000,
  tlsMs: 3_000,
  uploadMs: 5_000,
  firstByteMs: 2_000,
  byteIdleMs: Infinity,
  byteIdleAfterPingMs: Infinity,
  progressIdleMs: Infinity,
  totalMs: Infinity,
  writeStallMs: 30_000,
};

/** What a rig may be told. */
export interface ProxyOptions {
  readonly kind?: EdgeKind;
  readonly options?: Partial<WebSocketOptions>;
  readonly limits?: Partial<PhaseLimits>;
  readonly edge?: Partial<EdgeOptions>;
  readonly layers?: readonly Layer[];
  readonly otherwise?: Service;
  /** Time of the proxy and its edge; sockets always live in real time. */
  readonly clock?: Clock;
}

/** A running proxy and what it told. */
export class ProxyRig {
  readonly calls: Call[] = [];
  /** How each call ended: a code, or 'whole'. */
  readonly ends: string[] = [];
  /** What the proxy's observer heard. */
  readonly told: string[] = [];
  readonly refused: string[] = [];
  readonly leases: Leases;
  readonly sweep: Sweep;
  readonly proxy: WebSocketProxy;
  connections: number = 0;
  port: number = 0;
  readonly #server: HttpServer | NodeHttpServer;

  private constructor(endpoints: readonly Endpoint[], rig: ProxyOptions) {
    const clock = rig.clock ?? systemClock;
    const leases = new Leases(clock);
    const sweep = new Sweep(clock);
    this.leases = leases;
    this.sweep = sweep;
    const random = systemRandom;
    const otherwise: Service =
      rig.otherwise ?? ((_call, sink) => sink.fail(new CallError('NO_ROUTE')));
    this.proxy = new WebSocketProxy({ clock, random, sweep, leases, otherwise }, this.#observer());
    const observe = observeLayer({
      clock,
      leases,
      observer: {
        callStarted: (call) => this.calls.push(call),
        callEnded: (_call, error) => this.ends.push(error?.code ?? 'whole'),
      },
    });
    const terminal = this.proxy.service({ ...defaultWebSocketOptions, ...rig.options });
    const service = stack([observe, ...(rig.layers ?? []), timeoutsLayer({ sweep })], terminal, {
      between: checked,
    });
    const route = testRoute({
      dialect: plainDialect,
      endpoints,
      kind: 'other',
      limits: { ...limits, ...rig.limits },
    });
    const router: Router = {
      resolve: ({ target, headers }) => ({
        route,
        path: target,
        headers,
        caller: anonymousCaller,
        fingerprint: '',
        service,
      }),
      keepBytesMax: () => 1024,
      dialectFor: () => plainDialect,
    };
    const Edge = (rig.kind ?? 'own') === 'own' ? HttpServer : NodeHttpServer;
    this.#server = new Edge(router, this.#edgeDeps(clock), { ...defaultEdgeOptions, ...rig.edge });
  }

  /** Starts a proxy in front of these endpoints (ports of 127.0.0.1 unless whole). */
  static async start(
    to: readonly (number | Endpoint)[],
    options: ProxyOptions = {},
  ): Promise<ProxyRig> {
    const endpoints = to.map((one) => (typeof one === 'number' ? testEndpoint(one) : one));
    const rig = new ProxyRig(endpoints, options);
    const { port } = await rig.#server.listen({ host: '127.0.0.1', port: 0 });
    rig.port = port;
    return rig;
  }

  /** Opens a session; resolves when it stands. */
  async open(
    path: string = '/chat',
    protocols: string[] = [],
    options: ClientOptions = {},
  ): Promise<Peer> {
    const peer = new Peer(this.dial(path, protocols, options));
    await once(peer.ws, 'open');
    return peer;
  }

  dial(path: string = '/chat', protocols: string[] = [], options: ClientOptions = {}): WebSocket {
    const ws = new WebSocket(`ws://127.0.0.1:${this.port}${path}`, protocols, options);
    ws.on('error', () => {});
    return ws;
  }

  /** Waits until `count` calls have ended. */
  async untilEnded(count: number = 1, limitMs: number = 5_000): Promise<void> {
    await eventually(
      () => this.ends.length >= count,
      () => `${count} ended calls; got ${this.ends.join()} and ${this.told.join()}`,
      limitMs,
    );
  }

  drain(): void {
    for (const call of this.calls) call.cancellation.cancel(new CallError('DRAINING'));
  }

  destroy(): void {
    this.#server.destroy();
  }

  async close(): Promise<void> {
    this.#server.destroy();
    await this.#server.close(0);
  }

  #edgeDeps(clock: Clock): EdgeDeps {
    return {
      clock,
      random: systemRandom,
      sweep: this.sweep,
      leases: this.leases,
      bodyBudget: new BufferBudget(1024 * 1024),
      callIds: new CallIds(),
      upgrades: this.proxy,
      observer: {
        connectionOpened: () => {
          this.connections += 1;
        },
        connectionClosed: () => {
          this.connections -= 1;
        },
        turnedAway: () => {},
        refused: ({ error }) => this.refused.push(error.code),
      },
    };
  }

  #observer(): ConstructorParameters<typeof WebSocketProxy>[1] {
    const { told } = this;
    return {
      opened: (upstream) => told.push(`opened ${upstream}`),
      closed: (_upstream, code, by) => told.push(`closed ${code} by ${by}`),
      zombie: (_upstream, leg) => told.push(`zombie ${leg}`),
      stalled: (_upstream, leg) => told.push(`stalled ${leg}`),
      message() {},
    };
  }
}

/** One end of a WebSocket in a test, with everything it heard. */
export class Peer {
  readonly ws: WebSocket;
  readonly messages: { readonly data: Buffer; readonly binary: boolean }[] = [];
  /** Code and reason, once closed. */
  closed: readonly [number, string] | undefined = undefined;

  constructor(ws: WebSocket) {
    this.ws = ws;
    ws.on('error', () => {});
    ws.on('message', (data, binary) => this.messages.push({ data: data as Buffer, binary }));
    ws.on('close', (code, reason) => {
      this.closed = [code, reason.toString()];
    });
  }

  get texts(): string[] {
    return this.messages.map(({ data }) => data.toString());
  }

  async untilMessages(count: number): Promise<void> {
    await eventually(
      () => this.messages.length >= count,
      () => `${count} messages; got ${this.messages.length}`,
    );
  }

  async untilClosed(limitMs: number = 5_000): Promise<readonly [number, string]> {
    await eventually(() => this.closed !== undefined, 'a close', limitMs);
    return this.closed ?? [0, ''];
  }
}

/** A WebSocket server that keeps its connections. Ends by `close`. */
export class TestUpstream {
  readonly port: number;
  readonly peers: Peer[] = [];
  readonly requests: IncomingMessage[] = [];
  readonly sockets: Socket[] = [];
  readonly #server: WebSocketServer;

  private constructor(server: WebSocketServer, echoes: boolean) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    server.on('connection', (ws, request) => {
      this.peers.push(new Peer(ws));
      this.requests.push(request);
      this.sockets.push(request.socket);
      if (echoes) ws.on('message', (data, binary) => ws.send(data as Buffer, { binary }));
    });
  }

  static async listen(
    options: ServerOptions & { readonly echoes?: boolean } = {},
  ): Promise<TestUpstream> {
    const { echoes = false, ...rest } = options;
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0, ...rest });
    await once(server, 'listening');
    return new TestUpstream(server, echoes);
  }

  /** The connection of the first session, once it stands. */
  async peer(index: number = 0): Promise<Peer> {
    await eventually(() => this.peers.length > index, `connection ${index}`);
    return this.peers[index] as Peer;
  }

  async close(): Promise<void> {
    for (const { ws } of this.peers) ws.terminate();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

/** The key of the example in RFC 6455. */
export const sampleKey = 'dGhlIHNhbXBsZSBub25jZQ==';

/** A handshake in raw text; fields given as '' are left out. */
export function handshakeText(
  fields: Record<string, string> = {},
  line: string = 'GET /chat HTTP/1.1',
): string {
  const all: Record<string, string> = {
    Host: 'h',
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Key': sampleKey,
    'Sec-WebSocket-Version': '13',
    ...fields,
  };
  const lines = Object.entries(all)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name}: ${value}\r\n`);
  return `${line}\r\n${lines.join('')}\r\n`;
}

/** A masked text frame. */
export function maskedFrame(text: string): Buffer {
  const mask = Buffer.from([1, 2, 3, 4]);
  const payload = Buffer.from(text).map((byte, at) => byte ^ (mask[at % 4] as number));
  return Buffer.concat([Buffer.from([0x81, 0x80 | payload.length]), mask, payload]);
}
