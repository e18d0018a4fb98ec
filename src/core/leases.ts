// What calls hold: sockets, slots, buffers. Each is taken once and given back once; the
// registry is the debug view of what is out, by age, and the proof in tests that nothing leaks.

import type { Clock } from './clock.ts';

/** What a lease is for. A closed list, so that counts stay bounded. */
export type LeaseKind = 'call' | 'connection' | 'buffer' | 'slot';

/** One thing held by one call. */
export class Lease {
  readonly kind: LeaseKind;
  /** A call id; the endpoint's key while a connection serves no call. */
  owner: string;
  readonly takenAt: number;
  /** Place in the registry's list, -1 once released. Owned by the registry. */
  index: number;

  constructor(kind: LeaseKind, owner: string, takenAt: number, index: number) {
    this.kind = kind;
    this.owner = owner;
    this.takenAt = takenAt;
    this.index = index;
  }
}

/** Every lease that is out. */
export class Leases {
  readonly #clock: Clock;
  readonly #live: Lease[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#live.length;
  }

  /** Takes a lease of `kind` for `owner` (a call id or endpoint key); `now` where it is known. */
  take(kind: LeaseKind, owner: string, now: number = this.#clock.now()): Lease {
    const lease = new Lease(kind, owner, now, this.#live.length);
    this.#live.push(lease);
    return lease;
  }

  /** Gives a lease back. Twice is a bug and throws. */
  release(lease: Lease): void {
    if (lease.index < 0) throw new Error(`lease released twice: ${lease.kind} of ${lease.owner}`);
    const last = this.#live.pop();
    if (last !== undefined && last !== lease) {
      this.#live[lease.index] = last;
      last.index = lease.index;
    }
    lease.index = -1;
  }

  /** The oldest leases first, at most `limit`. */
  oldest(limit: number): { kind: LeaseKind; owner: string; ageMs: number }[] {
    const now = this.#clock.now();
    return this.#live
      .toSorted((a, b) => a.takenAt - b.takenAt)
      .slice(0, limit)
      .map((lease) => ({ kind: lease.kind, owner: lease.owner, ageMs: now - lease.takenAt }));
  }
}
