// The pace that one limit of a provider allows, from the last time it was told. Pure.
//
// A budget that comes back as a whole at its reset must last until then: rate = remaining / time to
// reset. One that refills little by little (OpenAI, Anthropic) says when it will be full, so what
// it refills in that time is what is missing, and its own rate is known: missing / time to reset.
// At that rate what is left stays left. To spread `remaining` over that time, as for the first
// kind, would send one call where fifty could go: with 1 of 50 left and 59 s until it is full.
//
// Invariants: at most `burstMs` worth of calls (or one) goes at once, the rest at the pace; nothing
// is held back after the reset.

import type { LimitKind, LimitReading } from './limit-reading.ts';
import type { PacerOptions } from './pacer-options.ts';

/** Sums of fractions are not exact. */
const ROUNDING_MS = 0.001;

/** One limit that is nearly used up. */
export class PacedWindow {
  readonly kind: LimitKind;
  readonly name: string;
  /** The reset, in monotonic ms; after it the window says nothing any more. */
  endsAt: number = 0;
  /** Nothing was left when it was told last. */
  isExhausted: boolean = false;
  readonly #options: PacerOptions;
  /** Time for one unit, in ms. */
  #unitMs: number = 0;
  /** When everything sent since is earned, in monotonic ms; as in `Gcra`. */
  #earnedAt: number = 0;
  /** Nothing goes before this, in monotonic ms. */
  #shutUntil: number = 0;

  constructor(reading: LimitReading, options: PacerOptions) {
    this.kind = reading.kind;
    this.name = reading.name;
    this.#options = options;
  }

  /** The provider has told of this limit; `cost` is what a call is taken to use of it. */
  told(reading: LimitReading, cost: number, now: number): void {
    const { limit, remaining, resetMs, gradual } = reading;
    const unitMs = gradual ? resetMs / Math.max(1, limit - remaining) : resetMs / remaining;
    this.endsAt = now + resetMs;
    this.isExhausted = remaining === 0;
    this.#shutUntil = 0;
    if (this.isExhausted) {
      const shutMs = gradual ? Math.min(resetMs, cost * unitMs) : resetMs;
      this.#shutUntil = now + Math.min(shutMs, this.#options.closedMsMax);
    }
    // What is owed stays owed in calls, not in ms.
    if (this.#earnedAt > now && this.#unitMs > 0 && Number.isFinite(unitMs)) {
      this.#earnedAt = now + (this.#earnedAt - now) * (unitMs / this.#unitMs);
    }
    this.#unitMs = unitMs;
  }

  /** When a call of this cost may go, in monotonic ms: 0 = now. Takes nothing. */
  opensAt(cost: number, now: number): number {
    if (now >= this.endsAt) return 0;
    const stepMs = this.#stepMs(cost);
    const burstMs = Math.max(this.#options.burstMs, stepMs);
    const paced = Math.max(this.#earnedAt, now) + stepMs - burstMs;
    const at = Math.min(this.endsAt, Math.max(paced, this.#shutUntil));
    return at <= now + ROUNDING_MS ? 0 : at;
  }

  /** A call of this cost goes. */
  take(cost: number, now: number): void {
    if (now < this.endsAt) this.#earnedAt = Math.max(this.#earnedAt, now) + this.#stepMs(cost);
  }

  #stepMs(cost: number): number {
    return Math.min(cost * this.#unitMs, this.#options.closedMsMax);
  }
}
