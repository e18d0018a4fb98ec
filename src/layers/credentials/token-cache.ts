// The token of one credential, shared by all calls of this process. token-life.ts decides; this
// file fetches, keeps the fields compiled for the token in force, and wakes the calls that wait.
// Invariant: one renewal at a time, whoever asks; each waiter is woken once for each time it waits.

import { createHash } from 'node:crypto';
import type { Clock, Timer } from '../../core/clock.ts';
import { CallError } from '../../core/errors.ts';
import { credentialEdit } from '../../core/header-edit.ts';
import type { HeaderEdit } from '../../core/header-edit.ts';
import type { Random } from '../../core/random.ts';
import { fieldsOf } from './credential-settings.ts';
import type { FieldForm } from './credential-settings.ts';
import type { CredentialsObserver, CredentialView } from './credentials-observer.ts';
import type { CredentialsOptions } from './options.ts';
import { RenewalTally } from './renewal-tally.ts';
import type { KnownToken } from './fleet-renewal.ts';
import { TokenForm } from './token-form.ts';
import { TokenLife } from './token-life.ts';
import type { RejectionVerdict } from './token-life.ts';
import { fetchFailure } from './token-source.ts';
import type { FetchedToken, FetchFailure, FetchResult, TokenSource } from './token-source.ts';

/** Told once that a renewal is over, well or not. */
export interface TokenWaiter {
  tokenSettled(): void;
}

/** What the cache is given. */
export interface TokenCacheDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly observer: CredentialsObserver;
  readonly source: TokenSource;
  /** Gets another token than the known one. Never rejects. */
  readonly fetch: (known: KnownToken) => Promise<FetchResult>;
}

/** What tells this credential from others. */
export interface TokenCacheFacts {
  readonly name: string;
  readonly kind: 'oauth' | 'command';
  readonly form: FieldForm;
  readonly ttlMs: number;
  /** The upstream takes JSON Web Tokens alone. */
  readonly jwtOnly?: boolean;
}

/** The least that a refused call is told to wait, in ms. */
const CALLER_WAIT_MS_MIN = 1_000;

/** One token. Ends with the last call that holds it. */
export class TokenCache {
  readonly #deps: TokenCacheDeps;
  readonly #facts: TokenCacheFacts;
  readonly #options: CredentialsOptions;
  readonly #life: TokenLife;
  readonly #tally: RenewalTally;
  readonly #waiters = new Set<TokenWaiter>();
  #edit: HeaderEdit | undefined = undefined;
  #renewal: number = 0;
  #beganAt: number = 0;
  #watchdog: Timer | undefined = undefined;
  #lastFailure: string = '';
  #isSkewed: boolean = false;
  readonly #form: TokenForm;

  constructor(deps: TokenCacheDeps, facts: TokenCacheFacts, options: CredentialsOptions) {
    this.#deps = deps;
    this.#facts = facts;
    this.#options = options;
    this.#form = new TokenForm(facts.jwtOnly === true);
    this.#life = new TokenLife(options.life, deps.random.next());
    this.#tally = new RenewalTally(options.renewalsPerHourMax, options.failuresInARow);
  }

  get name(): string {
    return this.#facts.name;
  }

  /** Version of the token in force. */
  get version(): number {
    return this.#life.version;
  }

  /** The fields of the token in force, or `undefined` while there is none to use. */
  ask(now: number): HeaderEdit | undefined {
    switch (this.#life.verdict(now)) {
      case 'use':
        return this.#edit;
      case 'renew':
        this.#begin(now);
        return this.#edit;
      case 'begin':
        this.#begin(now);
        return undefined;
      case 'wait':
      case 'closed':
        return undefined;
    }
  }

  /** The fields of a token that is about to end, for a call that has waited in vain. */
  lastResort(now: number): HeaderEdit | undefined {
    return this.#life.isAlive(now) ? this.#edit : undefined;
  }

  /** A renewal runs, and what it brings is worth waiting for. */
  get isRenewing(): boolean {
    return this.#life.isPromising(this.#deps.clock.now());
  }

  /** The last renewal has failed. */
  get isFailing(): boolean {
    return this.#life.failures > 0;
  }

  /** Wakes `waiter` when the renewal that runs is over, unless it leaves before. */
  wait(waiter: TokenWaiter): void {
    this.#waiters.add(waiter);
  }

  leave(waiter: TokenWaiter): void {
    this.#waiters.delete(waiter);
  }

  /** The upstream has answered 401 to this version. Begins a renewal where that may help. */
  rejected(version: number, now: number): RejectionVerdict {
    const verdict = this.#life.rejected(version, now);
    if (verdict === 'begin') this.#begin(now);
    return verdict;
  }

  /** Begins to fetch a token where there is none, so that no call has to wait for it. */
  warm(now: number): void {
    if (this.#life.verdict(now) === 'begin') this.#begin(now);
  }

  /** Configuration was read again, and says the same. */
  reopen(): void {
    this.#life.reopen();
  }

  /** What the renewal that runs may still bring is not heard any more. */
  close(): void {
    this.#renewal += 1;
    this.#watchdog?.cancel();
  }

  /** When a call could have a token, in monotonic ms; 0 = now, or after a short wait. */
  opensAt(now: number): number {
    if (this.#life.verdict(now) !== 'closed') return 0;
    // Nobody knows when a renewal that hangs is over.
    return this.#life.running ? now + CALLER_WAIT_MS_MIN : this.#life.opensAt;
  }

  /** Why a call that needs a token gets none. */
  failure(now: number): CallError {
    const { name } = this.#facts;
    const { opensAt, refused, running } = this.#life;
    const waitMs = running ? this.#options.waitMs : opensAt - now;
    const hangs = running && !this.#life.isPromising(now);
    const state = hangs ? 'Its renewal takes too long.' : 'Its renewal is not over.';
    const said = this.#lastFailure === '' ? state : this.#lastFailure;
    return new CallError(refused ? 'CREDENTIALS_REFUSED' : 'CREDENTIALS_UNAVAILABLE', {
      detail: `${name}: ${said}`,
      retryAfterMs: Math.max(CALLER_WAIT_MS_MIN, waitMs),
      ...(refused ? { shouldRetry: false } : undefined),
    });
  }

  view(now: number): CredentialView {
    const { name, kind } = this.#facts;
    const { text, version, expiresAt, failures, opensAt } = this.#life;
    return {
      name,
      kind,
      state: this.#state(now),
      fingerprint: text === undefined ? '' : fingerprintOf(text),
      version,
      remainingMs: text === undefined ? 0 : Math.max(0, expiresAt - now),
      refreshes: this.#tally.refreshes,
      failures: this.#tally.failures,
      failuresInARow: failures,
      waiting: this.#waiters.size,
      opensInMs: Math.max(0, opensAt - now),
      skewMs: Math.round(this.#deps.source.skewMs),
      lastFailure: this.#lastFailure,
      advice: this.#form.advice,
    };
  }

  #state(now: number): CredentialView['state'] {
    const { refused, failures, running } = this.#life;
    if (refused) return 'refused';
    if (failures > 0) return 'failing';
    if (running) return 'renewing';
    return this.#life.isAlive(now) ? 'good' : 'empty';
  }

  #begin(now: number): void {
    const { clock } = this.#deps;
    const { text, expiresAt, dropped } = this.#life;
    this.#life.begin(now);
    this.#renewal += 1;
    this.#beganAt = now;
    const renewal = this.#renewal;
    this.#watchdog = clock.after(this.#options.renewalMsMax, () => {
      this.#settle(renewal, fetchFailure('timeout', 'The renewal of the token took too long.'));
    });
    const leftMs = text === undefined || dropped ? 0 : Math.max(0, expiresAt - now);
    void this.#renew(renewal, { text, leftMs });
  }

  async #renew(renewal: number, known: KnownToken): Promise<void> {
    let result: FetchResult;
    try {
      result = await this.#deps.fetch(known);
    } catch (bug) {
      this.#settle(renewal, fetchFailure('broken', 'A defect ended the renewal of the token.'));
      throw bug;
    }
    this.#settle(renewal, result);
  }

  #settle(renewal: number, result: FetchResult): void {
    // What was given up for taking too long may still come; its successor counts.
    if (renewal !== this.#renewal || !this.#life.running) return;
    this.#watchdog?.cancel();
    const now = this.#deps.clock.now();
    if (result.ok) this.#succeeded(result, now);
    else this.#failed(result, now);
    // After a stale answer the next renewal has begun already, and everybody waits on.
    if (!this.#life.running) this.#wake();
  }

  #succeeded({ text, lifetimeMs }: FetchedToken, now: number): void {
    const { observer, source } = this.#deps;
    const { name, form } = this.#facts;
    const lifeMs = lifetimeMs ?? this.#facts.ttlMs;
    const result = this.#life.issued(text, lifeMs, source.skewMs, now);
    if (result === 'new') this.#edit = credentialEdit(fieldsOf(form, text));
    this.#lastFailure = '';
    observer.refreshed(name, now - this.#beganAt, lifeMs);
    for (const warning of [this.#tally.renewed(now), this.#form.issued(text)]) {
      if (warning !== undefined) observer.warned(name, warning);
    }
    this.#lookAtClock(source.skewMs);
    if (result === 'stale') this.#begin(now);
  }

  #failed(failure: FetchFailure, now: number): void {
    const { observer, random } = this.#deps;
    const { name } = this.#facts;
    const life = this.#life;
    if (failure.cause === 'refused') life.refuse(now);
    else life.failed(failure.retryAfterMs, random.next(), now);
    this.#lastFailure = failure.words;
    observer.refreshFailed(name, failure, life.failures);
    const warning = this.#tally.failed(life.failures);
    if (warning !== undefined) observer.warned(name, warning);
  }

  #lookAtClock(skewMs: number): void {
    const { observer } = this.#deps;
    const { name } = this.#facts;
    if (skewMs !== 0) observer.skew(name, skewMs);
    const isSkewed = Math.abs(skewMs) > this.#options.skewMsMax;
    if (isSkewed && !this.#isSkewed) observer.warned(name, 'clock-skew');
    this.#isSkewed = isSkewed;
  }

  #wake(): void {
    let firstBug: { readonly bug: unknown } | undefined;
    // A copy, because who is woken may wait again.
    for (const waiter of [...this.#waiters]) {
      // Who was woken before may have made this one leave.
      if (!this.#waiters.delete(waiter)) continue;
      try {
        waiter.tokenSettled();
      } catch (bug) {
        // The others must not be left waiting for it.
        firstBug ??= { bug };
      }
    }
    if (firstBug !== undefined) throw firstBug.bug;
  }
}

/** Enough to tell two tokens apart, too little to find one. */
function fingerprintOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}
