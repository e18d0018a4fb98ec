// What is learned of one endpoint from how its connections live and end: its idle limit, its
// distance, and whether it closes connections without a word. Told events, asked for numbers.
// Invariant: whatever it has learned only ever makes the pool more careful than its defaults, but
// for idle ages that a connection was seen to survive.

import type { ResponseHead } from '../http1/head.ts';
import { IdleBudget } from './idle-budget.ts';
import { RttFloor } from './rtt-floor.ts';
import { socketErrorCode } from './socket-error.ts';
import type { LadderLevel } from './transport-observer.ts';
import type { TransportOptions } from './transport-options.ts';

/** Addresses of one name whose distance is remembered. */
const ADDRESSES_MAX = 64;
/** A close this soon after an answer shows a peer that closes without saying so. */
const UNANNOUNCED_MS = 100;
/** What the kernel reports of a dead path; no word of the peer. */
const DEAD_PATH = new Set(['ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH']);

/** A connection at its end, as far as lessons go. */
export interface Ended {
  /** Requests it has served or was serving. */
  readonly uses: number;
  /** Connections of the endpoint, this one included. */
  readonly open: number;
}

/** The lessons of one endpoint. */
export class EndpointLessons {
  readonly budget: IdleBudget;
  /** A connection idle for less than this is looked at once for a FIN before it is written. */
  quickReuseMs: number;
  /** Smallest round trip to any of its addresses, 0 = unknown. Renewed by `refresh`. */
  rttMinMs: number = 0;
  readonly #rtts = new Map<string, RttFloor>();
  #hintMs: number = -1;

  constructor(options: TransportOptions) {
    this.budget = new IdleBudget(options.idle);
    this.quickReuseMs = options.quickReuseMs;
  }

  /** How long a used connection may have been idle and still be used. */
  budgetMs(now: number): number {
    return this.budget.budgetMs(now, this.rttMinMs);
  }

  /** Whether a connection that is free without a rest may be used again. */
  mayReuse(now: number): boolean {
    return this.budget.mayReuse(now);
  }

  /** What is known of the distance to an address. */
  rttTo(address: string): RttFloor {
    let floor = this.#rtts.get(address);
    if (floor === undefined) {
      if (this.#rtts.size >= ADDRESSES_MAX) this.#rtts.clear();
      floor = new RttFloor();
      this.#rtts.set(address, floor);
    }
    return floor;
  }

  refresh(): void {
    let least = Infinity;
    for (const floor of this.#rtts.values()) least = Math.min(least, floor.minMs);
    this.rttMinMs = least === Infinity ? 0 : least;
  }

  /** A head came; `reused` = on a connection that had served before. */
  answered(head: ResponseHead, reused: boolean): void {
    if (reused) this.budget.kept();
    if (head.keepAliveTimeoutMs < 0 || head.keepAliveTimeoutMs === this.#hintMs) return;
    this.#hintMs = head.keepAliveTimeoutMs;
    this.budget.hint(head.keepAliveTimeoutMs);
  }

  /** A connection ended while it was idle. Returns whether its path is dead, not its peer. */
  endedIdle(ended: Ended, idleMs: number, error: Error | undefined, now: number): boolean {
    if (error !== undefined && DEAD_PATH.has(socketErrorCode(error))) return true;
    // Before the first request peers apply other limits.
    if (ended.uses === 0) return false;
    if (idleMs < UNANNOUNCED_MS) this.quickReuseMs = 0;
    this.budget.closed(now, idleMs, ended.open);
    return false;
  }

  /**
   * A connection that had been idle for `idleMs` was lost under a call, `elapsedMs` after the first
   * written byte. Returns whether connections idle for longer must be given up as well.
   */
  wentStale(
    ended: Ended,
    level: LadderLevel,
    idleMs: number,
    elapsedMs: number,
    now: number,
  ): boolean {
    if (ended.uses > 1 && level !== 'L4') this.budget.lost(now);
    if (ended.uses < 2 || (level !== 'L1' && level !== 'L2')) {
      this.budget.cut(now, ended.open);
      return false;
    }
    if (idleMs < UNANNOUNCED_MS) this.quickReuseMs = 0;
    // At L1 the FIN was under way before our bytes arrived, so it is an idle close like any other.
    if (level === 'L1') this.budget.closed(now, idleMs + elapsedMs, ended.open);
    this.budget.stale(now, idleMs);
    return true;
  }
}
