// One attempt as its two circuits see it: that of its route kind and credential, which counts all
// that went wrong, and that of the address, which counts only whether the place was reached.
// Owns the permits the attempt took. Invariant: each circuit hears at most one good head, and at
// most one failure, and a permit that was not judged by then is returned at the end.

import type { Call } from '../../core/call.ts';
import type { Clock } from '../../core/clock.ts';
import type { AttemptJudge } from '../../core/judged.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { Head } from '../../core/sink.ts';
import { NEVER } from '../../core/timeline.ts';
import type { Breaker } from './place.ts';

/** An epoch that no circuit ever has. */
const VOID = -1;

/** Reports one attempt. */
export class BreakerAttempt implements AttemptJudge {
  readonly #breaker: Breaker;
  readonly #call: Call;
  readonly #clock: Clock;
  readonly #ownEpoch: number;
  readonly #addressEpoch: number;
  readonly #judgesSlowness: boolean;
  /** When the good head was counted in the window, -1 when it was not. */
  #countedAt: number = NEVER;
  #answered: boolean = false;
  #failed: boolean = false;

  /**
   * `admitted`: by the circuits' leave; otherwise it counts for nothing, but may ask for quiet.
   * `judgesSlowness`: a good answer that came late is held against the place.
   */
  constructor(
    breaker: Breaker,
    call: Call,
    clock: Clock,
    admitted: boolean,
    judgesSlowness: boolean,
  ) {
    this.#breaker = breaker;
    this.#call = call;
    this.#clock = clock;
    this.#ownEpoch = admitted ? breaker.own.epoch : VOID;
    this.#addressEpoch = admitted ? breaker.address.epoch : VOID;
    this.#judgesSlowness = judgesSlowness;
  }

  answered(_head: Head, outcome: Outcome): void {
    if (outcome.kind !== 'ok' && outcome.kind !== 'rejected') {
      if (outcome.kind !== 'full') this.#fail(outcome);
      return;
    }
    this.#answered = true;
    const { firstByteAt, sentAt } = this.#call.timeline;
    const breaker = this.#breaker;
    const now = firstByteAt === NEVER ? this.#clock.now() : firstByteAt;
    // From the last byte of the request: how fast a caller uploads is not the place's doing.
    const slow = this.#judgesSlowness && breaker.isSlow(sentAt, now);
    if (breaker.own.answered(this.#ownEpoch, now, slow)) this.#countedAt = now;
    breaker.address.answered(this.#addressEpoch, now, false);
  }

  over(outcome: Outcome): void {
    const { kind } = outcome;
    if (this.#failed) return;
    // How much a place carries at a time is the affair of its limit; it is not ill for that.
    if (kind === 'ignored' || kind === 'full') this.abandon();
    else if (kind === 'ok' || kind === 'rejected') this.#breaker.own.completed(this.#ownEpoch);
    else this.#fail(outcome);
  }

  /** The attempt ended without a verdict. */
  abandon(): void {
    if (this.#failed || this.#answered) return;
    this.#failed = true;
    this.#breaker.own.returned(this.#ownEpoch);
    this.#breaker.address.returned(this.#addressEpoch);
  }

  #fail(outcome: Outcome): void {
    this.#failed = true;
    const now = this.#clock.now();
    const { own, address } = this.#breaker;
    const { kind, retryAfterMs } = outcome;
    const unreachable = kind === 'unreachable';
    const throttled = kind === 'throttled';
    own.failed(this.#ownEpoch, now, { throttled, unreachable, retryAfterMs }, this.#countedAt);
    if (unreachable) {
      address.failed(this.#addressEpoch, now, { throttled, unreachable, retryAfterMs: 0 });
    } else if (!this.#answered) {
      // A bad answer is an answer: the place was reached.
      address.answered(this.#addressEpoch, now, false);
    }
  }
}
