// Decides, for one call that has failed at least once, whether another attempt follows: first by
// what its failures say, then by the words of the upstream, at last by the budget, whose permit it
// holds. Made with the first failure, since most calls have none.
// Invariants: the first thing found against another attempt stands; a permit is given back once.

import type { Call } from '../../core/call.ts';
import type { LoopContext } from './loop-context.ts';
import type { RetryBudget } from './retry-budget.ts';
import type { DenialCause } from './retry-observer.ts';
import { RetryPlan } from './retry-plan.ts';
import { isQuotaGone } from './retry-rules.ts';
import type { Failure } from './retry-rules.ts';

/**
 * Waits up to this long keep no other retry from being made: where calls take milliseconds, the
 * usual wait of a second would otherwise be all that counts. Longer ones hold slots, and are few.
 */
const SHORT_WAIT_MS = 2_000;

/** The further attempts of one call. Ends by `giveBack`. */
export class RetryDecision {
  /** What is against another attempt; none follows any more. */
  deniedBy: DenialCause | undefined = undefined;
  /** The wait before the attempt that was allowed last, in ms. */
  waitMs: number = 0;
  /** Nothing is against another attempt but that too many others run: ask again then; 0 = no. */
  askAgainMs: number = 0;
  #askUntil: number = Number.POSITIVE_INFINITY;
  readonly #context: LoopContext;
  readonly #call: Call;
  readonly #budget: RetryBudget;
  readonly #plan: RetryPlan;
  #hasPermit: boolean = false;
  #isPaused: boolean = false;

  constructor(context: LoopContext, call: Call, budget: RetryBudget) {
    this.#context = context;
    this.#call = call;
    this.#budget = budget;
    this.#plan = new RetryPlan(call, context.options);
  }

  /** What ended the last attempt (see `Outcome.cause`). */
  get cause(): string {
    return this.#plan.failure?.cause ?? '';
  }

  /** An attempt has failed. True while nothing known so far is against another one. */
  failed(failure: Failure): boolean {
    const now = this.#context.clock.now();
    this.#plan.failed(failure, now);
    return this.#allows(this.#plan.denial(now));
  }

  /**
   * The failed attempt has been heard out, or for long enough; `words` are what it said. Whether
   * another one follows: then after `waitMs`, and with a permit of the budget. May be asked again
   * after `askAgainMs` where that is set.
   */
  allows(words: string): boolean {
    this.askAgainMs = 0;
    if (this.deniedBy !== undefined) return false;
    const denial = this.#denial(words);
    if (denial === 'concurrency' && this.#maySoon()) return false;
    return this.#allows(denial);
  }

  /** Nobody asks again. */
  giveUp(): void {
    if (this.askAgainMs > 0) this.#allows('concurrency');
    this.askAgainMs = 0;
  }

  /** The attempt that was allowed last is accepted, has failed, or will not be made. */
  giveBack(): void {
    if (this.#hasPermit) this.#budget.end();
    this.#hasPermit = false;
  }

  /** The attempt that was allowed has to wait; for a moment it keeps no other from being made. */
  paused(): void {
    if (this.waitMs > SHORT_WAIT_MS) return;
    this.#isPaused = this.#hasPermit;
    this.giveBack();
  }

  /** The wait is over. */
  resumed(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#hasPermit = true;
    this.#budget.resume();
  }

  #denial(words: string): DenialCause | undefined {
    const { clock, random } = this.#context;
    const plan = this.#plan;
    const { failure } = plan;
    const now = clock.now();
    const denial = plan.denial(now);
    if (denial !== undefined) return denial;
    if (failure !== undefined && isQuotaGone(failure, words) && !plan.hasOtherAccount) {
      return 'quota';
    }
    this.waitMs = plan.waitMs(now, random);
    if (now + this.waitMs >= this.#call.deadline) return 'deadline';
    // That of the attempt before is not needed any more.
    this.giveBack();
    const refusal = this.#budget.begin(now, this.#isThrottled());
    this.#hasPermit = refusal === undefined;
    return refusal;
  }

  /** Every place that the call may go to is in an outage; one that is not may take it. */
  #isThrottled(): boolean {
    const { route, timeline } = this.#call;
    if (route.targets.length > 0) return this.#context.budgets.areThrottled(route.targets);
    return this.#budget.isThrottledAt(timeline.endpoint);
  }

  /**
   * Others are over in a moment where calls are short, and a failure that waits for it is hidden.
   * What is drawn keeps those that wait from asking all at once.
   */
  #maySoon(): boolean {
    const { clock, options, random } = this.#context;
    const now = clock.now();
    if (this.#askUntil === Number.POSITIVE_INFINITY) this.#askUntil = now + options.permitWaitMs;
    if (now >= this.#askUntil) return false;
    this.askAgainMs = options.permitAskMs * (0.5 + random.next());
    return true;
  }

  #allows(denial: DenialCause | undefined): boolean {
    if (denial === undefined) return true;
    this.deniedBy = denial;
    this.#context.observer.denied(this.#call.route.upstream, denial);
    return false;
  }
}
