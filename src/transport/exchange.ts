// One call on its way through the transport: waiting for a connection, on the wire, perhaps sent
// once more on a fresh connection, and over. The only per-call object of the transport.
// Invariant: the sink hears exactly one `end` or `fail`, and at that moment the exchange holds
// nothing: no connection, no place in a queue, no listener, no reader of the body.

import type { CancelListener } from '../core/cancellation.ts';
import type { Call } from '../core/call.ts';
import { CallError } from '../core/errors.ts';
import type { HeaderList } from '../core/header-list.ts';
import type { Flow, Sink } from '../core/sink.ts';
import { NEVER } from '../core/timeline.ts';
import type { ResponseHead } from '../http1/head.ts';
import type { Connection } from './connection.ts';
import type { EndpointPool } from './endpoint-pool.ts';
import { ladderLevel, mayReplay } from './replay-ladder.ts';
import { describeSocketError } from './socket-error.ts';
import type { LadderLevel } from './transport-observer.ts';
import type { Waiting } from './turnstile.ts';

const Stage = { waiting: 0, checking: 1, active: 2, over: 3 } as const;

/** One call in the transport. Also the flow that its sink may hold back. */
export class Exchange implements CancelListener, Flow, Waiting {
  readonly call: Call;
  readonly sink: Sink;
  readonly pool: EndpointPool;
  /** The connection it is on, or is about to be on while it is being looked at. */
  connection: Connection | undefined = undefined;
  /** The connect that was started, or taken over, for it while it waits. */
  dial: Connection | undefined = undefined;
  /** Only a connection that has never been used will do: this is a replay. */
  freshOnly: boolean = false;
  /** A connect was started anew for it already. */
  redialled: boolean = false;
  #stage: number = Stage.waiting;
  #replayed: boolean = false;

  constructor(call: Call, sink: Sink, pool: EndpointPool) {
    this.call = call;
    this.sink = sink;
    this.pool = pool;
  }

  get isOver(): boolean {
    return this.#stage === Stage.over;
  }

  /** Begins the first attempt. */
  start(now: number): void {
    const { call } = this;
    call.timeline.beginAttempt(now);
    call.timeline.endpoint = this.pool.label;
    call.cancellation.listen(this);
    // A scope that was cancelled before tells its listener at once.
    if (this.#stage === Stage.waiting) this.pool.acquire(this, now);
  }

  /** An idle connection is kept for it while the event loop turns. */
  check(connection: Connection, turns: 1 | 2): void {
    this.#stage = Stage.checking;
    this.connection = connection;
    this.pool.context.turnstile.enter(this, turns);
  }

  /** The event loop has turned; the connection may have been found dead meanwhile. */
  passed(): void {
    const { connection } = this;
    if (this.#stage !== Stage.checking) return;
    const now = this.pool.context.clock.now();
    if (connection?.isClosed === false) {
      connection.begin(this, now);
      return;
    }
    this.connection = undefined;
    this.#stage = Stage.waiting;
    this.pool.acquire(this, now);
  }

  /** A connection takes it on. */
  attached(connection: Connection): void {
    this.#stage = Stage.active;
    this.connection = connection;
    this.dial = undefined;
  }

  cancelled(reason: CallError): void {
    switch (this.#stage) {
      case Stage.waiting:
        this.pool.leave(this, reason);
        break;
      case Stage.checking:
        this.pool.context.turnstile.leave(this);
        this.pool.putBack(this.connection);
        break;
      case Stage.active:
        this.connection?.abort();
        break;
      default:
        return;
    }
    this.fail(reason);
  }

  pause(): void {
    this.connection?.hold(this);
  }

  resume(): void {
    this.connection?.letGo(this);
  }

  /** The final head; `firstByteAt` is when its first byte came. */
  started(head: ResponseHead, firstByteAt: number): void {
    const { timeline } = this.call;
    timeline.firstByteAt = firstByteAt;
    // The kernel took it all, or there would be no answer; the notice is merely late.
    const sent = this.connection?.writer.complete === true && timeline.sentAt === NEVER;
    if (sent) timeline.sentAt = firstByteAt;
    this.connection?.answered(head, firstByteAt - timeline.firstWriteAt);
    this.sink.start(head, this);
  }

  end(trailers: HeaderList | undefined): void {
    this.#leave();
    this.sink.end(trailers);
  }

  fail(error: CallError): void {
    if (this.#stage === Stage.over) return;
    this.#leave();
    this.sink.fail(error);
  }

  /** The body cannot be sent on; what was sent of it is worthless. */
  failSending(error: CallError): void {
    this.connection?.abort();
    this.fail(error);
  }

  /** The response broke the protocol. */
  failReading(detail: string): void {
    const { timeline } = this.call;
    if (timeline.firstByteAt === NEVER) this.fail(new CallError('BAD_RESPONSE', { detail }));
    else this.fail(new CallError('STREAM_CUT', { detail: `The framing broke: ${detail}` }));
  }

  /** A defect of ours, or of a sink, came up while the connection served it. */
  failByBug(cause: unknown): void {
    this.connection?.abort();
    if (this.#stage === Stage.over) return;
    this.#leave();
    try {
      this.sink.fail(new CallError('BUG', { cause }));
    } catch {
      // The first exception is the one to be heard; it is on its way already.
    }
  }

  /**
   * The connection ended under it, by FIN (`error` undefined) or in error. The connection is no
   * longer its own when this is called.
   */
  broken(connection: Connection, error: Error | undefined, now: number): void {
    const { timeline } = this.call;
    const how = error === undefined ? undefined : describeSocketError(error);
    if (timeline.firstByteAt !== NEVER) {
      const detail = how?.detail ?? 'The upstream closed the connection.';
      this.fail(new CallError('STREAM_CUT', { ...how, detail }));
      return;
    }
    const elapsedMs = now - timeline.firstWriteAt;
    const reused = connection.pooled;
    const level = ladderLevel({
      written: true,
      reused,
      answered: connection.reader.started,
      elapsedMs,
      provenRttMs: connection.rtt.provenMs,
      guessedRttMs: connection.rtt.guessMs,
    });
    const may = this.#mayReplay(level);
    const { label } = this.pool;
    // Asked last, for a permit that is given is spent.
    const replay = may && this.call.replays?.takeReplay(level !== 'L3', now, label) !== false;
    if (reused) this.pool.wentStale(connection, level, elapsedMs, now);
    this.pool.context.observer.staleFailure(this.pool.endpoint.key, level, replay);
    if (replay) this.#replay(now);
    else this.fail(lossOf({ level, connection, elapsedMs, error, denied: may }, timeline.sentAt));
  }

  #mayReplay(level: LadderLevel): boolean {
    const { call } = this;
    if (this.#replayed || !call.body.replayable) return false;
    if (!this.pool.context.options.replayLadder) return false;
    const { dialect, replay } = call.route;
    return mayReplay(level, call.method, call.headers, replay, dialect.repeatable);
  }

  #replay(now: number): void {
    const { timeline } = this.call;
    this.#replayed = true;
    this.freshOnly = true;
    this.connection = undefined;
    this.#stage = Stage.waiting;
    timeline.beginAttempt(now);
    // The same attempt goes on, only on another connection.
    timeline.attempts -= 1;
    timeline.replays += 1;
    this.pool.acquire(this, now);
  }

  #leave(): void {
    this.#stage = Stage.over;
    this.connection = undefined;
    this.dial = undefined;
    this.call.cancellation.unlisten(this);
  }
}

/** A connection that ended before any answer. */
interface Loss {
  readonly level: LadderLevel;
  readonly connection: Connection;
  readonly elapsedMs: number;
  readonly error: Error | undefined;
  /** It would have been replayed, but the budget of retries was spent. */
  readonly denied: boolean;
}

/** The error for a loss, with what was found out about it. */
function lossOf({ level, connection, elapsedMs, error, denied }: Loss, sentAt: number): CallError {
  const how = error === undefined ? 'FIN' : describeSocketError(error).detail;
  const after = `${how} after ${elapsedMs.toFixed(1)} ms`;
  const spent = denied ? ' The retry budget has no replay left.' : '';
  const phase = sentAt === NEVER ? 'send' : 'wait';
  if (level === 'L4') {
    return new CallError('RESET', {
      detail: `${after}, inside the head (L4).`,
      phase,
      cause: error,
    });
  }
  if (!connection.pooled) {
    const detail = `${after} on a new connection.${spent}`;
    return new CallError('RESET', { detail, phase, cause: error });
  }
  const idle = `it had been idle for ${connection.idleTakenMs.toFixed(0)} ms`;
  return new CallError('STALE_CONNECTION', {
    detail: `${after}; ${idle} (${level}).${spent}`,
    // Nobody has read the request at L1, so another try is safe where one is possible at all.
    replay: level === 'L1' ? 'safe' : 'uncertain',
    phase,
    cause: error,
  });
}
