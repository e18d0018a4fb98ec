// The waiting calls of one class: a line per tenant, and the lines in a ring whose turns go round.
// Entries are linked to each other, so that one that leaves is out at once, wherever it stood.
// A line that runs empty keeps its place until its turn comes. So a tenant that is back before then
// has to wait for its turn, while one that let a turn pass is served before those who had it:
// whoever asks rarely would otherwise be dropped behind those who always ask (RFC 8290, sparse
// flows).
// Invariant: `turn` is in the ring whenever there is one; there are few empty lines.

import type { Priority } from '../../core/caller.ts';

/** Something that can wait. What stands below the blank line belongs to the queue. */
export interface Queued<T> {
  readonly priority: Priority;
  readonly tenant: string;
  /** When it began to wait, in monotonic ms. */
  readonly since: number;

  line: TenantLine<T> | undefined;
  older: T | undefined;
  newer: T | undefined;
}

/** Empty lines that may keep their places; above it they are forgotten together. */
const EMPTY_LINES_MAX = 256;

/** The waiting calls of one tenant in one class. */
export class TenantLine<T> {
  readonly tenant: string;
  oldest: T | undefined = undefined;
  newest: T | undefined = undefined;
  length: number = 0;
  before: TenantLine<T>;
  after: TenantLine<T>;

  constructor(tenant: string) {
    this.tenant = tenant;
    this.before = this;
    this.after = this;
  }
}

/** The lines of one class. */
export class ClassLines<T extends Queued<T>> {
  readonly #lines = new Map<string, TenantLine<T>>();
  #turn: TenantLine<T> | undefined = undefined;
  /** From the turn up to here stand the lines of tenants that let a turn pass, first come first. */
  #lastFresh: TenantLine<T> | undefined = undefined;
  #emptyLines: number = 0;
  #size: number = 0;

  get size(): number {
    return this.#size;
  }

  get oldestSince(): number {
    let since = Number.POSITIVE_INFINITY;
    for (const line of this.#lines.values()) {
      if (line.oldest !== undefined) since = Math.min(since, line.oldest.since);
    }
    return since;
  }

  /** Length of the longest line. */
  get longest(): number {
    return this.#longestLine()?.length ?? 0;
  }

  lengthOf(tenant: string): number {
    return this.#lines.get(tenant)?.length ?? 0;
  }

  add(entry: T): void {
    const line = this.#lines.get(entry.tenant) ?? this.#open(entry.tenant);
    if (line.length === 0) this.#emptyLines -= 1;
    const { newest } = line;
    entry.line = line;
    entry.older = newest;
    if (newest === undefined) line.oldest = entry;
    else newest.newer = entry;
    line.newest = entry;
    line.length += 1;
    this.#size += 1;
  }

  remove(entry: T): void {
    const { line, older, newer } = entry;
    if (line === undefined) throw new Error('wait queue: the entry does not wait here');
    entry.line = undefined;
    entry.older = undefined;
    entry.newer = undefined;
    if (older === undefined) line.oldest = newer;
    else older.newer = newer;
    if (newer === undefined) line.newest = older;
    else newer.older = older;
    line.length -= 1;
    this.#size -= 1;
    if (line.length > 0) return;
    this.#emptyLines += 1;
    if (this.#emptyLines > EMPTY_LINES_MAX) this.#forgetEmpty();
  }

  /** The one whose turn it is; its line has the last turn then. See `Choice` for the rest. */
  take(choice: {
    readonly newestFirst: boolean;
    readonly staleBefore: number;
    readonly stale: T[];
    fits(entry: T): boolean;
  }): T | undefined {
    let line = this.#turn;
    for (let left = this.#lines.size; left > 0 && line !== undefined; left -= 1) {
      this.#dropStale(line, choice.staleBefore, choice.stale);
      const { after } = line;
      const entry = choice.newestFirst ? line.newest : line.oldest;
      const isTurn = line === this.#turn;
      if (entry === undefined) {
        if (isTurn) this.#close(line);
      } else if (choice.fits(entry)) {
        if (isTurn) this.#pass(line);
        this.remove(entry);
        return entry;
      }
      line = after;
    }
    return undefined;
  }

  /** The one of the longest line who would be served last. */
  leastOfLongest(newestFirst: boolean): T | undefined {
    const line = this.#longestLine();
    return newestFirst ? line?.oldest : line?.newest;
  }

  /** Adds every entry that `test` finds to `found`. */
  collect(test: (entry: T) => boolean, found: T[]): void {
    for (const line of this.#lines.values()) {
      for (let entry: T | undefined = line.oldest; entry !== undefined; entry = entry.newer) {
        if (test(entry)) found.push(entry);
      }
    }
  }

  #dropStale(line: TenantLine<T>, staleBefore: number, stale: T[]): void {
    for (let { oldest } = line; oldest !== undefined; { oldest } = line) {
      if (oldest.since >= staleBefore) return;
      this.remove(oldest);
      stale.push(oldest);
    }
  }

  #longestLine(): TenantLine<T> | undefined {
    let longest: TenantLine<T> | undefined;
    for (const line of this.#lines.values()) {
      if (longest === undefined || line.length > longest.length) longest = line;
    }
    return longest;
  }

  /** A line of a tenant that let a turn pass: it is next, after others like it. */
  #open(tenant: string): TenantLine<T> {
    const line = new TenantLine<T>(tenant);
    this.#lines.set(tenant, line);
    this.#emptyLines += 1;
    const turn = this.#turn;
    const before = this.#lastFresh ?? turn?.before;
    if (before !== undefined) {
      line.before = before;
      line.after = before.after;
      before.after.before = line;
      before.after = line;
    }
    if (this.#lastFresh === undefined) this.#turn = line;
    this.#lastFresh = line;
    return line;
  }

  /** The line has had its turn. */
  #pass(line: TenantLine<T>): void {
    if (line === this.#lastFresh) this.#lastFresh = undefined;
    this.#turn = line.after;
  }

  /** An empty line loses its place. */
  #close(line: TenantLine<T>): void {
    this.#lines.delete(line.tenant);
    this.#emptyLines -= 1;
    const isTurn = line === this.#turn;
    if (line === this.#lastFresh) this.#lastFresh = isTurn ? undefined : line.before;
    if (isTurn) this.#turn = line.after === line ? undefined : line.after;
    line.before.after = line.after;
    line.after.before = line.before;
  }

  #forgetEmpty(): void {
    for (const line of this.#lines.values()) if (line.length === 0) this.#close(line);
  }
}
