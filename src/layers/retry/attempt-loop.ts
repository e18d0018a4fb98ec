// The attempts of one call; see retry.ts. Also the sink of each of them, since there is never more
// than one.

import { attemptOf } from '../../core/call.ts';
import type { Call } from '../../core/call.ts';
import { Cancellation } from '../../core/cancellation.ts';
import { CallError } from '../../core/errors.ts';
import type { HeaderList } from '../../core/header-list.ts';
import { outcomeOfError, outcomeOfEvent, outcomeOfHead } from '../../core/outcome.ts';
import type { Flow, Head, Sink } from '../../core/sink.ts';
import type { Swept } from '../../core/sweep.ts';
import { HeldAnswer, isOfUse } from './held-answer.ts';
import { hopelessError, hopelessHead, isOut } from './last-word.ts';
import type { LoopContext } from './loop-context.ts';
import { pause } from './pause.ts';
import type { RetryBudget } from './retry-budget.ts';
import { RetryDecision } from './retry-decision.ts';
import { failureOfError, failureOfEvent, failureOfHead } from './retry-rules.ts';
import type { Failure } from './retry-rules.ts';

const SUPERSEDED = new CallError('SUPERSEDED');
/** More informational heads than this are not worth keeping. */
const INTERIMS_MAX = 8;

/**
 * Where the running attempt stands.
 * - `waiting`: no head yet
 * - `holding`: the answer may be good; its first content decides
 * - `refused`: the answer is a failure; its rest is read before it is replaced, so that its words
 *   are known and its connection can serve again
 * - `dropping`: the attempt was given up and its end has not been heard yet
 * - `pausing`: no attempt runs; the next one begins later
 * - `passing`: accepted
 * - `over`: the caller has heard the last of it
 */
type Gate = 'waiting' | 'holding' | 'refused' | 'dropping' | 'pausing' | 'passing' | 'over';

/** One call on its way through its attempts. */
export class AttemptLoop implements Sink, Swept {
  sweepIndex: number = -1;
  readonly #context: LoopContext;
  readonly #call: Call;
  readonly #sink: Sink;
  readonly #budget: RetryBudget;
  #gate: Gate = 'waiting';
  #attempt: number = 0;
  #scope: Cancellation;
  #held: HeldAnswer | undefined = undefined;
  #interims: Head[] | undefined = undefined;
  /** Since the first failure. */
  #decision: RetryDecision | undefined = undefined;

  constructor(context: LoopContext, call: Call, sink: Sink, budget: RetryBudget) {
    this.#context = context;
    this.#call = call;
    this.#sink = sink;
    this.#budget = budget;
    this.#scope = call.cancellation;
  }

  begin(): void {
    const now = this.#context.clock.now();
    this.#budget.callBegan(now);
    const retriedBefore = this.#call.headers.get('x-stainless-retry-count');
    if (Number(retriedBefore) > 0) this.#budget.callerRetried(now);
    this.#try();
  }

  interim(head: Head): void {
    if (this.#gate !== 'waiting') return;
    this.#interims ??= [];
    if (this.#interims.length < INTERIMS_MAX) this.#interims.push(head);
  }

  start(head: Head, flow: Flow): void {
    if (this.#gate !== 'waiting') return;
    if (head.status >= 400) {
      this.#refuse(head, flow);
    } else if (this.#call.timeline.progress === undefined) {
      // Nobody reads what this answer means, so there is no first content to wait for.
      this.#budget.judge(true);
      this.#pass(head, flow);
    } else {
      this.#gate = 'holding';
      this.#hold(head, flow, this.#context.options.gateMs);
    }
  }

  chunk(bytes: Uint8Array): void {
    if (this.#gate === 'passing') {
      this.#sink.chunk(bytes);
      return;
    }
    const held = this.#held;
    if (held === undefined) return;
    if (this.#gate === 'holding') {
      const { progress } = this.#call.timeline;
      if (progress !== undefined && isOfUse(progress)) {
        this.#budget.judge(true);
        if (this.#accept()) this.#sink.chunk(bytes);
        return;
      }
      held.keep(bytes);
      if (progress?.errorType !== undefined) this.#refuseEvent(held, progress.errorType);
    } else held.keep(bytes);
    if (this.#held !== undefined && held.bytes > this.#context.options.gateBytes) this.#decide();
  }

  end(trailers?: HeaderList): void {
    const gate = this.#gate;
    if (gate === 'over') return;
    if (gate === 'dropping' || (gate === 'refused' && this.#mayGoOn())) {
      this.#goOn();
      return;
    }
    if (gate === 'holding') this.#budget.judge(true);
    if (gate !== 'passing' && !this.#accept()) return;
    this.#settle();
    this.#sink.end(trailers);
  }

  fail(error: CallError): void {
    const gate = this.#gate;
    if (gate === 'over') return;
    const isBroken = error.origin === 'upstream' && gate !== 'passing';
    const isDropped = gate === 'dropping' && (isBroken || error.code === 'SUPERSEDED');
    if (isDropped || (isBroken && this.#mayGoOnAfter(error))) {
      this.#goOn();
      return;
    }
    // A failure that the upstream has put into words is shown as far as it came.
    if (isBroken && gate === 'refused' && !this.#accept()) return;
    this.#dropHeld();
    this.#settle();
    this.#sink.fail(isBroken && this.#isOut ? hopelessError(error) : error);
  }

  sweep(now: number): void {
    if (this.#held !== undefined && now >= this.#held.decideAt) this.#decide();
  }

  #try(): void {
    const { observer, next } = this.#context;
    const call = this.#call;
    this.#attempt += 1;
    this.#gate = 'waiting';
    this.#decision?.resumed();
    this.#scope = new Cancellation(call.cancellation);
    if (this.#decision !== undefined) observer.retried(call.route.upstream, this.#decision.cause);
    try {
      next(attemptOf(call, this.#attempt, this.#scope), this);
    } catch (bug) {
      this.#crash(bug);
      throw bug;
    }
  }

  /** A defect below, or above in an answer at once. Nobody would end the call. */
  #crash(bug: unknown): void {
    if (this.#gate === 'over') return;
    this.#dropHeld();
    const scope = this.#scope;
    this.#settle();
    const error = new CallError('BUG', { cause: bug });
    scope.cancel(error);
    // The first attempt was begun by the caller's side, which sees the exception itself.
    if (this.#attempt === 1) return;
    try {
      this.#sink.fail(error);
    } catch {
      // The first exception is the one to be heard; it is on its way already.
    }
  }

  #refuse(head: Head, flow: Flow): void {
    const { clock, options } = this.#context;
    const outcome = outcomeOfHead(head, clock.wallNow(), this.#call.route.dialect.silentRefusal);
    if (outcome.kind !== 'rejected') this.#budget.judge(false);
    const failure = failureOfHead(head.status, head.headers, outcome);
    if (failure === undefined || !this.#mayBeReplaced(failure)) {
      this.#pass(head, flow);
      return;
    }
    this.#gate = 'refused';
    this.#hold(head, flow, options.refusalMs);
  }

  /** An error event in front of any content. */
  #refuseEvent(held: HeldAnswer, type: string): void {
    const { clock, options } = this.#context;
    const failure = failureOfEvent(outcomeOfEvent(type));
    if (failure !== undefined) this.#budget.judge(false);
    if (failure === undefined || !this.#mayBeReplaced(failure)) {
      this.#accept();
      return;
    }
    this.#gate = 'refused';
    held.decideAt = Math.min(held.decideAt, clock.now() + options.refusalMs);
  }

  /** Notes how the running attempt failed. Whether another may follow, by what is known so far. */
  #mayBeReplaced(failure: Failure): boolean {
    // Who never tries again has nothing to say about it.
    if (this.#context.options.attemptsMax === 1) return false;
    this.#decision ??= new RetryDecision(this.#context, this.#call, this.#budget);
    return this.#decision.failed(failure);
  }

  #mayGoOnAfter(error: CallError): boolean {
    if (this.#gate !== 'refused') {
      // A stale connection says nothing about the state of the upstream.
      if (outcomeOfError(error).kind !== 'ignored') this.#budget.judge(false);
      const failure = failureOfError(error);
      if (failure === undefined || !this.#mayBeReplaced(failure)) return false;
    }
    return this.#mayGoOn();
  }

  /** Whether another attempt follows for sure. */
  #mayGoOn(): boolean {
    return this.#decision?.allows(this.#held?.text() ?? '') === true;
  }

  /** Waiting longer would show nothing more: replaces the running attempt or accepts it. */
  #decide(): void {
    if (this.#gate !== 'refused' || !this.#mayGoOn()) {
      this.#accept();
      return;
    }
    this.#dropHeld();
    this.#gate = 'dropping';
    this.#scope.cancel(SUPERSEDED);
  }

  /** The last attempt is over and another one follows. */
  #goOn(): void {
    const waitMs = this.#decision?.waitMs ?? 0;
    this.#dropHeld();
    this.#interims = undefined;
    this.#scope.detach();
    if (waitMs <= 0) {
      this.#try();
      return;
    }
    this.#gate = 'pausing';
    this.#decision?.paused();
    // Its closures are made for calls that wait, which are few.
    pause(
      this.#context.clock,
      this.#call,
      waitMs,
      () => this.#try(),
      (reason) => {
        this.#settle();
        this.#sink.fail(reason);
      },
    );
  }

  #hold(head: Head, flow: Flow, forMs: number): void {
    this.#held = new HeldAnswer(head, flow, this.#context.clock.now() + forMs);
    this.#context.sweep.add(this);
  }

  /** The running attempt is the answer. False when the caller's side ended it meanwhile. */
  #accept(): boolean {
    const held = this.#held as HeldAnswer; // A head came, or there would be nothing to accept.
    this.#dropHeld();
    this.#pass(held.head, held.flow);
    for (const chunk of held.chunks) if (this.#gate === 'passing') this.#sink.chunk(chunk);
    return this.#gate === 'passing';
  }

  /** Lets a head through; what follows goes the same way. */
  #pass(head: Head, flow: Flow): void {
    if (this.#interims !== undefined) {
      for (const one of this.#interims) if (this.#gate !== 'over') this.#sink.interim(one);
      if (this.#gate === 'over') return;
    }
    this.#gate = 'passing';
    this.#decision?.giveBack();
    this.#sink.start(head.status >= 400 && this.#isOut ? hopelessHead(head) : head, flow);
  }

  get #isOut(): boolean {
    return isOut(this.#decision?.deniedBy, this.#attempt);
  }

  #dropHeld(): void {
    this.#held = undefined;
    this.#context.sweep.remove(this);
  }

  #settle(): void {
    this.#gate = 'over';
    this.#decision?.giveBack();
    this.#scope.detach();
    this.#budget.callEnded();
  }
}
