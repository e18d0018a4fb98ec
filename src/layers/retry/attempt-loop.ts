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
import type { Gate } from './attempt-gate.ts';
import { HeldAnswer, isOfUse } from './held-answer.ts';
import { HeldInterims } from './held-interims.ts';
import { hopelessError, hopelessHead, isOut } from './last-word.ts';
import type { LoopContext } from './loop-context.ts';
import { pause } from './pause.ts';
import type { Pause } from './pause.ts';
import type { RetryBudget } from './retry-budget.ts';
import { RetryDecision } from './retry-decision.ts';
import { failureOfError, failureOfEvent, failureOfHead } from './retry-rules.ts';
import type { Failure } from './retry-rules.ts';

const SUPERSEDED = new CallError('SUPERSEDED');

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
  #interims: HeldInterims | undefined = undefined;
  #pause: Pause | undefined = undefined;
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
    if (this.#gate === 'waiting') (this.#interims ??= new HeldInterims()).keep(head);
  }

  start(head: Head, flow: Flow): void {
    if (this.#gate !== 'waiting') return;
    if (head.status >= 400) {
      this.#refuse(head, flow);
    } else if (this.#call.timeline.progress === undefined) {
      // Nobody reads what this answer means, so there is no first content to wait for.
      this.#judge(true);
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
        this.#judge(true);
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
    if (gate === 'dropping' || (gate === 'refused' && this.#mayGoOn())) return this.#goOn();
    if (this.#isQueued) return this.#askAgain(() => this.end(trailers));
    if (gate === 'holding') this.#judge(true);
    if (gate !== 'passing' && !this.#accept()) return;
    this.#settle();
    this.#sink.end(trailers);
  }

  fail(error: CallError): void {
    const gate = this.#gate;
    if (gate === 'over') return;
    const isBroken = error.origin === 'upstream' && gate !== 'passing';
    const isDropped = gate === 'dropping' && (isBroken || error.code === 'SUPERSEDED');
    if (isDropped || (isBroken && this.#mayGoOnAfter(error))) return this.#goOn();
    if (isBroken && this.#isQueued) return this.#askAgain(() => this.fail(error));
    // A failure that the upstream has put into words is shown as far as it came.
    if (isBroken && gate === 'refused' && !this.#accept()) return;
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
      next(attemptOf(call, this.#attempt, this.#scope, { replays: this.#budget }), this);
    } catch (bug) {
      this.#crash(bug);
      throw bug;
    }
  }

  /** A defect below, or above in an answer at once. Who stands above needs a last word as well. */
  #crash(bug: unknown): void {
    if (this.#gate === 'over') return;
    this.#settle();
    const error = new CallError('BUG', { cause: bug });
    this.#scope.cancel(error);
    try {
      this.#sink.fail(error);
    } catch {
      // The first exception is the one to be heard; it is on its way already.
    }
  }

  #refuse(head: Head, flow: Flow): void {
    const { clock, options } = this.#context;
    const outcome = outcomeOfHead(head, clock.wallNow(), this.#call.route.dialect.silentRefusal);
    if (outcome.kind !== 'rejected') this.#judge(false);
    const failure = failureOfHead(head.status, head.headers, outcome);
    if (failure === undefined || !this.#mayBeReplaced(failure)) return this.#pass(head, flow);
    this.#gate = 'refused';
    this.#hold(head, flow, options.refusalMs);
  }

  /** An error event in front of any content. */
  #refuseEvent(held: HeldAnswer, type: string): void {
    const { clock, options } = this.#context;
    const failure = failureOfEvent(outcomeOfEvent(type));
    if (failure !== undefined) this.#judge(false);
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
    if (this.#gate !== 'refused' && !this.#isQueued) {
      // It was not heard already. A stale connection says nothing about the state of the upstream.
      if (outcomeOfError(error).kind !== 'ignored') this.#judge(false);
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
    if (this.#gate === 'refused' && this.#mayGoOn()) {
      this.#dropHeld();
      this.#gate = 'dropping';
      this.#scope.cancel(SUPERSEDED);
      return;
    }
    const { clock, options } = this.#context;
    if (this.#isQueued && this.#held !== undefined && this.#held.bytes <= options.gateBytes) {
      this.#held.decideAt = clock.now() + (this.#decision?.askAgainMs ?? 0);
      return;
    }
    this.#decision?.giveUp();
    this.#accept();
  }

  /** The last attempt is over and another one follows. */
  #goOn(): void {
    const waitMs = this.#decision?.waitMs ?? 0;
    this.#dropHeld();
    this.#interims = undefined;
    // Nobody was shown that answer, and the next attempt may end before it has a meaning.
    this.#call.timeline.progress = undefined;
    this.#scope.detach();
    if (waitMs <= 0) return this.#try();
    this.#decision?.paused();
    this.#wait(waitMs, () => this.#try());
  }

  get #isQueued(): boolean {
    return this.#decision !== undefined && this.#decision.askAgainMs > 0;
  }

  /** The attempt is over; whether another one follows is asked once more in a moment. */
  #askAgain(ask: () => void): void {
    const gate = this.#gate;
    this.#context.sweep.remove(this);
    this.#wait(this.#decision?.askAgainMs ?? 0, () => {
      this.#gate = gate;
      ask();
    });
  }

  /** Its closures are made for calls that wait, which are few. */
  #wait(ms: number, over: () => void): void {
    this.#gate = 'pausing';
    this.#pause = pause(this.#context.clock, this.#call, ms, over, (reason) => {
      this.#settle();
      this.#sink.fail(reason);
    });
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
    this.#interims?.replayTo(this.#sink, () => this.#gate !== 'over');
    if (this.#gate === 'over') return;
    this.#gate = 'passing';
    this.#decision?.giveBack();
    this.#sink.start(head.status >= 400 && this.#isOut ? hopelessHead(head) : head, flow);
  }

  get #isOut(): boolean {
    return isOut(this.#decision?.deniedBy, this.#attempt);
  }

  /** Of the place that the attempt went to: another one is in no outage for that. */
  #judge(wentWell: boolean): void {
    this.#context.budgets.judge(this.#call, this.#budget, wentWell);
  }

  #dropHeld(): void {
    this.#held = undefined;
    this.#context.sweep.remove(this);
  }

  #settle(): void {
    this.#gate = 'over';
    this.#dropHeld();
    // It runs on where a defect shows only behind the failure that the wait was begun for.
    this.#pause?.stop();
    this.#decision?.giveBack();
    this.#scope.detach();
    this.#budget.callEnded();
  }
}
