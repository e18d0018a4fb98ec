// Calls that wait for a connection to one endpoint, oldest first, the connects under way, and which
// connect is meant for which call. Decides only who is matched with whom; starts and ends nothing.
// Invariant: a waiting call and the connect meant for it point at each other, one to one.

import { NEVER } from '../core/timeline.ts';
import type { Connection } from './connection.ts';
import type { Exchange } from './exchange.ts';

/** Who waits and what is on its way for them. */
export class WaitingLine {
  readonly #waiting: Exchange[] = [];
  readonly #dialling: Connection[] = [];

  /** Calls that wait. */
  get waiting(): readonly Exchange[] {
    return this.#waiting;
  }

  /** Connects under way. */
  get dialling(): readonly Connection[] {
    return this.#dialling;
  }

  /** Connects that no call waits for. */
  get unattended(): number {
    let count = 0;
    for (const dial of this.#dialling) if (dial.owner === undefined) count += 1;
    return count;
  }

  /** A call begins to wait. `true` = an unattended connect was found for it. */
  join(exchange: Exchange): boolean {
    this.#waiting.push(exchange);
    return this.adoptOrphan(exchange);
  }

  /** Finds an unattended connect for a call that waits. */
  adoptOrphan(exchange: Exchange): boolean {
    const orphan = this.#dialling.find((one) => one.owner === undefined);
    if (orphan === undefined) return false;
    adopt(exchange, orphan);
    return true;
  }

  /** A connect was started, for its owner or for whoever comes. */
  dialled(connection: Connection): void {
    this.#dialling.push(connection);
    if (connection.owner !== undefined) connection.owner.dial = connection;
  }

  /** A call waits no longer. Its connect, if any, is unattended from now on. */
  leave(exchange: Exchange): Connection | undefined {
    remove(this.#waiting, exchange);
    const { dial } = exchange;
    exchange.dial = undefined;
    if (dial === undefined) return undefined;
    dial.owner = undefined;
    const next = this.unserved;
    if (next === undefined) return dial;
    adopt(next, dial);
    return undefined;
  }

  /** A connect is over. Its owner goes on waiting without one, and is returned. */
  settled(connection: Connection): Exchange | undefined {
    remove(this.#dialling, connection);
    const { owner } = connection;
    connection.owner = undefined;
    if (owner !== undefined) owner.dial = undefined;
    return owner;
  }

  /** The oldest call that no connect is meant for, because there is no room for one. */
  get unserved(): Exchange | undefined {
    return this.#waiting.find((one) => one.dial === undefined);
  }

  /** The oldest call, for a connection that has just been made; it waits no longer. */
  takeAny(): Exchange | undefined {
    const next = this.#waiting[0];
    if (next !== undefined) this.leave(next);
    return next;
  }

  /** The oldest call that a used connection is good enough for; it waits no longer. */
  takeForUsed(): Exchange | undefined {
    const next = this.#waiting.find((one) => !one.freshOnly);
    if (next !== undefined) this.leave(next);
    return next;
  }
}

function adopt(exchange: Exchange, dial: Connection): void {
  dial.owner = exchange;
  dial.adopted = true;
  exchange.dial = dial;
  const { timeline } = exchange.call;
  if (timeline.connectedAt === NEVER) timeline.connectedAt = dial.connectedAt;
}

function remove<T>(list: T[], item: T): void {
  const at = list.indexOf(item);
  if (at >= 0) list.splice(at, 1);
}
