// One renewal as a fleet sees it: whoever holds the lease asks the endpoint, the others adopt what
// it writes. The lease saves requests and nothing depends on it: with the store gone, each process
// asks for itself; only a refresh token that rotates is left alone for as long as one can do
// without a new token, because two owners of it would end the grant.

import type { Clock } from '../../core/clock.ts';
import type { Random } from '../../core/random.ts';
import type { StoredToken, TokenLease, TokenStore } from '../../core/token-store.ts';
import type { CredentialsOptions } from './options.ts';
import { pauseFor, within } from './pause-for.ts';
import { fetchFailure, isSendable } from './token-source.ts';
import type { FetchedToken, FetchResult, TokenSource } from './token-source.ts';

/** What is given to it. */
export interface FleetRenewalDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly source: TokenSource;
  readonly store: TokenStore;
}

/** The token that is to be replaced. */
export interface KnownToken {
  readonly text: string | undefined;
  /** What is left of its life, in ms; 0 for one that was rejected. */
  readonly leftMs: number;
}

/** The renewals of one credential. */
export class FleetRenewal {
  readonly #deps: FleetRenewalDeps;
  readonly #name: string;
  readonly #ttlMs: number;
  readonly #options: CredentialsOptions;

  /**
   * `name` tells this credential and its configuration apart in the store; `ttlMs` is the life of
   * tokens that do not say how long it is.
   */
  constructor(deps: FleetRenewalDeps, name: string, ttlMs: number, options: CredentialsOptions) {
    this.#deps = deps;
    this.#name = name;
    this.#ttlMs = ttlMs;
    this.#options = options;
  }

  /** Another token than the known one, from the store or from the source. */
  async fetch(known: KnownToken): Promise<FetchResult> {
    const { clock, random } = this.#deps;
    const { leaseMs, pollMsMax, pollMsMin } = this.#options;
    const until = clock.now() + leaseMs;
    for (;;) {
      const stored = await this.#read();
      if (stored === 'down') return this.#alone(known);
      const adopted = this.#adopted(stored, known);
      if (adopted !== undefined) return adopted;
      const lease = await this.#lease();
      if (lease === 'down') return this.#alone(known);
      if (lease !== 'busy') return this.#withLease(lease, known);
      if (clock.now() >= until) return this.#alone(known);
      await pauseFor(clock, pollMsMin + random.next() * (pollMsMax - pollMsMin));
    }
  }

  async #withLease(lease: TokenLease, known: KnownToken): Promise<FetchResult> {
    const { clock, source } = this.#deps;
    try {
      // Its last holder may have written between our look and our lease.
      const stored = await this.#read();
      if (stored === 'down') return await this.#alone(known);
      const adopted = this.#adopted(stored, known);
      if (adopted !== undefined) return adopted;
      if (stored?.refreshToken !== undefined) source.adopt(stored.refreshToken);
      const result = await source.fetch();
      if (result.ok) await this.#write(result, stored);
      return result;
    } finally {
      void within(clock, this.#options.storeMs, released(lease));
    }
  }

  /** Without the others. */
  #alone(known: KnownToken): Promise<FetchResult> {
    const { source } = this.#deps;
    if (!source.rotates || known.leftMs <= this.#options.life.mandatoryMs) return source.fetch();
    const words =
      'The shared store is out of reach, and the refresh token has one owner at a time.';
    return Promise.resolve(fetchFailure('unreachable', words));
  }

  #adopted(stored: StoredToken | undefined, known: KnownToken): FetchedToken | undefined {
    if (stored === undefined || stored.text === known.text) return undefined;
    const leftMs = stored.expiresAtWall - this.#deps.clock.wallNow();
    const isBetter = leftMs > known.leftMs && leftMs > this.#options.life.mandatoryMs;
    if (!isBetter || !isSendable(stored.text)) return undefined;
    return { ok: true, text: stored.text, lifetimeMs: leftMs };
  }

  async #write(fetched: FetchedToken, before: StoredToken | undefined): Promise<void> {
    const { clock, store } = this.#deps;
    const { text, lifetimeMs } = fetched;
    const expiresAtWall = clock.wallNow() + (lifetimeMs ?? this.#ttlMs);
    const token = { text, expiresAtWall, version: (before?.version ?? 0) + 1 };
    // An answer without a refresh token leaves the last one in force.
    const refreshToken = fetched.refreshToken ?? before?.refreshToken;
    const stored = refreshToken === undefined ? token : { ...token, refreshToken };
    const written = attempted(() => store.write(this.#name, stored));
    await within(clock, this.#options.storeMs, written);
  }

  async #read(): Promise<StoredToken | undefined | 'down'> {
    const { clock, store } = this.#deps;
    const asked = attempted(() => store.read(this.#name)).then((token) => ({ token }));
    const found = await within(clock, this.#options.storeMs, asked);
    return found === undefined ? 'down' : found.token;
  }

  async #lease(): Promise<TokenLease | 'busy' | 'down'> {
    const { clock, source, store } = this.#deps;
    const { leaseMs, renewalMsMax, storeMs } = this.#options;
    // Two owners of a refresh token are worse than a long wait.
    const forMs = source.rotates ? Math.max(leaseMs, renewalMsMax) : leaseMs;
    const asked = attempted(() => store.lease(this.#name, forMs)).then((lease) => ({ lease }));
    const found = await within(clock, storeMs, asked);
    return found === undefined ? 'down' : (found.lease ?? 'busy');
  }
}

/** A store that throws at once fails like one that rejects. */
async function attempted<T>(run: () => Promise<T>): Promise<T> {
  return run();
}

async function released(lease: TokenLease): Promise<void> {
  await lease.release();
}
