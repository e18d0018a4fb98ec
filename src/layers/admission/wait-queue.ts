// Who waits and who comes next: three classes, within a class one line per tenant, lines in turn.
// Serving lines in turn is deficit round robin (Shreedhar and Varghese) with a cost of one a call.
// Strict order between classes would starve the lower ones, so a class that was passed over nine
// times is next; and when all places are taken, the longest line gives way to shorter ones.
// Invariant: an entry is in exactly one line from `offer` until it is returned by `offer`, `take`,
// or removed; lines and tenants exist only while somebody waits in them.

import type { Priority } from '../../core/caller.ts';
import { ClassLines } from './class-lines.ts';
import type { Queued } from './class-lines.ts';

/** Grants to others that a waiting class lets pass: it gets every tenth. */
const PASSED_MAX = 9;
/** Share of the places that higher classes cannot take from a lower one. */
const RESERVED_SHARE = 0.1;

const ranks: Readonly<Record<Priority, number>> = { interactive: 0, default: 1, batch: 2 };

/** What `take` looks at. */
export interface Choice<T> {
  /** The newest of a line instead of the oldest. */
  readonly newestFirst: boolean;
  /** Entries of visited lines that began to wait before this instant are removed and put here. */
  readonly staleBefore: number;
  readonly stale: T[];
  /** A line whose next entry is not fit is passed over. */
  fits(entry: T): boolean;
}

/** The waiting calls of one upstream. */
export class WaitQueue<T extends Queued<T>> {
  readonly #classes = [new ClassLines<T>(), new ClassLines<T>(), new ClassLines<T>()] as const;
  /** Grants to other classes since this one was last served, while it waited. */
  readonly #passed: [number, number, number] = [0, 0, 0];

  get size(): number {
    const [first, second, third] = this.#classes;
    return first.size + second.size + third.size;
  }

  sizeOf(priority: Priority): number {
    return this.#classOf(priority).size;
  }

  /** Entries that are served before a newcomer of this class, or with it in turn. */
  ahead(priority: Priority): number {
    let count = 0;
    for (let rank = 0; rank <= ranks[priority]; rank += 1) count += this.#classes[rank]?.size ?? 0;
    return count;
  }

  /** When the one who waits longest began; `Infinity` when nobody does. */
  get oldestSince(): number {
    const [first, second, third] = this.#classes;
    return Math.min(first.oldestSince, second.oldestSince, third.oldestSince);
  }

  /**
   * Lets an entry wait, with `capacity` places in all. Returns who has no place: nobody, somebody
   * with a lesser claim who waited, or the entry itself.
   */
  offer(entry: T, capacity: number, newestFirst: boolean): T | undefined {
    const victim =
      this.size < capacity ? undefined : this.#lesserClaim(entry, capacity, newestFirst);
    if (victim === undefined && this.size >= capacity) return entry;
    if (victim !== undefined) this.remove(victim);
    this.#classOf(entry.priority).add(entry);
    return victim;
  }

  /** Removes and returns who is next, or `undefined` when nobody fit waits. */
  take(choice: Choice<T>): T | undefined {
    const overdue = this.#overdueRank();
    if (overdue >= 0) {
      const entry = this.#takeFrom(overdue, choice);
      if (entry !== undefined) return entry;
    }
    for (let rank = 0; rank < ranks.batch + 1; rank += 1) {
      const entry = this.#takeFrom(rank, choice);
      if (entry !== undefined) return entry;
    }
    return undefined;
  }

  /** Removes an entry that waits here. */
  remove(entry: T): void {
    const rank = ranks[entry.priority];
    const lines = this.#classes[rank] as ClassLines<T>;
    lines.remove(entry);
    if (lines.size === 0) this.#passed[rank] = 0;
  }

  /** Removes every entry that `test` finds, oldest first within a line. */
  removeAll(test: (entry: T) => boolean): T[] {
    const found: T[] = [];
    for (const lines of this.#classes) lines.collect(test, found);
    for (const entry of found) this.remove(entry);
    return found;
  }

  #classOf(priority: Priority): ClassLines<T> {
    return this.#classes[ranks[priority]] as ClassLines<T>;
  }

  #overdueRank(): number {
    for (let rank = ranks.batch; rank > 0; rank -= 1) {
      if ((this.#passed[rank] ?? 0) >= PASSED_MAX) return rank;
    }
    return -1;
  }

  #takeFrom(rank: number, choice: Choice<T>): T | undefined {
    const lines = this.#classes[rank] as ClassLines<T>;
    if (lines.size === 0) return undefined;
    const entry = lines.take(choice);
    if (lines.size === 0 || entry !== undefined) this.#passed[rank] = 0;
    if (entry === undefined) return undefined;
    for (let other = 1; other <= ranks.batch; other += 1) {
      if (other === rank || this.#classes[other]?.size === 0) continue;
      this.#passed[other] = (this.#passed[other] ?? 0) + 1;
    }
    return entry;
  }

  #lesserClaim(entry: T, capacity: number, newestFirst: boolean): T | undefined {
    const reserved = Math.max(1, Math.floor(capacity * RESERVED_SHARE));
    const rank = ranks[entry.priority];
    for (let lower: number = ranks.batch; lower > rank; lower -= 1) {
      const lines = this.#classes[lower] as ClassLines<T>;
      if (lines.size > reserved) return lines.leastOfLongest(newestFirst);
    }
    const own = this.#classes[rank] as ClassLines<T>;
    // By two, or the place would only change hands.
    if (own.longest >= own.lengthOf(entry.tenant) + 2) return own.leastOfLongest(newestFirst);
    if (own.size >= reserved) return undefined;
    const largest = this.#classes.reduce((most, lines) => (lines.size > most.size ? lines : most));
    return largest.size > reserved ? largest.leastOfLongest(newestFirst) : undefined;
  }
}
