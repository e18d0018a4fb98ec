// Tokens shared within one process: what configurations and reloads of one gateway have in common.
// Nothing leaves the memory, so nothing is sealed.
// Bounded: when full, the token that was written first goes; who needs it fetches another one.

import type { Clock } from '../core/clock.ts';
import type { StoredToken, TokenLease, TokenStore } from '../core/token-store.ts';

/** Names come from configuration; a gateway with more upstreams than this has other troubles. */
const TOKENS_MAX = 1_000;

/** The store of one process. Ends with it. */
export class MemoryTokenStore implements TokenStore {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #tokensMax: number;
  readonly #tokens = new Map<string, StoredToken>();
  readonly #leases = new Map<string, MemoryLease>();

  constructor(clock: Pick<Clock, 'now'>, tokensMax: number = TOKENS_MAX) {
    this.#clock = clock;
    this.#tokensMax = tokensMax;
  }

  /** Tokens held. */
  get size(): number {
    return this.#tokens.size;
  }

  lease(name: string, forMs: number): Promise<TokenLease | undefined> {
    const now = this.#clock.now();
    for (const [held, { until }] of this.#leases) if (until <= now) this.#leases.delete(held);
    if (this.#leases.has(name)) return Promise.resolve(undefined);
    const lease = new MemoryLease(name, now + forMs, this.#leases);
    this.#leases.set(name, lease);
    return Promise.resolve(lease);
  }

  read(name: string): Promise<StoredToken | undefined> {
    return Promise.resolve(this.#tokens.get(name));
  }

  write(name: string, token: StoredToken): Promise<boolean> {
    const known = this.#tokens.get(name);
    if (known !== undefined && known.version >= token.version) return Promise.resolve(false);
    if (known === undefined && this.#tokens.size >= this.#tokensMax) {
      const [oldest] = this.#tokens.keys();
      if (oldest !== undefined) this.#tokens.delete(oldest);
    }
    // The one that was written longest ago is the first to go: nobody renews it any more.
    this.#tokens.delete(name);
    this.#tokens.set(name, token);
    return Promise.resolve(true);
  }
}

class MemoryLease implements TokenLease {
  readonly until: number;
  readonly #name: string;
  readonly #leases: Map<string, MemoryLease>;

  constructor(name: string, until: number, leases: Map<string, MemoryLease>) {
    this.#name = name;
    this.until = until;
    this.#leases = leases;
  }

  release(): Promise<void> {
    // After its time it may be another one's.
    if (this.#leases.get(this.#name) === this) this.#leases.delete(this.#name);
    return Promise.resolve();
  }
}
