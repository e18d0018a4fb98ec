// What the failures of one call so far say about a further attempt: whether one may be made at all,
// and how long to wait for it. Pure: time and randomness are passed in.

import type { Call } from '../../core/call.ts';
import type { Random } from '../../core/random.ts';
import { backoffMs } from './backoff.ts';
import type { RetryOptions } from './options.ts';
import type { DenialCause } from './retry-observer.ts';
import { mayRepeat } from './retry-rules.ts';
import type { Failure } from './retry-rules.ts';

/** The outlook of one call. */
export class RetryPlan {
  readonly #call: Call;
  readonly #options: RetryOptions;
  /** By attempt: the instant before which its place does not want to be asked again. */
  readonly #askAgainAt: number[] = [];
  #failure: Failure | undefined = undefined;

  constructor(call: Call, options: RetryOptions) {
    this.#call = call;
    this.#options = options;
  }

  /** Attempts that have failed. */
  get failures(): number {
    return this.#askAgainAt.length;
  }

  /** How the last attempt failed, if one has. */
  get failure(): Failure | undefined {
    return this.#failure;
  }

  /** One more attempt has failed. */
  failed(failure: Failure, now: number): void {
    this.#failure = failure;
    this.#askAgainAt.push(now + failure.retryAfterMs);
  }

  /** What is against a further attempt as far as the failures and the call itself tell. */
  denial(now: number): DenialCause | undefined {
    const call = this.#call;
    if (!call.body.replayable) return 'not-replayable';
    if (this.#failure?.untouched !== true && !mayRepeat(call)) return 'not-replayable';
    if (this.failures >= this.#options.attemptsMax) return 'attempts';
    const floorMs = this.#floorMs(now);
    if (floorMs > this.#options.retryAfterMsMax) return 'retry-after';
    return now + floorMs >= call.deadline ? 'deadline' : undefined;
  }

  /** The wait for the next attempt, in ms, drawn anew each time. */
  waitMs(now: number, random: Random): number {
    // Another place does not suffer from what this one does; only once, for it may be all of them.
    if (this.failures === 1 && this.#hasUntried) return 0;
    const forLoad = this.#failure?.forLoad === true;
    return backoffMs(this.#options, random, this.failures, forLoad, this.#floorMs(now));
  }

  /** A place not tried yet is paid for by somebody else than others. */
  get hasOtherAccount(): boolean {
    const { targets } = this.#call.route;
    const first = targets[0]?.route.credential;
    return this.#hasUntried && targets.some(({ route }) => route.credential !== first);
  }

  get #hasUntried(): boolean {
    return this.failures < this.#call.route.targets.length;
  }

  /** How long all places want to be left alone. What one asks for is no wait for another. */
  #floorMs(now: number): number {
    if (this.#hasUntried) return 0;
    const places = Math.max(1, this.#call.route.targets.length);
    return Math.max(0, Math.min(...this.#askAgainAt.slice(-places)) - now);
  }
}
