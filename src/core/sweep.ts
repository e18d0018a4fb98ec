// One timer for all limits. Calls store when things happened; every 100 ms the sweep asks each
// active entry whether a limit has passed. Replaces four timers a call, which cost more than
// parsing.

import type { Clock, Timer } from './clock.ts';

/** Something with limits to check. `sweepIndex` belongs to the sweep; start it at -1. */
export interface Swept {
  sweepIndex: number;
  /** Called about every 100 ms, rarely twice at one time. May remove itself or others. */
  sweep(now: number): void;
}

/** Precision of every limit in the data plane, in ms. */
export const SWEEP_EVERY_MS = 100;

/** The set of active entries. Ticks only while it is not empty. */
export class Sweep {
  readonly #clock: Clock;
  readonly #entries: Swept[] = [];
  #timer: Timer | undefined = undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#entries.length;
  }

  add(entry: Swept): void {
    entry.sweepIndex = this.#entries.length;
    this.#entries.push(entry);
    if (this.#timer === undefined) this.#arm();
  }

  /** Removes an entry; does nothing when it is not in. */
  remove(entry: Swept): void {
    const at = entry.sweepIndex;
    if (at < 0) return;
    entry.sweepIndex = -1;
    const last = this.#entries.pop();
    if (last === undefined || last === entry) return;
    this.#entries[at] = last;
    last.sweepIndex = at;
  }

  #arm(): void {
    this.#timer = this.#clock.after(SWEEP_EVERY_MS, () => this.#tick());
  }

  #tick(): void {
    this.#timer = undefined;
    const now = this.#clock.now();
    try {
      // Backwards, because an entry that removes itself is replaced by the last one.
      for (let at = this.#entries.length - 1; at >= 0; at -= 1) this.#entries[at]?.sweep(now);
    } finally {
      // A defect in one entry must not take the limits from all others. An entry that added another
      // has armed the timer already; two timers would never become one.
      if (this.#entries.length > 0 && this.#timer === undefined) this.#arm();
    }
  }
}
