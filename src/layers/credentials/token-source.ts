// Where tokens come from: what every kind of credential that fetches them has to answer. Failures
// are values, with words that are fit to be logged and shown: no secret is ever in them.

/** Why a renewal failed; a closed list, fit for labels. */
export type RenewalFailureCause =
  | 'refused' // It knows us and says no: wrong secret, wrong password, revoked grant.
  | 'unreachable' // No answer: network, TLS, time.
  | 'throttled' // 429.
  | 'broken' // 5xx.
  | 'bad-answer' // An answer without a token that can be sent.
  | 'timeout' // The renewal as a whole took too long.
  | 'command'; // The helper program failed.

/** A token with what is known of its end. */
export interface FetchedToken {
  readonly ok: true;
  readonly text: string;
  /** Life that is left, in ms; `undefined` = nobody said. */
  readonly lifetimeMs: number | undefined;
  /** The newest refresh token, where the grant has one. */
  readonly refreshToken?: string;
}

/** No token. */
export interface FetchFailure {
  readonly ok: false;
  readonly cause: RenewalFailureCause;
  /** A sentence for log and caller. */
  readonly words: string;
  /** The endpoint asks to be left alone for this long, in ms; 0 = it does not say. */
  readonly retryAfterMs: number;
  /** What the endpoint itself says of it, for the log alone: it may name accounts. */
  readonly explanation: string;
}

/** What a fetch has brought. */
export type FetchResult = FetchedToken | FetchFailure;

/** A way to get a token. */
export interface TokenSource {
  /** The clock of the other side is ahead of ours by this, in ms; 0 = not known. */
  readonly skewMs: number;
  /**
   * Each fetch uses up what the last one left behind (a refresh token that rotates), so it has to
   * be known to whoever fetches next.
   */
  readonly rotates: boolean;
  /** A shared store knows a newer refresh token than this process does. */
  adopt(refreshToken: string): void;
  /** Fetches one. Never throws or rejects. */
  fetch(): Promise<FetchResult>;
}

/** Makes a failure. */
export function fetchFailure(
  cause: RenewalFailureCause,
  words: string,
  retryAfterMs: number = 0,
): FetchFailure {
  return { ok: false, cause, words, retryAfterMs, explanation: '' };
}

/** Longest token that is sent, in characters; a head of requests is not longer. */
const TOKEN_CHARS_MAX = 16_384;

/** What is said of a text that cannot be sent; the text itself is said nowhere. */
export const UNSENDABLE =
  'what no header can carry as a secret: spaces, line breaks, other characters than ASCII, or too much';

/** Whether a text can be sent in a header as it is. */
export function isSendable(text: string): boolean {
  return text.length <= TOKEN_CHARS_MAX && /^[\x21-\x7e]+$/.test(text);
}
