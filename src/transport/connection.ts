// One socket: dialled, idle or serving one call at a time, closed. Translates what the socket tells
// into what its call or its pool must know. Handlers are attached once and live as long as it.
// Invariant: it serves at most one exchange, and after `isClosed` nobody hears of it again but by
// `gone`, once.

import type { Socket } from 'node:net';
import type { CallError } from '../core/errors.ts';
import type { Lease } from '../core/leases.ts';
import { jittered } from '../core/random.ts';
import { NEVER } from '../core/timeline.ts';
import type { ResponseHead } from '../http1/head.ts';
import type { ConnectionEvents, Dial } from './connector.ts';
import type { EndpointPool } from './endpoint-pool.ts';
import type { Exchange } from './exchange.ts';
import { RequestWriter } from './request-writer.ts';
import { Reading, ResponseReader } from './response-reader.ts';
import { RttFloor } from './rtt-floor.ts';
import type { TransportContext } from './transport-context.ts';
import type { CloseReason } from './transport-observer.ts';

const Life = { dialling: 0, idle: 1, busy: 2, closed: 3 } as const;
/** Such answers come unasked, so their time says nothing about distance. */
const REQUEST_TIMEOUT = 408;

/** One connection of a pool. */
export class Connection implements ConnectionEvents {
  readonly pool: EndpointPool;
  readonly writer: RequestWriter;
  readonly reader: ResponseReader;
  rtt: RttFloor = new RttFloor();
  /** The waiting call this connect is for; none = whoever comes, or nobody. */
  owner: Exchange | undefined = undefined;
  /** Its connect was started for another call than its owner. */
  adopted: boolean = false;
  readonly dialledAt: number;
  connectedAt: number = NEVER;
  readyAt: number = NEVER;
  expiresAt: number;
  requestsMax: number;
  /** Requests sent on it, the running one included. */
  uses: number = 0;
  idleSince: number = 0;
  /** How long it had been idle when its last call took it; 0 = it came straight from elsewhere. */
  idleTakenMs: number = 0;
  /** Its last call found it made already, used or not, so a FIN may have been under way. */
  pooled: boolean = false;
  readonly #context: TransportContext;
  readonly #lease: Lease;
  #dial: Dial | undefined = undefined;
  #socket: Socket | undefined = undefined;
  #exchange: Exchange | undefined = undefined;
  #life: number = Life.dialling;
  #held: boolean = false;

  constructor(pool: EndpointPool, owner: Exchange | undefined, now: number) {
    const { context } = pool;
    const { options, random } = context;
    this.pool = pool;
    this.owner = owner;
    this.#context = context;
    this.dialledAt = now;
    this.expiresAt = now + jittered(options.maxAgeMs, options.retirementJitter, random);
    this.requestsMax = Math.max(
      1,
      Math.round(jittered(options.maxRequests, options.retirementJitter, random)),
    );
    this.writer = new RequestWriter(context, pool.endpoint.secure);
    this.reader = new ResponseReader(options.headLimits);
    this.#lease = context.leases.take('connection', pool.endpoint.key, now);
  }

  /** Starts to connect. */
  open(): void {
    this.#dial = this.#context.connector.dial(this.pool.endpoint, this);
  }

  get isClosed(): boolean {
    return this.#life === Life.closed;
  }

  get isDialling(): boolean {
    return this.#life === Life.dialling;
  }

  /** The call it serves now. */
  get exchange(): Exchange | undefined {
    return this.#exchange;
  }

  /** Serves `exchange`: writes its request and feeds its sink from now on. */
  begin(exchange: Exchange, now: number): void {
    const { timeline } = exchange.call;
    const pooled = this.uses > 0 || this.idleTakenMs > 0;
    this.#life = Life.busy;
    this.pooled = pooled;
    this.#exchange = exchange;
    this.#lease.owner = exchange.call.id;
    exchange.attached(this);
    // A spare that waited here unused saves a handshake, but has not been reused.
    const reused = this.uses > 0;
    timeline.reused = reused;
    timeline.connectionUses = this.uses;
    this.uses += 1;
    this.reader.begin();
    this.#context.observer.requestSent(this.pool.endpoint.key, reused);
    this.writer.begin(this.#socket as Socket, exchange, now); // `ready` came before any call.
  }

  /** Holds the upstream back for `exchange`. */
  hold(exchange: Exchange): void {
    if (this.#exchange !== exchange || this.#held) return;
    this.#held = true;
    exchange.call.timeline.pause(this.#context.clock.now());
    this.#socket?.pause();
  }

  /** Reads on for `exchange`. */
  letGo(exchange: Exchange): void {
    if (this.#exchange !== exchange || !this.#held) return;
    this.#held = false;
    exchange.call.timeline.resume(this.#context.clock.now());
    this.#socket?.resume();
  }

  /** The final head of the running call came `tookMs` after its first written byte. */
  answered(head: ResponseHead, tookMs: number): void {
    if (head.status !== REQUEST_TIMEOUT) this.rtt.answered(tookMs);
    this.pool.lessons.answered(head, this.uses > 1);
    if (head.keepAliveMax >= 0) {
      this.requestsMax = Math.min(this.requestsMax, this.uses + head.keepAliveMax);
    }
    // An upstream that has refused will not read the rest. One that answers while it reads may need
    // all of it, so its upload goes on until the answer ends.
    if (!this.writer.complete && head.status >= 400) this.writer.stop();
  }

  /**
   * Ends it under its call, which is told by whoever calls this. By RST where the platform can: a
   * FIN is not seen by an upstream that only writes, and goes on generating for nobody.
   */
  abort(): void {
    this.writer.stop();
    this.#exchange = undefined;
    this.#close('abort', true);
  }

  /** Ends it while no call is on it. */
  close(reason: CloseReason): void {
    this.#close(reason, false);
  }

  tcpConnected(address: string, tookMs: number, waitedMs: number): void {
    if (this.#life === Life.closed) return;
    const now = this.#context.clock.now();
    this.connectedAt = now;
    this.rtt = this.pool.lessons.rttTo(address);
    this.rtt.connected(tookMs, waitedMs);
    if (this.owner !== undefined) this.owner.call.timeline.connectedAt = now;
  }

  ready(socket: Socket, handshakeMs: number): void {
    if (this.#life === Life.closed) {
      socket.destroy();
      return;
    }
    const now = this.#context.clock.now();
    if (handshakeMs > 0) this.rtt.answered(handshakeMs);
    this.#socket = socket;
    this.#life = Life.idle;
    this.readyAt = now;
    this.idleSince = now;
    this.#context.observer.connectionOpened(this.pool.endpoint.key);
    this.pool.ready(this, now);
  }

  dialFailed(error: CallError): void {
    if (this.#life === Life.closed) return;
    this.#life = Life.closed;
    this.#context.observer.dialFailed(this.pool.endpoint.key);
    this.pool.dialFailed(this, error);
  }

  bytes(buffer: Buffer, length: number): void {
    const exchange = this.#exchange;
    if (exchange === undefined) {
      // Nobody asked: it would be taken for the answer to the next request.
      if (this.#life === Life.idle) this.pool.endedIdle(this, undefined);
      return;
    }
    const now = this.#context.clock.now();
    exchange.call.timeline.lastByteAt = now;
    try {
      const outcome = this.reader.read(exchange, buffer, length, now);
      if (outcome === Reading.more) return;
      if (outcome === Reading.done) this.#finish(exchange, now);
      else if (outcome === Reading.broken) this.#reject(exchange);
    } catch (cause) {
      exchange.failByBug(cause);
      throw cause;
    }
  }

  ended(): void {
    this.#lost(undefined);
  }

  failed(error: Error): void {
    this.#lost(error);
  }

  closed(): void {
    // Only a socket that broke without a word gets here with a call still on it. No FIN came, so
    // even an answer that ends by one has not ended.
    if (!this.isClosed) this.#lost(new Error('The connection closed without a word.'));
    this.#context.leases.release(this.#lease);
  }

  #lost(error: Error | undefined): void {
    if (this.#life === Life.closed || this.#life === Life.dialling) return;
    const exchange = this.#exchange;
    if (exchange === undefined) {
      this.pool.endedIdle(this, error);
      return;
    }
    const now = this.#context.clock.now();
    if (error === undefined && this.reader.endsByClose) {
      this.#finish(exchange, now);
      return;
    }
    this.writer.stop();
    this.#exchange = undefined;
    this.#close('error', false);
    exchange.broken(this, error, now);
  }

  /** The response is complete. The connection is free before the sink hears the end. */
  #finish(exchange: Exchange, now: number): void {
    const { reader, writer } = this;
    const reason = this.#retirement(now);
    writer.stop();
    this.#exchange = undefined;
    if (this.#held) {
      this.#held = false;
      exchange.call.timeline.resume(now);
      this.#socket?.resume();
    }
    const { trailers } = reader;
    exchange.connection = undefined;
    if (reason !== undefined) {
      this.#close(reason, false);
    } else {
      this.#life = Life.idle;
      this.#lease.owner = this.pool.endpoint.key;
      this.idleSince = now;
      this.pool.freed(this, now);
    }
    exchange.end(trailers);
  }

  /** Why it must not serve another call, or `undefined` when it may. */
  #retirement(now: number): CloseReason | undefined {
    const { keepsAlive, surplus } = this.reader;
    if (surplus) return 'error';
    if (!this.writer.complete || this.writer.isStuck) return 'abort';
    if (!keepsAlive || this.uses >= this.requestsMax) return 'requests';
    if (now >= this.expiresAt) return 'age';
    return this.pool.isDraining ? 'drain' : undefined;
  }

  #reject(exchange: Exchange): void {
    this.writer.stop();
    this.#exchange = undefined;
    this.#close('error', true);
    exchange.failReading(this.reader.fault);
  }

  #close(reason: CloseReason, abruptly: boolean): void {
    if (this.#life === Life.closed) return;
    const wasReady = this.#life !== Life.dialling;
    this.#life = Life.closed;
    const socket = this.#socket;
    if (socket === undefined) this.#dial?.destroy();
    // A TLS socket has no RST of its own to send.
    else if (abruptly && !this.pool.endpoint.secure && !socket.destroyed) socket.resetAndDestroy();
    else socket.destroy();
    if (wasReady) {
      const lifeMs = this.#context.clock.now() - this.readyAt;
      this.#context.observer.connectionClosed(this.pool.endpoint.key, reason, lifeMs, this.uses);
    }
    this.pool.gone(this);
  }
}
