// The queue of one upstream with its clockwork: who comes in, who is called next, and who is sent
// away because waiting has become pointless. One entry in the sweep for all who wait, and only
// while somebody does.
// Invariant: whoever came in is called, sent away or leaves by himself, exactly once; and the room
// is in order before anybody hears of it, because whoever is sent away may come back at once.

import type { Priority } from '../../core/caller.ts';
import type { Sweep, Swept } from '../../core/sweep.ts';
import type { ShedCause } from './admission-observer.ts';
import type { Queued } from './class-lines.ts';
import { Codel } from './codel.ts';
import type { TimeHistogram } from './time-histogram.ts';
import { WaitQueue } from './wait-queue.ts';
import type { Choice } from './wait-queue.ts';

/** A call that waits for a slot. */
export interface Waiter<T> extends Queued<T> {
  /** When it has waited long enough, in monotonic ms. */
  readonly expiresAt: number;
  /** Whether a slot at this upstream would do as well. */
  mayUse(upstream: string): boolean;
  /** It is out of the room and gets no slot. `waiting` were in it before, itself among them. */
  sentAway(cause: ShedCause, waiting: number): void;
}

/** Those who wait for one upstream. */
export class WaitingRoom<T extends Waiter<T>> implements Swept, Choice<T> {
  sweepIndex: number = -1;
  // The choice that the queue asks for, kept as fields so that a call from the room makes nothing.
  newestFirst: boolean = false;
  staleBefore: number = Number.NEGATIVE_INFINITY;
  stale: T[] = [];
  /** Nobody is sent away only because the queue does not get shorter. */
  patient: boolean = false;
  readonly #sweep: Sweep;
  readonly #holds: TimeHistogram;
  readonly #queue = new WaitQueue<T>();
  readonly #codel = new Codel();
  #fitFor: string = '';

  /** `holds`: how long slots were held, which sets the pace of everything here. */
  constructor(sweep: Sweep, holds: TimeHistogram) {
    this.#sweep = sweep;
    this.#holds = holds;
  }

  get size(): number {
    return this.#queue.size;
  }

  get overloaded(): boolean {
    return !this.patient && this.#codel.overloaded;
  }

  sizeOf(priority: Priority): number {
    return this.#queue.sizeOf(priority);
  }

  ahead(priority: Priority): number {
    return this.#queue.ahead(priority);
  }

  /** Takes somebody in, or sends away whoever has the least claim to one of `capacity` places. */
  enter(waiter: T, capacity: number, now: number): void {
    if (this.size === 0) {
      this.#codel.began(this.#holds.medianMs, now);
      this.#sweep.add(this);
    }
    const refused = this.#queue.offer(waiter, capacity, this.overloaded);
    this.#settle(now);
    refused?.sentAway('queue-full', this.size);
  }

  /** Somebody leaves by himself. */
  leave(waiter: T, now: number): void {
    this.#queue.remove(waiter);
    this.#settle(now);
  }

  /** Calls the next one for whom a slot at `upstream` will do. */
  next(upstream: string, now: number): T | undefined {
    if (this.size === 0) return undefined;
    const before = this.size;
    this.newestFirst = this.overloaded;
    this.staleBefore = this.#staleBefore(now);
    this.#fitFor = upstream;
    const waiter = this.#queue.take(this);
    const { stale } = this;
    if (stale.length > 0) this.stale = [];
    if (waiter !== undefined) this.#codel.served(now - waiter.since, this.#holds.medianMs, now);
    this.#settle(now);
    for (const gone of stale) gone.sentAway('codel', before);
    return waiter;
  }

  fits(waiter: T): boolean {
    return waiter.mayUse(this.#fitFor);
  }

  sweep(now: number): void {
    // First, because whoever waits in vain shows best that the queue is standing.
    this.#codel.passes(now - this.#queue.oldestSince, this.#holds.medianMs, now);
    const before = this.size;
    const late = this.#queue.removeAll(({ expiresAt }) => expiresAt <= now);
    const staleBefore = this.#staleBefore(now);
    const stale = this.#queue.removeAll(({ since }) => since < staleBefore);
    this.#settle(now);
    // The crowd as it was when they were judged: all who go now go for the same crowd.
    for (const gone of late) gone.sentAway('queue-timeout', before);
    for (const gone of stale) gone.sentAway('codel', before);
  }

  #staleBefore(now: number): number {
    return this.patient ? Number.NEGATIVE_INFINITY : this.#codel.staleBefore(now);
  }

  #settle(now: number): void {
    if (this.size > 0) return;
    this.#codel.emptied(now);
    this.#sweep.remove(this);
  }
}
