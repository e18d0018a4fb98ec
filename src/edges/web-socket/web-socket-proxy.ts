// The WebSocket proxy: on one side what the HTTP edge asks before and after an upgrade, on the
// other the service that ends a stack. The two ends of one call meet here by the call's id, because
// between them lie all the layers, which need not know of sockets.
// Invariant: a handshake is remembered from `begin` to `forget`, and no longer.

import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { WebSocketServer } from 'ws';
import type { ServerOptions } from 'ws';
import type { Clock } from '../../core/clock.ts';
import { CallError } from '../../core/errors.ts';
import { FieldKind } from '../../core/header-list.ts';
import type { Service } from '../../core/layer.ts';
import type { Leases } from '../../core/leases.ts';
import type { Random } from '../../core/random.ts';
import type { Head } from '../../core/sink.ts';
import type { Sweep } from '../../core/sweep.ts';
import type { RequestHead } from '../../http1/head.ts';
import type { TakenSocket, UpgradeHandler, UpgradeRefusal } from '../http-server/upgrade.ts';
import { readHandshake, wantsWebSocket } from './handshake.ts';
import { defaultWebSocketOptions } from './options.ts';
import type { WebSocketOptions } from './options.ts';
import { HeldBytes } from './outflow.ts';
import type { Session, SessionView } from './session.ts';
import { UpgradeAttempt } from './upgrade-attempt.ts';
import type { UpgradeWaiter } from './upgrade-attempt.ts';
import { TrustStore } from './upstream-dial.ts';
import { silentWebSocketObserver } from './web-socket-observer.ts';
import type { WebSocketObserver } from './web-socket-observer.ts';

/** What the proxy is given. */
export interface WebSocketDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly sweep: Sweep;
  readonly leases: Leases;
  /** Serves requests on the same routes that ask for no upgrade. */
  readonly otherwise: Service;
}

/** A caller's handshake that waits for its upstream. */
class Expected implements UpgradeWaiter {
  readonly key: string;
  session: Session | undefined = undefined;
  protocol: string = '';
  /** Completes handshakes by the options of the service that took the call. */
  server: WebSocketServer | undefined = undefined;

  constructor(key: string) {
    this.key = key;
  }

  upstreamOpened(session: Session, protocol: string): void {
    this.session = session;
    this.protocol = protocol;
  }
}

/** What `ws` reads of a request, and the lines to add to its answer. */
interface CheckedRequest {
  readonly method: 'GET';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly lines: readonly string[];
}

const NOTHING = Buffer.alloc(0);

/** One for a gateway. Its sessions end with their calls. */
export class WebSocketProxy implements UpgradeHandler {
  readonly #deps: WebSocketDeps;
  readonly #observer: WebSocketObserver;
  readonly #expected = new Map<string, Expected>();
  readonly #sessions = new Set<Session>();
  readonly #held = new HeldBytes();
  readonly #trust = new TrustStore();

  constructor(deps: WebSocketDeps, observer: WebSocketObserver = silentWebSocketObserver) {
    this.#deps = deps;
    this.#observer = observer;
  }

  /** Sessions that are not over. */
  get size(): number {
    return this.#sessions.size;
  }

  /** Handshakes that are remembered: those of calls under way, sessions among them. */
  get handshakes(): number {
    return this.#expected.size;
  }

  /** Bytes that wait in all sessions together. */
  get heldBytes(): number {
    return this.#held.total;
  }

  /** The service that ends a stack for WebSocket routes; sessions obey these options. */
  service(options: WebSocketOptions = defaultWebSocketOptions): Service {
    const { otherwise, ...deps } = this.#deps;
    const parts = {
      ...deps,
      options,
      held: this.#held,
      trust: this.#trust,
      observer: this.#observer,
      sessions: this.#sessions,
    };
    const server = serverOf(options);
    return (call, sink) => {
      const expected = this.#expected.get(call.id);
      const endpoint = call.route.endpoints[0];
      if (expected === undefined) otherwise(call, sink);
      else if (endpoint === undefined) {
        sink.fail(new CallError('CONNECT_FAILED', { detail: 'The route has no endpoint.' }));
      } else {
        expected.server = server;
        new UpgradeAttempt(call, sink, endpoint, expected, parts).start();
      }
    };
  }

  /** Sessions, oldest first, at most `limit`. */
  view(limit: number): SessionView[] {
    return [...this.#sessions.values().take(limit)].map((session) => session.view());
  }

  begin(callId: string, request: RequestHead): 'plain' | 'expected' | UpgradeRefusal {
    if (!wantsWebSocket(request)) return 'plain';
    const handshake = readHandshake(request);
    if (!('key' in handshake)) return handshake;
    this.#expected.set(callId, new Expected(handshake.key));
    return 'expected';
  }

  take(callId: string, socket: Socket, early: Buffer | undefined, head: Head): TakenSocket {
    const expected = this.#expected.get(callId);
    const session = expected?.session;
    const server = expected?.server;
    if (session === undefined || server === undefined || session.isOver) {
      socket.destroy();
      return { abandon() {} };
    }
    const request: CheckedRequest = {
      method: 'GET',
      url: '/',
      headers: {
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': expected?.key ?? '',
      },
      lines: answerLines(head, callId, expected?.protocol ?? ''),
    };
    let joined = false;
    server.handleUpgrade(request as unknown as IncomingMessage, socket, early ?? NOTHING, (ws) => {
      joined = true;
      session.join(ws, socket);
    });
    // A caller that has sent FIN by now gets no answer.
    if (!joined) session.callerMissing();
    return session;
  }

  forget(callId: string): void {
    this.#expected.delete(callId);
  }
}

function serverOf(options: WebSocketOptions): WebSocketServer {
  const settings: ServerOptions & { closeTimeout: number } = {
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: options.messageBytes,
    closeTimeout: options.closeMs,
  };
  const server = new WebSocketServer(settings);
  server.on('headers', (lines, request) => {
    lines.push(...(request as unknown as CheckedRequest).lines);
  });
  return server;
}

/** The lines of a 101 that come from the upstream or from us, without their CRLF. */
function answerLines(head: Head, callId: string, protocol: string): string[] {
  const { headers } = head;
  const lines = [`x-holdfast-call-id: ${callId}`];
  if (protocol !== '') lines.push(`Sec-WebSocket-Protocol: ${protocol}`);
  for (let index = 0; index < headers.count; index += 1) {
    if (headers.kind(index) !== FieldKind.endToEnd) continue;
    lines.push(`${headers.name(index)}: ${headers.value(index)}`);
  }
  return lines;
}
