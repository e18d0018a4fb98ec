// The tokens of all workers, in the memory of their supervisor: one worker at a time renews a
// token, the others take what it has brought, and a refresh token outlives the worker that used it.
// What they say goes over the nameless pair of sockets of `fork`, by which each worker has been
// given the secrets of the configuration as well; it is on no disk and in no log.
// Invariant: what a worker holds ends with it.

import type { StoredToken, TokenLease, TokenStore } from '../../core/token-store.ts';

/** What a worker asks of the store; `forMs` in ms. */
export type TokenAsk =
  | { readonly op: 'lease'; readonly name: string; readonly forMs: number }
  | { readonly op: 'release'; readonly lease: number }
  | { readonly op: 'read'; readonly name: string }
  | { readonly op: 'write'; readonly name: string; readonly token: StoredToken };

interface HeldLease {
  readonly worker: object;
  readonly lease: TokenLease;
}

/** One store for several workers. Ends with the supervisor. */
export class CrewTokens {
  readonly #store: TokenStore;
  readonly #leases = new Map<number, HeldLease>();
  readonly #gone = new WeakSet();
  #leaseCount: number = 0;

  constructor(store: TokenStore) {
    this.#store = store;
  }

  /** Leases that were not given back. */
  get held(): number {
    return this.#leases.size;
  }

  /** What `worker` is told; a lease is told by its number. */
  async answer(worker: object, ask: TokenAsk): Promise<unknown> {
    switch (ask.op) {
      case 'lease':
        return this.#lease(worker, ask.name, ask.forMs);
      case 'release':
        return this.#release(worker, ask.lease);
      case 'read':
        return this.#store.read(ask.name);
      case 'write':
        return this.#store.write(ask.name, ask.token);
    }
  }

  /** This worker is gone, with whatever it was about to do. */
  left(worker: object): void {
    this.#gone.add(worker);
    for (const [id, held] of this.#leases) {
      if (held.worker === worker) void this.#release(worker, id);
    }
  }

  async #lease(worker: object, name: string, forMs: number): Promise<number | undefined> {
    const lease = await this.#store.lease(name, forMs);
    if (lease === undefined) return undefined;
    if (this.#gone.has(worker)) {
      await lease.release();
      return undefined;
    }
    this.#leaseCount += 1;
    this.#leases.set(this.#leaseCount, { worker, lease });
    return this.#leaseCount;
  }

  async #release(worker: object, id: number): Promise<void> {
    const held = this.#leases.get(id);
    if (held?.worker !== worker) return;
    this.#leases.delete(id);
    await held.lease.release();
  }
}
