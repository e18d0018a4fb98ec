// The wait after an upstream has refused for want of room and said no more: the semaphore of a node
// is full, as ServiceNow has them. How many calls it carries at a time is the business of the
// limit of calls; here it is left alone for a moment, doubled while it goes on refusing, because
// its queue empties in seconds and each refusal costs it work as well. Pure: time is handed in.
// Invariant: refusals that come while it is left alone belong to the one that began the wait.

import type { RoomOptions } from './pacer-options.ts';

/** One upstream's room. */
export class RoomBackOff {
  /** It is left alone until then, in monotonic ms. */
  closedUntil: number = 0;
  readonly #options: RoomOptions;
  /** The last wait, in ms; 0 = all was well lately. */
  #waitMs: number = 0;

  constructor(options: RoomOptions) {
    this.#options = options;
  }

  /** A call was refused for want of room. Whether a wait has begun with it. */
  refused(now: number): boolean {
    if (now < this.closedUntil) return false;
    const { waitMsMin, waitMsMax } = this.#options;
    this.#waitMs = Math.min(waitMsMax, Math.max(waitMsMin, this.#waitMs * 2));
    this.closedUntil = now + this.#waitMs;
    return true;
  }

  /** A call was given room. Those that had theirs before the refusal say nothing about it. */
  answered(now: number): void {
    if (now < this.closedUntil || this.#waitMs === 0) return;
    this.#waitMs /= 2;
    if (this.#waitMs < this.#options.waitMsMin) this.#waitMs = 0;
  }

  /** When the next call may go, in monotonic ms: 0 = now. */
  opensAt(now: number): number {
    return now < this.closedUntil ? this.closedUntil : 0;
  }
}
