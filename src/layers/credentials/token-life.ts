// The life of one token: when it is used, when a better one is fetched, and how long its endpoint
// is left alone. Decides only; token-cache.ts fetches. Pure: time and randomness are passed in.
// Invariants: one renewal at a time; none before `opensAt`; an expired or dropped token is never
// used; the version grows with each new text and with nothing else.

import type { TokenLifeOptions } from './options.ts';

/**
 * What a call that needs the token is to do.
 * - `use`: it is good
 * - `renew`: it is good, and a renewal in the background should begin
 * - `begin`: there is none to use; a renewal should begin, and the call waits for it
 * - `wait`: there is none to use, or only a risky one; the call waits for the renewal that runs
 * - `closed`: there is none to use, and waiting is no use: no renewal may begin before `opensAt`,
 *   or the one that runs has hung for as long as a call may wait
 */
export type TokenVerdict = 'use' | 'renew' | 'begin' | 'wait' | 'closed';

/**
 * What follows from a 401 to a token.
 * - `newer`: another token is here already
 * - `begin`: the token is dropped; a renewal should begin
 * - `wait`: the token is dropped; a renewal runs
 * - `pass`: nothing is to be gained by another token
 */
export type RejectionVerdict = 'newer' | 'begin' | 'wait' | 'pass';

/**
 * What a renewal has brought: another text, the same one, or (`stale`) a text that was rejected
 * while the renewal was under way already, so that the endpoint should be asked once more.
 */
export type RenewalResult = 'new' | 'same' | 'stale';

/** A shorter life is not believed, in ms: some endpoints round down the last second. */
const LIFE_MS_MIN = 1_000;

/** One token and its successors. */
export class TokenLife {
  /** 0 before the first token. */
  version: number = 0;
  text: string | undefined = undefined;
  /** Its real end, in monotonic ms. */
  expiresAt: number = Number.NEGATIVE_INFINITY;
  /** From here on it is renewed in the background, in monotonic ms ... */
  renewAt: number = Number.NEGATIVE_INFINITY;
  /** ... and from here on new calls wait for its successor. */
  useUntil: number = Number.NEGATIVE_INFINITY;
  /** A 401 has come to it, and no renewal has confirmed it since. */
  dropped: boolean = false;
  /** A renewal is under way. */
  running: boolean = false;
  /** No renewal begins before, in monotonic ms. */
  opensAt: number = Number.NEGATIVE_INFINITY;
  /** Renewals that failed in a row. */
  failures: number = 0;
  /** The last renewal was refused for good. */
  refused: boolean = false;
  #refusals: number = 0;
  #beganAt: number = Number.NEGATIVE_INFINITY;
  #forced: boolean = false;
  #forcedAt: number = Number.NEGATIVE_INFINITY;
  readonly #options: TokenLifeOptions;
  readonly #share: number;

  /** `share` in [0, 1): how early within the jitter this one is renewed. */
  constructor(options: TokenLifeOptions, share: number) {
    this.#options = options;
    this.#share = share;
  }

  /** What a call is to do now. Changes nothing. */
  verdict(now: number): TokenVerdict {
    const usable = this.text !== undefined && !this.dropped;
    if (usable && now < this.renewAt) return 'use';
    const mayBegin = !this.running && now >= this.opensAt;
    if (usable && now < this.useUntil) return mayBegin ? 'renew' : 'use';
    if (this.isPromising(now)) return 'wait';
    if (mayBegin) return 'begin';
    // The margin is there for a better token. Where none can be had, a risky one beats none.
    return this.isAlive(now) ? 'use' : 'closed';
  }

  /** The token could still be sent, if need be. */
  isAlive(now: number): boolean {
    return this.text !== undefined && !this.dropped && now < this.expiresAt;
  }

  /** A renewal runs, and has not taken so long yet that its endpoint hangs, most likely. */
  isPromising(now: number): boolean {
    return this.running && now < this.#beganAt + this.#options.patienceMs;
  }

  /** A renewal begins. */
  begin(now: number): void {
    this.running = true;
    this.#beganAt = now;
    this.#forced = this.dropped;
  }

  /** The renewal has brought a token with this much life left. `skewMs` = clocks differ by this. */
  issued(text: string, lifetimeMs: number, skewMs: number, now: number): RenewalResult {
    const isSame = text === this.text;
    const isStale = isSame && this.dropped && !this.#forced;
    const leftMs = Math.max(lifetimeMs, LIFE_MS_MIN);
    this.running = false;
    this.failures = 0;
    this.refused = false;
    this.#refusals = 0;
    this.text = text;
    this.dropped = isStale;
    if (!isSame) this.version += 1;
    this.#mark(leftMs, skewMs, now);
    // Some endpoints give out the same token until it ends: asking again at once is no use.
    this.opensAt = isStale ? now : now + Math.min(this.#options.pauseMs, leftMs / 2);
    if (isStale) return 'stale';
    return isSame ? 'same' : 'new';
  }

  /** The renewal has failed. `waitMs`: the endpoint asks for as much, 0 = nothing. */
  failed(waitMs: number, share: number, now: number): void {
    const { pauseMs, pauseMsMax, pauseSpread } = this.#options;
    this.running = false;
    this.refused = false;
    this.failures += 1;
    const grown = Math.min(pauseMsMax, pauseMs * 2 ** Math.min(this.failures - 1, 30));
    const spread = grown * (1 - pauseSpread + 2 * pauseSpread * share);
    this.opensAt = now + Math.max(spread, waitMs);
    // One 401 is no proof, and there is nothing to replace the token with.
    this.dropped = false;
  }

  /** The endpoint has refused us, and asking again will not help. */
  refuse(now: number): void {
    const { refusedPauseMs, refusedPauseMsMax } = this.#options;
    this.running = false;
    this.refused = true;
    this.failures += 1;
    this.opensAt = now + Math.min(refusedPauseMsMax, refusedPauseMs * 2 ** this.#refusals);
    this.#refusals = Math.min(this.#refusals + 1, 30);
  }

  /** The upstream has answered 401 to this version. */
  rejected(version: number, now: number): RejectionVerdict {
    if (version !== this.version) return 'newer';
    if (this.running) {
      this.dropped = true;
      return 'wait';
    }
    // What was dropped and is still here could not be replaced.
    if (this.dropped) return now >= this.opensAt ? 'begin' : 'pass';
    if (now < this.opensAt || now < this.#forcedAt + this.#options.forcedGapMs) return 'pass';
    this.dropped = true;
    this.#forcedAt = now;
    return 'begin';
  }

  /** Configuration was read again: what was refused may be right now. */
  reopen(): void {
    this.opensAt = Number.NEGATIVE_INFINITY;
    this.refused = false;
    this.#refusals = 0;
  }

  #mark(leftMs: number, skewMs: number, now: number): void {
    const { advisoryMs, advisoryShare, jitterMs, jitterShare, mandatoryMs } = this.#options;
    const base = Math.min(advisoryMs, leftMs * advisoryShare);
    const jitter = this.#share * Math.min(jitterMs, leftMs * jitterShare);
    // Whoever checks the token may be ahead of us by as much. More than a part of its life is not
    // given away for it: then the token could not be used at all.
    const skew = Math.min(Math.abs(skewMs), leftMs / 4);
    this.expiresAt = now + leftMs;
    this.renewAt = this.expiresAt - base - jitter - skew;
    // Below the advisory time by half, or short lives would have no time between the two.
    this.useUntil = this.expiresAt - Math.min(mandatoryMs, base / 2) - skew;
  }
}
