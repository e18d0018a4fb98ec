// The idle connections of one endpoint, oldest first, and the one that is kept only to be watched.
// Decides who is taken (the newest), who is too old, and who becomes the sentinel; the budget says
// how long is too long. Invariant: a connection is on the shelf, the sentinel, or neither.

import type { Connection } from './connection.ts';
import type { EndpointPool } from './endpoint-pool.ts';
import type { CloseReason } from './transport-observer.ts';

/** Idle connections of one endpoint. */
export class IdleShelf {
  /** Never used again, only watched: when the peer closes it, its idle limit is known. */
  sentinel: Connection | undefined = undefined;
  readonly #pool: EndpointPool;
  readonly #idle: Connection[] = [];
  #reportedBudgetMs: number = -1;

  constructor(pool: EndpointPool) {
    this.#pool = pool;
  }

  get count(): number {
    return this.#idle.length;
  }

  get isEmpty(): boolean {
    return this.#idle.length === 0 && this.sentinel === undefined;
  }

  sentinelAgeMs(now: number): number {
    return this.sentinel === undefined ? -1 : now - this.sentinel.idleSince;
  }

  oldestMs(now: number): number {
    const oldest = this.#idle[0];
    return oldest === undefined ? -1 : now - oldest.idleSince;
  }

  /** The newest connection that may still be used, taken off; `undefined` when there is none. */
  take(now: number): Connection | undefined {
    for (;;) {
      const newest = this.#idle.at(-1);
      if (newest === undefined) return undefined;
      const idleMs = now - newest.idleSince;
      // All below it are older still; the scan will see to them.
      if (idleMs >= this.#lifeOf(newest, now)) return undefined;
      this.#idle.pop();
      this.#pool.context.idleTotal -= 1;
      if (now < newest.expiresAt) {
        newest.idleTakenMs = idleMs;
        return newest;
      }
      newest.close('age');
    }
  }

  /** Puts an idle connection where its idle age belongs: on top, unless it was taken in vain. */
  put(connection: Connection, now: number): void {
    const { context } = this.#pool;
    let at = this.#idle.length;
    while (at > 0 && (this.#idle[at - 1] as Connection).idleSince > connection.idleSince) at -= 1;
    if (at === this.#idle.length) this.#idle.push(connection);
    else this.#idle.splice(at, 0, connection);
    context.idleTotal += 1;
    if (this.#idle.length > context.options.idlePerEndpointMax) this.closeOldest();
    else if (context.idleTotal > context.options.idleTotalMax) context.host.closeOldestIdle();
    context.host.keepScanning();
    this.#report(now);
  }

  /** Takes a connection off wherever it is. `true` = it was the sentinel. */
  remove(connection: Connection): boolean {
    if (this.sentinel === connection) {
      this.sentinel = undefined;
      return true;
    }
    const at = this.#idle.lastIndexOf(connection);
    if (at >= 0) {
      this.#idle.splice(at, 1);
      this.#pool.context.idleTotal -= 1;
    }
    return false;
  }

  /** Closes what is too old, keeps one of it as the sentinel, and learns from that one. */
  scan(now: number): void {
    this.#scanSentinel(now);
    // Copied, because closing takes off. Nearly always nothing is due.
    for (const connection of this.#idle.filter((one) => this.#isDue(one, now))) {
      this.#retire(connection, now);
    }
    this.#report(now);
  }

  /** Closes those that have been idle for longer than this. */
  closeOlderThan(now: number, idleMs: number): void {
    for (const connection of this.#idle.filter((one) => now - one.idleSince > idleMs)) {
      connection.close('idle_ours');
    }
  }

  closeOldest(): void {
    this.#idle[0]?.close('idle_ours');
  }

  /** Closes one that is of the least use, if there is any, to make room. */
  giveUpOne(): void {
    const one = this.sentinel ?? this.#idle[0];
    one?.close('idle_ours');
  }

  closeAll(reason: CloseReason): void {
    this.sentinel?.close(reason);
    for (const connection of this.#idle.slice()) connection.close(reason);
  }

  #lifeOf(connection: Connection, now: number): number {
    const budgetMs = this.#pool.lessons.budgetMs(now);
    if (connection.uses > 0) return budgetMs;
    // Before the first request other limits of the peer hold, and no hint was given for them.
    return this.#pool.context.options.spareLifeMs;
  }

  #isDue(connection: Connection, now: number): boolean {
    if (now >= connection.expiresAt) return true;
    return now - connection.idleSince >= this.#lifeOf(connection, now);
  }

  #retire(connection: Connection, now: number): void {
    const { idle } = this.#pool.context.options;
    if (now >= connection.expiresAt) {
      connection.close('age');
    } else if (connection.uses === 0 || !idle.learn || this.sentinel !== undefined) {
      connection.close('idle_ours');
    } else {
      this.remove(connection);
      this.sentinel = connection;
    }
  }

  #scanSentinel(now: number): void {
    const { sentinel } = this;
    if (sentinel === undefined) return;
    const idleMs = now - sentinel.idleSince;
    const { budget } = this.#pool.lessons;
    budget.survived(idleMs);
    if (budget.isKnownAt(idleMs)) sentinel.close('idle_ours');
  }

  #report(now: number): void {
    const budgetMs = this.#pool.lessons.budgetMs(now);
    if (budgetMs === this.#reportedBudgetMs) return;
    this.#reportedBudgetMs = budgetMs;
    const { context, endpoint } = this.#pool;
    context.observer.idleBudget(endpoint.key, budgetMs);
  }
}
