// When which endpoint is looked at. Pure: time and randomness are handed in.
// Invariant: an endpoint is in the schedule from its ejection until it is no longer ejected, and
// its looks are never closer than the shortest jittered interval.

import { jittered } from '../../core/random.ts';
import type { Random } from '../../core/random.ts';

/** When looks are due. */
export interface CheckOptions {
  /** Between two looks at one endpoint, in ms. */
  readonly everyMs: number;
  /** Share by which that varies, so that gateways do not look in step. */
  readonly jitter: number;
}

/** Defaults: often enough to end a long ejection early, and less than one call's worth of load. */
export const defaultCheckOptions: CheckOptions = Object.freeze({ everyMs: 10_000, jitter: 0.2 });

/** The looks ahead, by endpoint key. */
export class CheckSchedule {
  readonly #options: CheckOptions;
  readonly #random: Random;
  readonly #dueAt = new Map<string, number>();

  constructor(options: CheckOptions, random: Random) {
    this.#options = options;
    this.#random = random;
  }

  get size(): number {
    return this.#dueAt.size;
  }

  has(key: string): boolean {
    return this.#dueAt.has(key);
  }

  /** Takes an endpoint in; the first look comes after a whole interval. */
  add(key: string, now: number): void {
    if (!this.#dueAt.has(key)) this.#plan(key, now);
  }

  remove(key: string): void {
    this.#dueAt.delete(key);
  }

  clear(): void {
    this.#dueAt.clear();
  }

  /** The endpoints to look at now; each is planned anew. */
  takeDue(now: number): string[] {
    const due: string[] = [];
    for (const [key, at] of this.#dueAt) if (at <= now) due.push(key);
    for (const key of due) this.#plan(key, now);
    return due;
  }

  /** When the next look is due, in monotonic ms; `undefined` without any. */
  get nextAt(): number | undefined {
    return this.#dueAt.size === 0 ? undefined : Math.min(...this.#dueAt.values());
  }

  #plan(key: string, now: number): void {
    const { everyMs, jitter } = this.#options;
    this.#dueAt.set(key, now + jittered(everyMs, jitter, this.#random));
  }
}
