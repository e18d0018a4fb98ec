// Quotas counted in this process alone. With several processes each of them counts for itself, so
// together they may let through that many times the quota.
// Bounded: names come from configuration, but the bound does not rely on it. Accounts with running
// calls outlast the others; an account that is forgotten begins full again.

import { Gcra } from './gcra.ts';
import { burstOf } from './quota.ts';
import type { Quota, QuotaScope, Rate } from './quota.ts';
import type { QuotaAccount, QuotaStore, QuotaView } from './quota-store.ts';
import { RecentMap } from './recent-map.ts';

/** Accounts of keys, and as many of tenants; about 200 bytes each. */
const ACCOUNTS_MAX = 50_000;

/** The store. Ends with the gateway. */
export class MemoryQuotas implements QuotaStore {
  readonly #keys: RecentMap<string, QuotaAccount>;
  readonly #tenants: RecentMap<string, QuotaAccount>;

  constructor(accountsMax: number = ACCOUNTS_MAX) {
    const isRunning = ({ running }: QuotaAccount): boolean => running > 0;
    this.#keys = new RecentMap(accountsMax, isRunning);
    this.#tenants = new RecentMap(accountsMax, isRunning);
  }

  /** Accounts held. */
  get size(): number {
    return this.#keys.size + this.#tenants.size;
  }

  account(scope: QuotaScope, name: string): QuotaAccount {
    const accounts = scope === 'key' ? this.#keys : this.#tenants;
    const known = accounts.get(name);
    if (known !== undefined) return known;
    const account = new MemoryAccount(scope, name);
    accounts.set(name, account);
    return account;
  }

  view(now: number, limit: number = 100): QuotaView[] {
    const views: QuotaView[] = [];
    for (const accounts of [this.#tenants, this.#keys]) {
      for (const account of accounts.values()) {
        if (views.length === limit) return views;
        views.push(viewOf(account, now));
      }
    }
    return views;
  }
}

class MemoryAccount implements QuotaAccount {
  readonly scope: QuotaScope;
  readonly name: string;
  readonly requests: Gcra = new Gcra();
  readonly tokens: Gcra = new Gcra();
  running: number = 0;
  quota: Quota | undefined = undefined;

  constructor(scope: QuotaScope, name: string) {
    this.scope = scope;
    this.name = name;
  }
}

function viewOf(account: QuotaAccount, now: number): QuotaView {
  const { scope, name, running, quota } = account;
  const left = (budget: 'requests' | 'tokens', burst: (rate: Rate) => number) => {
    const rate = quota?.[budget];
    return rate === undefined ? undefined : account[budget].left(rate, burst(rate), now);
  };
  return {
    scope,
    name,
    running,
    requestsLeft: left('requests', (rate) => burstOf(quota ?? {}, rate)),
    tokensLeft: left('tokens', ({ count }) => count),
  };
}
