// One attempt as the balance layer sees it: it counts as in flight until it is over, its first byte
// or its failure goes into the load of its target, and all observers hear of it.
// Invariant: what was begun is over exactly once, on every path.

import type { Call } from '../../core/call.ts';
import type { Clock } from '../../core/clock.ts';
import type { AttemptJudge } from '../../core/judged.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { Head } from '../../core/sink.ts';
import type { AttemptObserver } from '../../core/target.ts';
import { NEVER } from '../../core/timeline.ts';
import type { Slot } from './plan.ts';
import type { TriedTargets } from './tried-targets.ts';

/** What every attempt of a layer shares. */
export interface AttemptContext {
  readonly clock: Clock;
  readonly observers: readonly AttemptObserver[];
  readonly tried: TriedTargets;
}

const defect: Outcome = Object.freeze({ kind: 'ignored', retryAfterMs: 0, cause: 'BUG' });

/** Judges one attempt. Begun by its constructor. */
export class BalanceAttempt implements AttemptJudge {
  readonly #context: AttemptContext;
  readonly #slot: Slot;
  /** The attempt's own copy. */
  readonly #call: Call;
  /** There are other targets, so it matters that this one was tried. */
  readonly #hasOthers: boolean;
  #punished: boolean = false;
  #over: boolean = false;

  constructor(context: AttemptContext, slot: Slot, call: Call, hasOthers: boolean, now: number) {
    this.#context = context;
    this.#slot = slot;
    this.#call = call;
    this.#hasOthers = hasOthers;
    slot.load.inFlight += 1;
    for (const observer of context.observers) observer.attemptBegan(slot.target, call, now);
  }

  answered(head: Head, outcome: Outcome): void {
    const { observers, clock } = this.#context;
    const { target, load } = this.#slot;
    if (outcome.kind === 'ok') {
      const { firstByteAt, firstWriteAt } = this.#call.timeline;
      if (firstWriteAt !== NEVER && firstByteAt !== NEVER) {
        load.answered(firstByteAt - firstWriteAt, firstByteAt);
      }
    } else this.#blame(outcome);
    if (observers.length === 0) return;
    const now = clock.now();
    for (const observer of observers) {
      observer.attemptAnswered(target, this.#call, head, outcome, now);
    }
  }

  over(outcome: Outcome): void {
    if (this.#over) return;
    this.#over = true;
    const { observers, clock } = this.#context;
    const { target, load } = this.#slot;
    load.inFlight -= 1;
    if (outcome.kind !== 'ok') this.#blame(outcome);
    if (observers.length === 0) return;
    const now = clock.now();
    for (const observer of observers) observer.attemptOver(target, this.#call, outcome, now);
  }

  /** A defect below ended the attempt without a word. */
  abandon(): void {
    this.over(defect);
  }

  #blame({ kind, retryAfterMs }: Outcome): void {
    const { tried, clock } = this.#context;
    if (this.#hasOthers) tried.add(this.#call.timeline, this.#slot.target);
    // A refusal of the request itself is no failure, and too quick to be a measure of the place.
    if (this.#punished || kind === 'ignored' || kind === 'rejected') return;
    this.#punished = true;
    this.#slot.load.failed(retryAfterMs, clock.now());
  }
}
