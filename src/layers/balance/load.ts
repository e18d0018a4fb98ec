// What a target costs now: the latency to expect of it, times the calls that wait there already.
// A peak-sensitive moving average (Finagle): a slow answer counts at once, a fast one little by
// little, and without answers the expectation fades, so that a target once bad is tried again.

import type { LoadOptions } from './options.ts';

/** Load of one target, shared by all routes that lead there. Pure: time is handed in. */
export class Load {
  /** Attempts that are not over. */
  inFlight: number = 0;
  readonly #options: LoadOptions;
  #ms: number;
  #at: number;
  #known: boolean = false;

  constructor(options: LoadOptions, now: number) {
    this.#options = options;
    this.#ms = options.unknownMs;
    this.#at = now;
  }

  /** Time to first byte to expect, in ms. */
  expectedMs(now: number): number {
    const age = now - this.#at;
    const faded = age <= 0 ? this.#ms : this.#ms * Math.exp(-age / this.#options.decayMs);
    return Math.max(this.#options.floorMs, faded);
  }

  /** What one more call costs here; smaller is better. */
  cost(now: number, weight: number): number {
    return (this.expectedMs(now) * (this.inFlight + 1)) / weight;
  }

  /** A first byte came after `ms`. */
  answered(ms: number, now: number): void {
    const age = Math.max(0, now - this.#at);
    const kept = Math.exp(-age / this.#options.decayMs);
    const faded = this.#ms * kept;
    // The first answer replaces the guess: one fast target must not wait out its prejudice.
    this.#ms = !this.#known || ms > faded ? ms : faded + ms * (1 - kept);
    this.#at = Math.max(this.#at, now);
    this.#known = true;
  }

  /** An attempt failed and asked us to wait `retryAfterMs` (0 = it did not). */
  failed(retryAfterMs: number, now: number): void {
    const { penaltyMs, penaltyMsMax } = this.#options;
    const penalty = Math.min(Math.max(penaltyMs, retryAfterMs), penaltyMsMax);
    this.#ms = Math.max(penalty, this.expectedMs(now));
    this.#at = Math.max(this.#at, now);
    this.#known = true;
  }
}
