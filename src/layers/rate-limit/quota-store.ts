// Where the use of quotas is counted. The layer knows this interface only. It is synchronous on
// purpose: a store shared between processes (Redis) can not be asked for every call without a round
// trip each, so it would take blocks of units in advance and answer from what it holds.

import type { Quota, QuotaScope, Rate } from './quota.ts';

/** One budget of one account; see `Gcra` for the meaning. */
export interface Budget {
  waitMs(rate: Rate, burst: number, cost: number, now: number): number;
  take(rate: Rate, cost: number, now: number): void;
  left(rate: Rate, burst: number, now: number): number;
}

/** What one key or tenant has used. */
export interface QuotaAccount {
  readonly scope: QuotaScope;
  /** Name of the key or tenant. */
  readonly name: string;
  readonly requests: Budget;
  readonly tokens: Budget;
  /** Calls that count against `concurrent` and have not seen their last byte. */
  running: number;
  /** The quota it was last held against; for listings. */
  quota: Quota | undefined;
}

/** One account as the admin page shows it. */
export interface QuotaView {
  readonly scope: QuotaScope;
  readonly name: string;
  readonly running: number;
  /** What could be used at once now, negative = debt; `undefined` = not limited. */
  readonly requestsLeft: number | undefined;
  readonly tokensLeft: number | undefined;
}

/** Accounts by name. Outlives reloads: a new configuration does not fill what was used up. */
export interface QuotaStore {
  /** The account, new where nothing was used. Whoever holds it may go on using it. */
  account(scope: QuotaScope, name: string): QuotaAccount;
  /** The accounts that were used last, at most `limit`. */
  view(now: number, limit?: number): QuotaView[];
}
