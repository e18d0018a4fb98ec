// The connections of one endpoint: which call gets which, when a new one is made, when one must go.
// Newest idle first, so that the rest grows old and can be let go. A call that finds none waits for
// its own connect or for whatever frees before that, and the connect then becomes idle.
// Invariant: every waiting call has a connect under way for it, unless the endpoint is at its
// limit.

import type { CallError } from '../core/errors.ts';
import type { Endpoint } from '../core/route.ts';
import { NEVER } from '../core/timeline.ts';
import { Connection } from './connection.ts';
import { EndpointLessons } from './endpoint-lessons.ts';
import type { Exchange } from './exchange.ts';
import { IdleShelf } from './idle-shelf.ts';
import type { TransportContext } from './transport-context.ts';
import type { LadderLevel } from './transport-observer.ts';
import { WaitingLine } from './waiting-line.ts';

/** What can be seen of one endpoint; times in ms. */
export interface EndpointView {
  readonly key: string;
  /** Connections that stand. */
  readonly open: number;
  readonly idle: number;
  readonly active: number;
  readonly connecting: number;
  readonly waiting: number;
  readonly idleBudgetMs: number;
  /** Smallest round trip seen, 0 = unknown. */
  readonly rttMinMs: number;
  /** Idle age of the connection that is only watched, -1 = none. */
  readonly sentinelAgeMs: number;
}

/** The connections of one endpoint. */
export class EndpointPool {
  readonly context: TransportContext;
  readonly endpoint: Endpoint;
  /** `host:port`, for timelines. */
  readonly label: string;
  readonly lessons: EndpointLessons;
  isDraining: boolean = false;
  readonly #shelf: IdleShelf;
  readonly #all = new Set<Connection>();
  readonly #line = new WaitingLine();
  #spares: number = 0;
  /** An unused connection was closed by the peer: no further one before the next call. */
  #sparesRest: boolean = false;
  #lastCallAt: number = -Infinity;
  /** Why no call is served any more. */
  #ended: CallError | undefined = undefined;

  constructor(context: TransportContext, endpoint: Endpoint) {
    this.context = context;
    this.endpoint = endpoint;
    this.label = `${endpoint.host}:${endpoint.port}`;
    this.lessons = new EndpointLessons(context.options);
    this.#shelf = new IdleShelf(this);
  }

  /** The request target for a call's path. */
  target(path: string): string {
    return path === '*' ? path : this.endpoint.basePath + path;
  }

  /** Nothing is open, waiting or being made. */
  get isEmpty(): boolean {
    return this.#all.size === 0 && this.#line.waiting.length === 0;
  }

  /** Connections in any state but closed. */
  get size(): number {
    return this.#all.size;
  }

  view(now: number): EndpointView {
    const connecting = this.#line.dialling.length;
    const idle = this.#shelf.count;
    const open = this.#all.size - connecting;
    return {
      key: this.endpoint.key,
      open,
      idle,
      active: open - idle - (this.#shelf.sentinel === undefined ? 0 : 1),
      connecting,
      waiting: this.#line.waiting.length,
      idleBudgetMs: this.lessons.budgetMs(now),
      rttMinMs: this.lessons.rttMinMs,
      sentinelAgeMs: this.#shelf.sentinelAgeMs(now),
    };
  }

  /** Finds a connection for `exchange`, now or later. */
  acquire(exchange: Exchange, now: number): void {
    if (this.#ended !== undefined) {
      exchange.fail(this.#ended);
      return;
    }
    this.#lastCallAt = now;
    this.#sparesRest = false;
    const idle = exchange.freshOnly ? undefined : this.#shelf.take(now);
    if (idle === undefined) {
      if (!this.#line.join(exchange)) this.#dialFor(exchange, now);
    } else {
      const isQuick = idle.uses > 0 && idle.idleTakenMs < this.lessons.quickReuseMs;
      exchange.check(idle, isQuick ? 1 : 2);
    }
    if (this.#spares > 0) this.#keepSpares(now);
  }

  /** A waiting call goes away. */
  leave(exchange: Exchange, reason: CallError): void {
    const { dial } = exchange;
    const isUnattended = this.#line.leave(exchange) !== undefined;
    const allowed = this.context.options.unattendedDialsMax + this.#spares;
    const isTooMany = isUnattended && (this.isDraining || this.#line.unattended > allowed);
    // A connect that took too long for one call is no good for the next either.
    const hangs = reason.code === 'CONNECT_TIMEOUT' || reason.code === 'TLS_TIMEOUT';
    if (hangs || isTooMany) dial?.close('abort');
  }

  /** The call that looked at this connection has left before it wrote anything. */
  putBack(connection: Connection | undefined): void {
    if (connection === undefined || connection.isClosed) return;
    const now = this.context.clock.now();
    const next = this.#nextFor(connection, now);
    if (next === undefined) return;
    // Its rest counts for the next call as well, and a FIN may be under way.
    connection.idleTakenMs = now - connection.idleSince;
    next.check(connection, 2);
  }

  /** A connect has succeeded. */
  ready(connection: Connection, now: number): void {
    this.#line.settled(connection);
    const next = this.#line.takeAny();
    if (next === undefined) {
      this.#shelve(connection, now);
      return;
    }
    const { timeline } = next.call;
    if (timeline.connectedAt === NEVER) timeline.connectedAt = connection.connectedAt;
    if (this.endpoint.secure) timeline.securedAt = now;
    connection.idleTakenMs = 0;
    connection.begin(next, now);
  }

  dialFailed(connection: Connection, error: CallError): void {
    this.#all.delete(connection);
    const owner = this.#line.settled(connection);
    const now = this.context.clock.now();
    if (owner === undefined) {
      this.#sparesRest = true;
    } else if (connection.adopted && !owner.redialled) {
      // It waited on a connect that was made for another: it gets one of its own.
      owner.redialled = true;
      this.#dialFor(owner, now);
    } else {
      this.#line.leave(owner);
      owner.fail(error);
    }
    this.#dialForUnserved(now);
  }

  /** A connection has served its call and may serve another. */
  freed(connection: Connection, now: number): void {
    const next = this.#nextFor(connection, now);
    if (next === undefined) return;
    connection.idleTakenMs = 0;
    connection.begin(next, now);
  }

  /** A connection that no call is on was ended by its peer or its path. */
  endedIdle(connection: Connection, error: Error | undefined): void {
    const now = this.context.clock.now();
    const idleMs = now - connection.idleSince;
    if (this.#shelf.remove(connection)) {
      this.context.observer.sentinelClosed(this.endpoint.key, idleMs);
    }
    if (connection.uses === 0) this.#sparesRest = true;
    const ended = { uses: connection.uses, open: this.#all.size };
    const isPathDead = this.lessons.endedIdle(ended, idleMs, error, now);
    connection.close(isPathDead ? 'error' : 'idle_peer');
  }

  /** A connection was lost under a call that had found it in the pool. */
  wentStale(connection: Connection, level: LadderLevel, elapsedMs: number, now: number): void {
    const idleMs = connection.idleTakenMs;
    const ended = { uses: connection.uses, open: this.#all.size + 1 };
    const isIdleLimit = this.lessons.wentStale(ended, level, idleMs, elapsedMs, now);
    // Or a call would walk through the other corpses.
    if (isIdleLimit && this.context.options.idle.learn) this.#shelf.closeOlderThan(now, idleMs);
  }

  /** A connection is closed, whatever it was doing. */
  gone(connection: Connection): void {
    if (!this.#all.delete(connection)) return;
    this.#shelf.remove(connection);
    this.#line.settled(connection);
    if (this.#line.waiting.length > 0) this.#dialForUnserved(this.context.clock.now());
  }

  /**
   * Looks after idle connections and unattended connects. `false` = there is nothing to look at.
   */
  scan(now: number): boolean {
    this.lessons.refresh();
    this.#shelf.scan(now);
    const { unattendedDialMaxMs } = this.context.options;
    for (const dial of this.#line.dialling.slice()) {
      const tooOld = now - dial.dialledAt > unattendedDialMaxMs;
      if (dial.owner === undefined && tooOld) dial.close('abort');
    }
    if (this.#spares > 0) this.#keepSpares(now);
    return !this.#shelf.isEmpty || this.#line.dialling.length > 0 || this.#wantsSpares(now);
  }

  /** Keeps this many unused connections ready while there is traffic. */
  warm(spares: number): void {
    this.#spares = spares;
  }

  /** The oldest idle connection's age, -1 when there is none. */
  oldestIdleMs(now: number): number {
    return this.#shelf.oldestMs(now);
  }

  closeOldestIdle(): void {
    this.#shelf.closeOldest();
  }

  /** Idle connections close now, busy ones after their call. */
  drain(): void {
    this.isDraining = true;
    this.#spares = 0;
    this.#shelf.closeAll('drain');
    for (const dial of this.#line.dialling.slice()) {
      if (dial.owner === undefined) dial.close('drain');
    }
  }

  /** Ends everything; calls fail with `reason`. */
  destroy(reason: CallError): void {
    this.drain();
    this.#ended = reason;
    for (const exchange of this.#line.waiting.slice()) exchange.cancelled(reason);
    for (const connection of this.#all) {
      const { exchange } = connection;
      if (exchange === undefined) connection.close('drain');
      else exchange.cancelled(reason);
    }
  }

  /** The oldest call that may have a free connection; without one the connection rests. */
  #nextFor(connection: Connection, now: number): Exchange | undefined {
    const next = this.lessons.mayReuse(now) ? this.#line.takeForUsed() : undefined;
    if (next === undefined) this.#shelve(connection, now);
    return next;
  }

  /** Starts a connect for a waiting call, if there is room. */
  #dialFor(exchange: Exchange, now: number): void {
    const { connectionsPerEndpointMax } = this.context.options;
    // When one goes, `gone` connects for whoever waits.
    if (this.#all.size >= connectionsPerEndpointMax) this.#shelf.giveUpOne();
    else this.#dial(exchange, now);
  }

  /** Room may have been made for calls that had to wait for it. */
  #dialForUnserved(now: number): void {
    const next = this.#line.unserved;
    if (next !== undefined && !this.#line.adoptOrphan(next)) this.#dialFor(next, now);
  }

  #dial(owner: Exchange | undefined, now: number): void {
    const connection = new Connection(this, owner, now);
    this.#all.add(connection);
    this.#line.dialled(connection);
    connection.open();
    this.context.host.keepScanning();
  }

  #shelve(connection: Connection, now: number): void {
    if (this.isDraining) connection.close('drain');
    else this.#shelf.put(connection, now);
    // Whoever needs a new one and found no room: what rests has to make it.
    if (this.#line.unserved !== undefined) this.#shelf.giveUpOne();
  }

  #wantsSpares(now: number): boolean {
    if (this.#spares === 0 || this.#sparesRest || this.isDraining) return false;
    return now - this.#lastCallAt < this.context.options.spareTrafficMs;
  }

  #keepSpares(now: number): void {
    if (!this.#wantsSpares(now)) return;
    for (let have = this.#shelf.count + this.#line.unattended; have < this.#spares; have += 1) {
      this.#dial(undefined, now);
    }
  }
}
