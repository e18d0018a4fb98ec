// What one model, under one credential at one target, may be sent: a time before which nothing may
// go, and the limits that are nearly used up. Pure.

import type { LimitReading } from './limit-reading.ts';
import { PacedWindow } from './paced-window.ts';
import type { PacerOptions } from './pacer-options.ts';
import type { TokenAverage } from './token-average.ts';

/** What a reading has changed. */
export type PaceChange = 'none' | 'paced' | 'exhausted';

/** The pace of one model. */
export class ModelPace {
  /** Told to wait until then, in monotonic ms. */
  closedUntil: number = 0;
  readonly average: TokenAverage;
  readonly #options: PacerOptions;
  #windows: PacedWindow[] = [];

  constructor(options: PacerOptions, average: TokenAverage) {
    this.#options = options;
    this.average = average;
  }

  /** Until when there may be anything to obey, in monotonic ms. */
  get concernedUntil(): number {
    let until = this.closedUntil;
    for (const { endsAt } of this.#windows) until = Math.max(until, endsAt);
    return until;
  }

  /** The kinds of limits that are paced now. */
  pacedKinds(now: number): string[] {
    return this.#windows.filter(({ endsAt }) => endsAt > now).map(({ kind }) => kind);
  }

  /** The provider asked to be left alone for so long. A shorter time does not shorten a longer. */
  close(ms: number, now: number): void {
    this.closedUntil = Math.max(this.closedUntil, now + Math.min(ms, this.#options.closedMsMax));
  }

  told(reading: LimitReading, now: number): PaceChange {
    const { limit, remaining, kind, name } = reading;
    const isLow = remaining === 0 || remaining < limit * this.#options.paceBelow;
    const at = this.#windows.findIndex((window) => window.kind === kind && window.name === name);
    let window = at < 0 ? undefined : this.#windows[at];
    if (!isLow || reading.resetMs <= 0) {
      if (window !== undefined) this.#windows.splice(at, 1);
      return 'none';
    }
    const wasLow = window !== undefined && window.endsAt > now;
    const wasExhausted = wasLow && window?.isExhausted === true;
    if (window === undefined) {
      this.#windows = this.#windows.filter(({ endsAt }) => endsAt > now);
      if (this.#windows.length === this.#options.windowsMax) return 'none';
      window = new PacedWindow(reading, this.#options);
      this.#windows.push(window);
    }
    window.told(reading, this.average.costOf(kind), now);
    if (window.isExhausted) return wasExhausted ? 'none' : 'exhausted';
    return wasLow ? 'none' : 'paced';
  }

  /** When a call may go, in monotonic ms: 0 = now. Takes nothing. */
  opensAt(now: number): number {
    let at = this.closedUntil > now ? this.closedUntil : 0;
    for (const window of this.#windows) {
      at = Math.max(at, window.opensAt(this.average.costOf(window.kind), now));
    }
    return at;
  }

  /** A call goes. */
  take(now: number): void {
    for (const window of this.#windows) window.take(this.average.costOf(window.kind), now);
  }
}
