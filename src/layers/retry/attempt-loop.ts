// The attempts of one call; see retry.ts. Also the sink of each of them, since there is never more
// than one. `gate` says where the running attempt stands.

import { attemptOf } from '../../core/call.ts';
import type { Call } from '../../core/call.ts';
import { Cancellation } from '../../core/cancellation.ts';
import type { Progress } from '../../core/dialect.ts';
import { CallError } from '../../core/errors.ts';
import type { HeaderList } from '../../core/header-list.ts';
import { outcomeOfEvent, outcomeOfHead } from '../../core/outcome.ts';
import type { Flow, Head, Sink } from '../../core/sink.ts';
import type { Swept } from '../../core/sweep.ts';
import { backoffMs } from './backoff.ts';
import { HeldAnswer } from './held-answer.ts';
import type { RetryBudget } from './retry-budget.ts';
import { hopelessError, hopelessHead, isOut } from './last-word.ts';
import type { LoopContext } from './loop-context.ts';
import type { DenialCause } from './retry-observer.ts';
import { pause } from './pause.ts';
import {
  failureOfError,
  failureOfEvent,
  failureOfHead,
  isQuotaGone,
  mayRepeat,
} from './retry-rules.ts';
import type { Failure } from './retry-rules.ts';

const SUPERSEDED = new CallError('SUPERSEDED');

/** - `waiting`: no head yet
 * - `holding`: the answer may be good; its first content decides
 * - `refused`: the answer is a failure whose words are read before it is dropped
 * - `dropping`: the attempt was given up and its end has not been heard yet
 * - `pausing`: no attempt runs; the next one begins later
 * - `passing`: accepted
 */
type Gate = 'waiting' | 'holding' | 'refused' | 'dropping' | 'pausing' | 'passing';

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
  /** Why the running attempt is being replaced. */
  #failure: Failure | undefined = undefined;
  #retrying: boolean = false;
  /** What was against a further attempt, once something was. */
  #refusedBy: DenialCause | undefined = undefined;
  #over: boolean = false;

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
    this.#sink.interim(head);
  }

  start(head: Head, flow: Flow): void {
    if (this.#gate === 'dropping') return;
    const { clock, sweep } = this.#context;
    if (head.status >= 400) {
      const outcome = outcomeOfHead(head, clock.wallNow());
      this.#failure = failureOfHead(head.status, head.headers, outcome);
      if (outcome.kind !== 'rejected') this.#budget.judge(false);
      this.#gate = 'refused';
    } else {
      this.#gate = 'holding';
    }
    // An answer whose meaning nobody reads has no first content to wait for.
    const unread = this.#gate === 'holding' && this.#call.timeline.progress === undefined;
    this.#held = new HeldAnswer(head, flow, clock.now());
    if (unread || (this.#gate === 'refused' && this.#failure === undefined)) this.#accept();
    else sweep.add(this);
  }

  chunk(bytes: Uint8Array): void {
    if (this.#gate === 'passing') {
      this.#sink.chunk(bytes);
      return;
    }
    const held = this.#held;
    if (held === undefined || this.#gate === 'dropping') return;
    const progress = this.#gate === 'holding' ? this.#call.timeline.progress : undefined;
    if (progress !== undefined && isOfUse(progress)) {
      this.#accept();
      if (!this.#over) this.#sink.chunk(bytes);
      return;
    }
    held.keep(bytes);
    if (progress?.errorType !== undefined) this.#readEvent(progress.errorType);
    else if (held.bytes > this.#context.options.gateBytes) this.#decideNow();
  }

  end(trailers?: HeaderList): void {
    if (this.#gate === 'dropping' || (this.#gate === 'refused' && this.#next())) {
      this.#goOn();
      return;
    }
    if (this.#gate !== 'passing') this.#accept();
    if (this.#over) return;
    this.#settle();
    this.#sink.end(trailers);
  }

  fail(error: CallError): void {
    if (this.#gate === 'passing') {
      this.#settle();
      this.#sink.fail(error);
      return;
    }
    if (this.#gate === 'dropping' && (error.code === 'SUPERSEDED' || error.origin === 'upstream')) {
      this.#goOn();
      return;
    }
    if (error.origin !== 'upstream') {
      this.#giveUp(error);
      return;
    }
    // A failure that its own head or event told of outweighs how it then broke off.
    if (this.#failure === undefined) {
      this.#failure = failureOfError(error);
      this.#budget.judge(false);
    }
    if (this.#next()) this.#goOn();
    else this.#giveUp(error);
  }

  sweep(now: number): void {
    const { gateMs, refusalMs } = this.#context.options;
    const limitMs = this.#gate === 'refused' ? refusalMs : gateMs;
    if (this.#held !== undefined && now - this.#held.since >= limitMs) this.#decideNow();
  }

  #try(): void {
    this.#attempt += 1;
    this.#gate = 'waiting';
    this.#failure = undefined;
    this.#scope = new Cancellation(this.#call.cancellation);
    this.#context.next(attemptOf(this.#call, this.#attempt, this.#scope), this);
  }

  /** An error event before any content: the attempt is given up at once if another may follow. */
  #readEvent(type: string): void {
    this.#budget.judge(false);
    this.#failure = failureOfEvent(outcomeOfEvent(type));
    this.#decideNow();
  }

  /** Waiting longer would show nothing more: replaces the running attempt or accepts it. */
  #decideNow(): void {
    if (this.#next()) {
      this.#gate = 'dropping';
      this.#scope.cancel(SUPERSEDED);
    } else {
      this.#accept();
    }
  }

  /** Whether another attempt follows; takes the permit for it. */
  #next(): boolean {
    const failure = this.#failure;
    // Who never tries again has nothing to say about it.
    if (failure === undefined || this.#context.options.attemptsMax === 1) return false;
    const denial = this.#denial(failure);
    if (denial === undefined) {
      this.#endRetry();
      this.#retrying = true;
      this.#context.observer.retried(this.#call.route.upstream, failure.cause);
      return true;
    }
    this.#context.observer.denied(this.#call.route.upstream, denial);
    this.#refusedBy = denial;
    return false;
  }

  #denial(failure: Failure): DenialCause | undefined {
    const { clock, options } = this.#context;
    const call = this.#call;
    if (!call.body.replayable) return 'not-replayable';
    if (!failure.untouched && !mayRepeat(call)) return 'not-replayable';
    if (this.#held !== undefined && isQuotaGone(this.#held.head.status, this.#held.text())) {
      return 'quota';
    }
    if (this.#attempt >= options.attemptsMax) return 'attempts';
    if (failure.retryAfterMs > options.retryAfterMsMax) return 'retry-after';
    const now = clock.now();
    if (now + this.#floorMs(failure) >= call.deadline) return 'deadline';
    // The permit of the attempt before is not needed any more.
    this.#endRetry();
    return this.#budget.begin(now);
  }

  /** The wait asked for, unless another place can be asked instead. */
  #floorMs(failure: Failure): number {
    return this.#call.route.targets.length > 1 ? 0 : failure.retryAfterMs;
  }

  /** The last attempt is over and another one follows. */
  #goOn(): void {
    const { options, random } = this.#context;
    const failure = this.#failure as Failure; // Only called after `next` said yes.
    this.#dropHeld();
    this.#scope.detach();
    const elsewhere = this.#attempt === 1 && this.#call.route.targets.length > 1;
    const waitMs = elsewhere
      ? 0
      : backoffMs(options, random, this.#attempt, failure.forLoad, this.#floorMs(failure));
    if (waitMs <= 0) {
      this.#try();
      return;
    }
    this.#pause(waitMs);
  }

  #pause(waitMs: number): void {
    this.#gate = 'pausing';
    // Its closures are made for calls that wait, which are few.
    pause(
      this.#context.clock,
      this.#call,
      waitMs,
      () => this.#try(),
      (reason) => this.#giveUp(reason),
    );
  }

  /** The running attempt is the answer. */
  #accept(): void {
    const held = this.#held as HeldAnswer; // A head came, or there would be nothing to accept.
    this.#context.sweep.remove(this);
    this.#held = undefined;
    if (this.#gate === 'holding') this.#budget.judge(true);
    this.#gate = 'passing';
    this.#endRetry();
    held.release(this.#sink, this.#lastHead(held.head), () => this.#over);
  }

  #giveUp(error: CallError): void {
    const held = this.#held;
    const wasRefused = this.#gate === 'refused';
    this.#dropHeld();
    this.#settle();
    // A refusal that broke off in its body is shown as far as it came.
    if (wasRefused && error.origin === 'upstream') {
      held?.release(this.#sink, this.#lastHead(held.head), () => false);
    }
    this.#sink.fail(isOut(this.#refusedBy) ? hopelessError(error) : error);
  }

  #lastHead(head: Head): Head {
    return isOut(this.#refusedBy) && head.status >= 400 ? hopelessHead(head) : head;
  }

  #dropHeld(): void {
    this.#held = undefined;
    this.#context.sweep.remove(this);
  }

  #endRetry(): void {
    if (this.#retrying) this.#budget.end();
    this.#retrying = false;
  }

  #settle(): void {
    this.#over = true;
    this.#endRetry();
    this.#scope.detach();
    this.#budget.callEnded();
  }
}

/** The caller could begin to work with what has come: content of a stream, or a whole document. */
function isOfUse(progress: Progress): boolean {
  if (!progress.isDocument) return progress.contentEvents > 0;
  return progress.terminal && progress.errorType === undefined;
}
