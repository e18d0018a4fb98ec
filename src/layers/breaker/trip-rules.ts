// Whether what an endpoint did lately is reason enough to give it up. Knows no states: it collects
// evidence while a circuit is closed and says when that suffices; circuit.ts draws the conclusion.
//
// An answer is judged twice. Its head counts as a success at once, or ten-minute streams would
// count for nothing while they run; if it breaks later, that success is taken back.

import type { BreakerOptions } from './options.ts';
import { OutcomeWindow } from './outcome-window.ts';

/** Why a circuit opened. `probe`: it had been open, and what it let through failed. */
export type TripReason = 'consecutive' | 'rate' | 'slow' | 'probe';

/** What failed. */
export interface FailureFacts {
  /** 429: it works, but not for so many calls. Counts in the rate alone. */
  readonly throttled: boolean;
  /** When the success of its head was counted, in monotonic ms; -1 = it was not. */
  readonly countedAt: number;
}

/** Evidence against one endpoint. Pure: time is handed in. */
export class TripRules {
  readonly #options: BreakerOptions;
  readonly #window: OutcomeWindow;
  /** Failures since the last good head. */
  #failuresInARow: number = 0;
  /** Answers that broke off since the last whole one, and those that began since. */
  #cutsInARow: number = 0;
  #begunSinceWhole: number = 0;

  constructor(options: BreakerOptions) {
    this.#options = options;
    this.#window = new OutcomeWindow(options.windowMs);
  }

  get failuresInARow(): number {
    return Math.max(this.#failuresInARow, this.#cutsInARow);
  }

  /** Calls in the window, and the share of them that went well, as of `now`. */
  look(now: number): { readonly calls: number; readonly successRate: number } {
    this.#window.advance(now);
    return { calls: this.#window.calls, successRate: this.#window.successRate };
  }

  /** A good head came. Only its slowness can be held against it. */
  answered(now: number, slow: boolean): TripReason | undefined {
    this.#failuresInARow = 0;
    this.#begunSinceWhole += 1;
    this.#window.addOk(now, slow);
    return slow && this.#tooManySlow() ? 'slow' : undefined;
  }

  /** An answer was whole. */
  completed(): void {
    this.#cutsInARow = 0;
    this.#begunSinceWhole = 0;
  }

  /** An attempt failed: before its head, by its head, or after it. */
  failed(now: number, { throttled, countedAt }: FailureFacts): TripReason | undefined {
    if (countedAt >= 0) this.#window.retractOk(countedAt, now);
    this.#window.addFailed(now);
    if (!throttled) {
      this.#failuresInARow += 1;
      if (countedAt >= 0) this.#cutsInARow += 1;
      if (this.#tooManyInARow()) return 'consecutive';
    }
    const { rateCallsMin, successRateMin } = this.#options;
    const { calls, successRate } = this.#window;
    return calls >= rateCallsMin && successRate < successRateMin ? 'rate' : undefined;
  }

  /** Forgets everything: what was is no evidence against what comes after a recovery. */
  clear(): void {
    this.#window.clear();
    this.#failuresInARow = 0;
    this.completed();
  }

  #tooManyInARow(): boolean {
    const { failuresInARow } = this.#options;
    if (this.#failuresInARow >= failuresInARow) return true;
    // Good heads lie between the cuts of streams that all break, so these have a run of their own.
    // While hundreds have begun and none can be whole yet, a few cuts say little.
    return this.#cutsInARow >= failuresInARow && this.#cutsInARow * 2 > this.#begunSinceWhole;
  }

  #tooManySlow(): boolean {
    const { slow } = this.#options;
    if (slow === undefined) return false;
    const { calls, slow: slowCalls } = this.#window;
    return calls >= slow.callsMin && slowCalls > calls * slow.shareMax;
  }
}
