// One connection of the misbehaving upstream: reads requests, plays their behaviours, closes when
// and how the script says, and writes down what the caller did.
// Invariant: one request is under way at a time; what a pipelining caller sends waits for its turn.

import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Timer } from '../../core/clock.ts';
import { NEVER } from '../../core/timeline.ts';
import { dropPackets } from '../packet-filter.ts';
import { AnswerPlayer } from './answer-player.ts';
import type { Behaviour, ConnectionBehaviour, FaultAction, IdleClose } from './behaviour.ts';
import { okAnswer, refusalAnswer } from './built-in-answers.ts';
import type { ConnectionHost } from './connection-host.ts';
import type { ReadHead, RequestTaker } from './request-reader.ts';
import { RequestReader } from './request-reader.ts';
import type { ClosedBy, SeenConnection, SeenRequest } from './seen.ts';
import type { Op } from './wire-plan.ts';
import { wireOps } from './wire-plan.ts';

/** One connection. Ends by its own behaviour, the caller, or `shut`. */
export class UpstreamConnection implements RequestTaker {
  readonly #host: ConnectionHost;
  readonly #record: SeenConnection;
  readonly #rules: ConnectionBehaviour;
  readonly #raw: Socket;
  readonly #reader: RequestReader;
  #socket: Socket;
  #request: SeenRequest | undefined = undefined;
  #behaviour: Behaviour = {};
  #player: AnswerPlayer | undefined = undefined;
  #mute: boolean = false; // Stalled before its answer began.
  #bodyRead: boolean = false;
  #answered: boolean = false;
  #idleTimer: Timer | undefined = undefined;
  #readTimer: Timer | undefined = undefined;
  #deaf: boolean = false;

  constructor(
    raw: Socket,
    record: SeenConnection,
    rules: ConnectionBehaviour,
    host: ConnectionHost,
  ) {
    this.#raw = raw;
    this.#socket = raw;
    this.#record = record;
    this.#rules = rules;
    this.#host = host;
    this.#reader = new RequestReader(this);
    raw.setNoDelay(true);
    raw.on('close', () => this.#closed());
    raw.on('error', (error) => this.#failed(error));
    const accept = rules.accept ?? 'serve';
    if (accept === 'serve') this.#serve();
    else this.#act(accept);
  }

  /** No request is under way and none has begun to arrive. */
  get isIdle(): boolean {
    return this.#request === undefined && this.#reader.isIdle;
  }

  /** Closes now, whatever is under way. */
  act(action: FaultAction): void {
    this.#act(action);
  }

  /** Destroys the connection because the upstream shuts down. */
  shut(): void {
    this.#record.closedBy ??= 'shutdown';
    this.#socket.destroy();
    this.#raw.destroy();
  }

  requestHead(head: ReadHead): void {
    const { clock, idHeader, seen } = this.#host;
    this.#idleTimer?.cancel();
    const request = seen.requestBegan(head, this.#record, idHeader, clock.now());
    this.#request = request;
    this.#bodyRead = false;
    this.#answered = false;
    this.#behaviour = this.#host.behaviourFor(request);
    this.#host.changed();
    for (const fault of this.#behaviour.faults ?? []) {
      if (fault.at !== 'request') continue;
      request.point = 'request';
      this.#mute ||= fault.do === 'stall';
      if (fault.do === 'wait') this.#holdReading(fault.forMs ?? 0);
      else this.#act(fault.do);
    }
    if (this.#deaf || this.#socket.destroyed) return;
    this.#beginReading(request);
  }

  requestBody(bytes: Buffer): void {
    this.#request?.addBody(bytes);
    const { reading } = this.#behaviour;
    if (reading?.how !== 'slow') return;
    this.#holdReading((bytes.length / reading.bytesPerSecond) * 1_000);
  }

  requestEnd(trailers: readonly (readonly [string, string])[]): void {
    const request = this.#request;
    if (request === undefined) return;
    this.#bodyRead = true;
    request.trailers = trailers;
    const executes = this.#behaviour.executes !== false;
    this.#host.seen.requestRead(request, this.#host.clock.now(), executes);
    this.#host.changed();
    if (this.#mute) return;
    if (this.#behaviour.answerAt !== 'head') this.#answer(request);
    else this.#tryNext();
  }

  requestDefect(reason: string): void {
    const request = this.#request;
    if (request !== undefined) request.defect = reason;
    this.#host.changed();
    this.#player?.stop();
    this.#socket.write(
      'HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n',
    );
    this.#act('fin');
  }

  #serve(): void {
    const { secureContext } = this.#host;
    if (secureContext !== undefined) {
      this.#socket = new TLSSocket(this.#raw, { isServer: true, secureContext });
      this.#socket.allowHalfOpen = true;
      this.#socket.on('error', (error) => this.#failed(error));
      this.#socket.on('_tlsError', (error: Error) => this.#failed(error));
    }
    const socket = this.#socket;
    socket.on('data', (bytes: Buffer) => this.#take(bytes));
    socket.on('end', () => this.#peerEnded());
    this.#armIdle(this.#rules.idle ?? this.#host.idle);
  }

  #take(bytes: Buffer): void {
    if (this.#record.weClosedAt !== NEVER) {
      this.#record.bytesAfterClose += bytes.length;
      return;
    }
    this.#reader.feed(bytes);
    const request = this.#request;
    if (request !== undefined && this.#bodyRead && this.#reader.leftover > 0) {
      request.pipelined = true;
    }
  }

  #beginReading(request: SeenRequest): void {
    const { expect = 'continue', reading, answerAt } = this.#behaviour;
    const expects = request.header('expect')?.toLowerCase() === '100-continue';
    if (expects && expect === 'continue') this.#socket.write('HTTP/1.1 100 Continue\r\n\r\n');
    if (expects && expect === 'refuse') {
      this.#behaviour = { close: true, answer: refusalAnswer(417, request.path) };
      this.#reader.stop();
      this.#answer(request);
      return;
    }
    if (reading?.how === 'never') {
      this.#reader.stop();
      this.#socket.pause();
    }
    if (answerAt === 'head') this.#answer(request);
  }

  #answer(request: SeenRequest): void {
    const behaviour = this.#behaviour;
    const { answer = okAnswer } = behaviour;
    const plan = typeof answer === 'function' ? answer(request) : answer;
    const ops = wireOps(behaviour, plan, {
      method: request.method,
      requestVersion: request.version,
      announceClose: this.#lastByRules() && this.#rules.announce !== false,
    });
    const player = new AnswerPlayer(this.#socket, ops, this.#host.clock, request, (op) => {
      this.#playedTo(op);
    });
    this.#player = player;
    player.play();
  }

  #lastByRules(): boolean {
    return this.#record.requests >= (this.#rules.requestsMax ?? Number.POSITIVE_INFINITY);
  }

  #playedTo(op: Op): void {
    const request = this.#request;
    if (op.do !== 'done') {
      if (request?.point === 'end') this.#markAnswered(request);
      this.#act(op.do as FaultAction);
      return;
    }
    if (request !== undefined) this.#markAnswered(request);
    const asked = request?.header('connection')?.toLowerCase() === 'close';
    if (!op.reusable || asked || this.#lastByRules()) this.#act('fin');
    else this.#tryNext();
  }

  #markAnswered(request: SeenRequest): void {
    this.#answered = true;
    this.#host.seen.requestAnswered(request, this.#host.clock.now());
    this.#host.changed();
  }

  #tryNext(): void {
    if (!this.#bodyRead || !this.#answered) return;
    this.#request = undefined;
    this.#player = undefined;
    this.#armIdle(this.#behaviour.idle ?? this.#rules.idle ?? this.#host.idle);
    this.#reader.next();
  }

  #armIdle(idle: IdleClose | undefined): void {
    this.#idleTimer?.cancel();
    if (idle === undefined) return;
    this.#idleTimer = this.#host.clock.after(idle.afterMs, () => {
      if (this.isIdle) this.#act(idle.how);
    });
  }

  #holdReading(forMs: number): void {
    this.#socket.pause();
    this.#readTimer?.cancel();
    this.#readTimer = this.#host.clock.after(forMs, () => this.#socket.resume());
  }

  #act(action: FaultAction): void {
    switch (action) {
      case 'wait':
      case 'stall':
        this.#host.changed();
        return;
      case 'rst':
        this.#markClosing('upstream-rst');
        this.#raw.resetAndDestroy();
        return;
      case 'fin':
        this.#markClosing('upstream-fin');
        this.#socket.destroySoon();
        return;
      case 'half-close':
        this.#markClosing('upstream-fin');
        this.#socket.end();
        return;
      case 'silence':
        this.#markClosing('upstream-silence');
        this.#deaf = true;
        dropPackets(this.#raw, true);
    }
  }

  #markClosing(how: ClosedBy): void {
    this.#stopWork();
    this.#record.closedBy ??= how;
    if (this.#record.weClosedAt === NEVER) this.#record.weClosedAt = this.#host.clock.now();
    this.#host.changed();
  }

  #peerEnded(): void {
    if (this.#deaf) return;
    this.#peerLeft('caller-fin');
    this.#socket.destroySoon();
  }

  #failed(error: NodeJS.ErrnoException): void {
    const broken = error.code === 'ECONNRESET' || error.code === 'EPIPE';
    this.#peerLeft(broken ? 'caller-rst' : 'caller-fin');
    this.#socket.destroy();
    this.#raw.destroy();
  }

  #peerLeft(how: ClosedBy): void {
    const request = this.#request;
    if (request !== undefined && !this.#answered && !request.aborted) {
      const { clock, seen } = this.#host;
      if (this.#record.weClosedAt === NEVER) seen.requestAborted(request, clock.now());
    }
    this.#record.closedBy ??= how;
    this.#stopWork();
    this.#host.changed();
  }

  #closed(): void {
    this.#stopWork();
    this.#record.closedAt = this.#host.clock.now();
    this.#record.closedBy ??= 'caller-fin'; // The default: closed in full by the other side.
    this.#host.gone(this.#record);
    this.#host.changed();
  }

  #stopWork(): void {
    this.#player?.stop();
    this.#reader.stop();
    this.#idleTimer?.cancel();
    this.#readTimer?.cancel();
  }
}
