// One attempt at opening an upstream's leg: dial, handshake by `ws`, and then a session, a refusal
// passed on, or a failure that leaves every other endpoint to be tried.
// Invariant: its lease goes to the session or comes back, and the sink hears what the session, the
// refusal or the failure says, exactly once.

import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { WebSocket } from 'ws';
import type { ClientOptions } from 'ws';
import type { Call } from '../../core/call.ts';
import type { CancelListener } from '../../core/cancellation.ts';
import { CallError } from '../../core/errors.ts';
import { FieldKind } from '../../core/header-list.ts';
import type { HeaderList } from '../../core/header-list.ts';
import type { Lease } from '../../core/leases.ts';
import type { Endpoint } from '../../core/route.ts';
import { freeFlow } from '../../core/sink.ts';
import type { Sink } from '../../core/sink.ts';
import type { Swept } from '../../core/sweep.ts';
import { subprotocols } from './handshake.ts';
import { headOf, RefusedUpgrade } from './refused-upgrade.ts';
import type { RefusalOwner } from './refused-upgrade.ts';
import { Session } from './session.ts';
import type { SessionParts } from './session.ts';
import { describe, UpstreamDial } from './upstream-dial.ts';
import type { DialEvents, TrustStore } from './upstream-dial.ts';

/** Waits for an open upstream. */
export interface UpgradeWaiter {
  /** `protocol` is the subprotocol the upstream chose, '' for none. */
  upstreamOpened(session: Session, protocol: string): void;
}

/** What every attempt of one proxy shares. */
export interface AttemptParts extends SessionParts {
  readonly trust: TrustStore;
}

/** One attempt. Ends with its session, or before it by itself. */
export class UpgradeAttempt implements CancelListener, DialEvents, RefusalOwner, Swept {
  sweepIndex: number = -1;
  readonly #call: Call;
  readonly #sink: Sink;
  readonly #endpoint: Endpoint;
  readonly #waiter: UpgradeWaiter;
  readonly #parts: AttemptParts;
  readonly #dial: UpstreamDial;
  readonly #lease: Lease;
  #ws: WebSocket | undefined = undefined;
  #socket: Socket | undefined = undefined;
  #refusal: RefusedUpgrade | undefined = undefined;
  #protocol: string = '';
  #answer: IncomingMessage | undefined = undefined;
  #over: boolean = false;

  constructor(
    call: Call,
    sink: Sink,
    endpoint: Endpoint,
    waiter: UpgradeWaiter,
    parts: AttemptParts,
  ) {
    this.#call = call;
    this.#sink = sink;
    this.#endpoint = endpoint;
    this.#waiter = waiter;
    this.#parts = parts;
    this.#dial = new UpstreamDial(endpoint, this, parts.trust, parts.options.addressAttemptMs);
    this.#lease = parts.leases.take('connection', endpoint.key);
  }

  start(): void {
    const { timeline, cancellation } = this.#call;
    timeline.beginAttempt(this.#parts.clock.now());
    timeline.endpoint = `${this.#endpoint.host}:${this.#endpoint.port}`;
    cancellation.listen(this);
    // A scope that was cancelled before tells its listener at once.
    if (!this.#over) this.#dial.start();
  }

  cancelled(reason: CallError): void {
    this.#fail(reason);
  }

  dialConnected(): void {
    this.#call.timeline.connectedAt = this.#parts.clock.now();
  }

  dialFailed(error: CallError): void {
    this.#fail(error);
  }

  dialReady(socket: Socket): void {
    const { timeline } = this.#call;
    const now = this.#parts.clock.now();
    if (this.#endpoint.secure) timeline.securedAt = now;
    timeline.firstWriteAt = now;
    this.#socket = socket;
    this.#handshake(socket);
    timeline.sentAt = now;
  }

  refusalOver(): void {
    this.#leave();
    this.#socket?.destroy();
  }

  sweep(now: number): void {
    if (this.#refusal?.isStuck(now, this.#parts.options.stallMs) !== true) return;
    this.#fail(new CallError('STREAM_IDLE', { detail: 'A refusal was not sent whole.' }));
  }

  #handshake(socket: Socket): void {
    const { options } = this.#parts;
    const settings: ClientOptions & { closeTimeout: number; maxHeaderSize: number } = {
      createConnection: () => socket,
      finishRequest: (request) => this.#send(request),
      perMessageDeflate: false,
      followRedirects: false,
      maxPayload: options.messageBytes,
      closeTimeout: options.closeMs,
      maxHeaderSize: options.headBytes,
    };
    // The address is only for form: connection, target and Host are given by hand, as they came.
    const ws = new WebSocket('ws://upstream/', settings);
    this.#ws = ws;
    ws.on('upgrade', (answer) => this.#answered(answer));
    ws.on('open', () => this.#opened(ws, socket));
    ws.on('unexpected-response', (_request, answer) => this.#refused(answer));
    ws.on('error', (error: NodeJS.ErrnoException) => this.#broke(error));
  }

  #send(request: ClientRequest): void {
    const { path, headers } = this.#call;
    request.path = this.#endpoint.basePath + path;
    request.setHeader('Host', this.#endpoint.authority);
    for (const [name, values] of fieldsToSend(headers)) request.setHeader(name, values);
    const protocols = subprotocols(headers);
    if (protocols !== undefined && protocols.length > 0) {
      // By hand, because `ws` would take no protocol for a failure, and that is the caller's say.
      request.setHeader('Sec-WebSocket-Protocol', protocols.join(', '));
    }
    request.end();
  }

  /** The head of a 101; `ws` looks at the rest of it when this returns. */
  #answered(answer: IncomingMessage): void {
    this.#call.timeline.firstByteAt = this.#parts.clock.now();
    this.#answer = answer;
    const chosen = answer.headers['sec-websocket-protocol'];
    if (chosen === undefined) return;
    delete answer.headers['sec-websocket-protocol'];
    if (subprotocols(this.#call.headers)?.includes(chosen) === true) this.#protocol = chosen;
    else this.#badAnswer('It chose a subprotocol that was not offered.');
  }

  #opened(ws: WebSocket, socket: Socket): void {
    const head = this.#answer === undefined ? undefined : headOf(this.#answer);
    if (head === undefined) {
      this.#badAnswer('Its 101 has a field that HTTP does not allow.');
      return;
    }
    if (this.#over) return;
    this.#over = true;
    this.#call.cancellation.unlisten(this);
    ws.removeAllListeners();
    const upstream = { ws, socket, lease: this.#lease };
    const session = new Session(this.#call, this.#sink, upstream, this.#parts);
    if (session.isOver) return;
    this.#waiter.upstreamOpened(session, this.#protocol);
    this.#sink.start(head, freeFlow);
  }

  #refused(answer: IncomingMessage): void {
    if (this.#over) return;
    this.#call.timeline.firstByteAt = this.#parts.clock.now();
    this.#refusal = new RefusedUpgrade(answer, this.#call, this.#sink, this.#parts, this);
    this.#parts.sweep.add(this);
    this.#refusal.start();
  }

  /** The handshake failed, or the connection under it. */
  #broke(error: NodeJS.ErrnoException): void {
    // What `ws` itself has against an answer carries no code; the HTTP parser's begin with HPE.
    const isAnswer = error.code === undefined || error.code.startsWith('HPE_');
    if (isAnswer) this.#badAnswer(error.message);
    else this.#fail(new CallError('RESET', { detail: describe(error), cause: error }));
  }

  #badAnswer(detail: string): void {
    this.#fail(new CallError('BAD_RESPONSE', { detail }));
  }

  #fail(error: CallError): void {
    if (this.#over) return;
    this.#leave();
    // A reset or a broken frame in the middle of a refusal is heard here first.
    this.#refusal?.drop();
    this.#dial.destroy();
    this.#ws?.terminate();
    this.#socket?.destroy();
    this.#sink.fail(error);
  }

  #leave(): void {
    this.#over = true;
    this.#parts.sweep.remove(this);
    this.#call.cancellation.unlisten(this);
    this.#parts.leases.release(this.#lease);
  }
}

/** End-to-end fields by name, without those of the handshake, which is made anew. */
function fieldsToSend(headers: HeaderList): Map<string, string[]> {
  const fields = new Map<string, string[]>();
  const spelling = new Map<string, string>();
  for (let index = 0; index < headers.count; index += 1) {
    const name = headers.name(index);
    const lower = name.toLowerCase();
    const own = headers.kind(index) !== FieldKind.endToEnd || lower.startsWith('sec-websocket-');
    if (own) continue;
    const known = spelling.get(lower) ?? name;
    spelling.set(lower, known);
    fields.set(known, [...(fields.get(known) ?? []), headers.value(index)]);
  }
  return fields;
}
