// A store for tests of a fleet: what the interface asks for and nothing else.

import type { StoredToken, TokenLease, TokenStore } from '../../core/token-store.ts';

/** Tokens in memory. A lease ends by its release or by its time. */
export class FixtureStore implements TokenStore {
  readonly #now: () => number;
  readonly #tokens = new Map<string, StoredToken>();
  readonly #leasedUntil = new Map<string, number>();

  constructor(now: () => number) {
    this.#now = now;
  }

  async lease(name: string, forMs: number): Promise<TokenLease | undefined> {
    if ((this.#leasedUntil.get(name) ?? 0) > this.#now()) return undefined;
    this.#leasedUntil.set(name, this.#now() + forMs);
    return {
      release: async () => {
        this.#leasedUntil.delete(name);
      },
    };
  }

  async read(name: string): Promise<StoredToken | undefined> {
    return this.#tokens.get(name);
  }

  async write(name: string, token: StoredToken): Promise<boolean> {
    if ((this.#tokens.get(name)?.version ?? 0) >= token.version) return false;
    this.#tokens.set(name, token);
    return true;
  }
}
