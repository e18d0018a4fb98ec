// What others may learn about stored credentials: events as they happen, and a listing. Names come
// from configuration and are fit for labels. No secret and no token is ever among them.

import type { RenewalWarning } from './renewal-tally.ts';
import type { FetchFailure } from './token-source.ts';

/** Hears of changes. */
export interface CredentialsObserver {
  /** A token came after `tookMs`, with so much life left. */
  refreshed(name: string, tookMs: number, lifetimeMs: number): void;
  /**
   * No token came, for the `consecutive`-th time in a row. `cause` is fit for a label, `words` and
   * `explanation` for the log.
   */
  refreshFailed(name: string, failure: FetchFailure, consecutive: number): void;
  /** A 401 was kept from the caller, and the call made again with another token. */
  replayedAfter401(name: string): void;
  /** A call waited this long for a token, or in vain. */
  waited(name: string, ms: number): void;
  /** The clock of the endpoint is ahead of ours by this. */
  skew(name: string, ms: number): void;
  /** Something that a person should look at. */
  warned(name: string, what: RenewalWarning): void;
  /** A file with a secret could not be used; what it held before, if anything, stays in use. */
  fileUnreadable(name: string, facts: FileFacts): void;
}

/** What is wrong with a file. */
export interface FileFacts {
  readonly path: string;
  /** The end of a sentence that begins with the file. */
  readonly fault: string;
  /** An earlier content of it is used. */
  readonly inUse: boolean;
}

/** For who does not want to know. */
export const silentCredentialsObserver: CredentialsObserver = Object.freeze({
  refreshed() {},
  refreshFailed() {},
  replayedAfter401() {},
  waited() {},
  skew() {},
  warned() {},
  fileUnreadable() {},
});

/** The credentials of one upstream as the admin page shows them. */
export interface CredentialView {
  readonly name: string;
  readonly kind: 'fixed' | 'file' | 'oauth' | 'command';
  readonly state: 'good' | 'renewing' | 'failing' | 'refused' | 'empty';
  /** First eight hex digits of the SHA-256 of a token; '' where nothing random is held. */
  readonly fingerprint: string;
  readonly version: number;
  /** Life that is left, in ms; `undefined` = it does not end. */
  readonly remainingMs: number | undefined;
  readonly refreshes: number;
  readonly failures: number;
  readonly failuresInARow: number;
  /** Calls that wait for a token. */
  readonly waiting: number;
  /** The next renewal may begin in this time, in ms; 0 = at once. */
  readonly opensInMs: number;
  readonly skewMs: number;
  /** How the last renewal failed, '' since one went well. */
  readonly lastFailure: string;
  /** What a person should change though renewals go well; '' = nothing. */
  readonly advice: string;
}
