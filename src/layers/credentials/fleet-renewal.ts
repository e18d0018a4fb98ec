// One renewal as a fleet sees it: whoever holds the lease asks the endpoint, the others adopt what
// it writes. The lease saves requests and nothing depends on it: with the store gone, each process
// asks for itself.
// Invariant: a refresh token is used by whoever holds its lease and by nobody else, because a
// second use of one that rotates ends the grant. Without the store it is not used at all.

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

/** What is shared, and under which names; none holds a secret. */
export interface FleetNames {
  /** Tells the tokens of this configuration apart. */
  readonly token: string;
  /** Tells the refresh token apart that they come from; the same for all who use it. */
  readonly grant?: string;
}

/** How long a refresh token is kept, in ms; nobody says how long it lives. */
const REFRESH_TOKEN_MS = 31_536_000_000;

/** The token that is to be replaced. */
export interface KnownToken {
  readonly text: string | undefined;
  /** What is left of its life, in ms; 0 for one that was rejected. */
  readonly leftMs: number;
}

/** The renewals of one credential. */
export class FleetRenewal {
  readonly #deps: FleetRenewalDeps;
  readonly #names: FleetNames;
  readonly #ttlMs: number;
  readonly #options: CredentialsOptions;

  /** `ttlMs`: the life of tokens that do not say how long it is. */
  constructor(
    deps: FleetRenewalDeps,
    names: FleetNames,
    ttlMs: number,
    options: CredentialsOptions,
  ) {
    this.#deps = deps;
    this.#names = names;
    this.#ttlMs = ttlMs;
    this.#options = options;
  }

  /** Another token than the known one, from the store or from the source. */
  async fetch(known: KnownToken): Promise<FetchResult> {
    const { clock, random } = this.#deps;
    const { pollMsMax, pollMsMin } = this.#options;
    const until = clock.now() + this.#leaseMs;
    for (;;) {
      const stored = await this.#read(this.#names.token);
      if (stored === 'down') return this.#alone(OUT_OF_REACH);
      const adopted = this.#adopted(stored, known);
      if (adopted !== undefined) return adopted;
      const lease = await this.#lease();
      if (lease === 'down') return this.#alone(OUT_OF_REACH);
      if (lease !== 'busy') return this.#withLease(lease, known);
      if (clock.now() >= until) return this.#alone(HELD);
      await pauseFor(clock, pollMsMin + random.next() * (pollMsMax - pollMsMin));
    }
  }

  async #withLease(lease: TokenLease, known: KnownToken): Promise<FetchResult> {
    const { clock, source } = this.#deps;
    const { grant, token } = this.#names;
    try {
      // Its last holder may have written between our look and our lease.
      const stored = await this.#read(token);
      if (stored === 'down') return await this.#alone(OUT_OF_REACH);
      const adopted = this.#adopted(stored, known);
      if (adopted !== undefined) return adopted;
      const chain = grant === undefined ? undefined : await this.#read(grant);
      if (chain === 'down') return await this.#alone(OUT_OF_REACH);
      if (chain?.refreshToken !== undefined) source.adopt(chain.refreshToken);
      const result = await source.fetch();
      if (result.ok) {
        // First what cannot be had again.
        await this.#writeRefreshToken(result, chain);
        await this.#write(token, this.#shared(result, stored));
      }
      return result;
    } finally {
      void within(clock, this.#options.storeMs, released(lease));
    }
  }

  /** Without the others. `why` is told where that must not be. */
  #alone(why: string): Promise<FetchResult> {
    const { source } = this.#deps;
    return source.rotates ? Promise.resolve(fetchFailure('unreachable', why)) : source.fetch();
  }

  #adopted(stored: StoredToken | undefined, known: KnownToken): FetchedToken | undefined {
    if (stored === undefined || stored.text === known.text) return undefined;
    const { advisoryShare, mandatoryMs } = this.#options.life;
    const leftMs = stored.expiresAtWall - this.#deps.clock.wallNow();
    // What a call would not be sent with any more; a share of short lives, as in token-life.ts.
    const riskyMs = Math.min(mandatoryMs, ((stored.lifetimeMs ?? Infinity) * advisoryShare) / 2);
    const isBetter = leftMs > known.leftMs && leftMs > riskyMs;
    if (!isBetter || !isSendable(stored.text)) return undefined;
    return { ok: true, text: stored.text, lifetimeMs: leftMs };
  }

  #shared({ text, lifetimeMs }: FetchedToken, before: StoredToken | undefined): StoredToken {
    const lifeMs = lifetimeMs ?? this.#ttlMs;
    const expiresAtWall = this.#deps.clock.wallNow() + lifeMs;
    return { text, expiresAtWall, lifetimeMs: lifeMs, version: (before?.version ?? 0) + 1 };
  }

  /** An answer without a refresh token leaves the last one in force. */
  async #writeRefreshToken(
    { refreshToken }: FetchedToken,
    before: StoredToken | undefined,
  ): Promise<void> {
    const { grant } = this.#names;
    if (grant === undefined || refreshToken === undefined) return;
    const expiresAtWall = this.#deps.clock.wallNow() + REFRESH_TOKEN_MS;
    const version = (before?.version ?? 0) + 1;
    await this.#write(grant, { text: '', expiresAtWall, version, refreshToken });
  }

  async #write(name: string, token: StoredToken): Promise<void> {
    const { clock, store } = this.#deps;
    const written = attempted(() => store.write(name, token));
    await within(clock, this.#options.storeMs, written);
  }

  async #read(name: string): Promise<StoredToken | undefined | 'down'> {
    const { clock, store } = this.#deps;
    const asked = attempted(() => store.read(name)).then((token) => ({ token }));
    const found = await within(clock, this.#options.storeMs, asked);
    return found === undefined ? 'down' : found.token;
  }

  async #lease(): Promise<TokenLease | 'busy' | 'down'> {
    const { clock, store } = this.#deps;
    const name = this.#names.grant ?? this.#names.token;
    let isLate = false;
    const asked = attempted(() => store.lease(name, this.#leaseMs)).then(async (lease) => {
      // Nobody would use it any more, and all others would wait for its end.
      if (isLate) await lease?.release();
      return { lease };
    });
    const found = await within(clock, this.#options.storeMs, asked);
    isLate = found === undefined;
    return found === undefined ? 'down' : (found.lease ?? 'busy');
  }

  /** Two owners of a refresh token are worse than a long wait. */
  get #leaseMs(): number {
    const { leaseMs, renewalMsMax } = this.#options;
    return this.#deps.source.rotates ? Math.max(leaseMs, renewalMsMax) : leaseMs;
  }
}

const OUT_OF_REACH =
  'The shared state is out of reach, and the refresh token has one owner at a time.';
const HELD = 'Another process has held the refresh token for too long.';

/** A store that throws at once fails like one that rejects. */
async function attempted<T>(run: () => Promise<T>): Promise<T> {
  return run();
}

async function released(lease: TokenLease): Promise<void> {
  await lease.release();
}
