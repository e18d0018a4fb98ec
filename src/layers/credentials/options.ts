// How long before its end a token is renewed, how long a call may wait for one, and how often a
// token endpoint may be asked. Sources: the token cache of Anthropic's SDKs (two thresholds and a
// pause), RFC 6749, and incidents in which a locked refresh stalled every worker.

/** Rules of a token's life; times in ms. */
export interface TokenLifeOptions {
  /** Renewed in the background when this much of its life is left ... */
  readonly advisoryMs: number;
  /** ... or this share of it, whichever is less ... */
  readonly advisoryShare: number;
  /** ... plus a random part of this, drawn once per credential and process ... */
  readonly jitterMs: number;
  /** ... or of this share of its life, whichever is less. */
  readonly jitterShare: number;
  /** Not used for new calls when this much is left, while a renewal may bring a better one. */
  readonly mandatoryMs: number;
  /** No call begins to wait for a renewal that has run for this long. */
  readonly patienceMs: number;
  /** Pause after a renewal that failed; doubled with each further failure ... */
  readonly pauseMs: number;
  readonly pauseMsMax: number;
  /** ... and spread by this share to both sides. */
  readonly pauseSpread: number;
  /** Pause after the endpoint has refused us for good; doubled with each further refusal. */
  readonly refusedPauseMs: number;
  readonly refusedPauseMsMax: number;
  /** Least time between two renewals that a 401 has asked for. */
  readonly forcedGapMs: number;
}

/** Defaults, each with its reason. */
export const defaultTokenLifeOptions: TokenLifeOptions = Object.freeze({
  // The values of Anthropic's SDK: two minutes outlast most troubles of a token endpoint.
  advisoryMs: 120_000,
  // A token of a minute would otherwise be renewed all the time.
  advisoryShare: 0.2,
  // The processes of a fleet got their tokens together and must not renew them together.
  jitterMs: 60_000,
  jitterShare: 0.1,
  // A call on its way when its token ends is refused; a slow upload takes that long.
  mandatoryMs: 30_000,
  // As long as one call may wait: behind an endpoint that hangs every further one would as well,
  // and those that wait would be as many as come in that time.
  patienceMs: 5_000,
  // Failing endpoints are left alone, but not for longer than the advisory time allows.
  pauseMs: 5_000,
  pauseMsMax: 60_000,
  pauseSpread: 0.2,
  // Wrong passwords lock accounts: one attempt a minute at first, later four an hour.
  refusedPauseMs: 60_000,
  refusedPauseMsMax: 900_000,
  // A path that answers 401 to everybody must not make the endpoint hand out a token per call.
  forcedGapMs: 60_000,
});

/** Rules of the layer; times in ms. */
export interface CredentialsOptions {
  readonly life: TokenLifeOptions;
  /** A call waits this long for a token, then it is refused. */
  readonly waitMs: number;
  /** A renewal that takes longer counts as failed. */
  readonly renewalMsMax: number;
  /** A 401 that is to be replaced is read for this long after its head ... */
  readonly refusalMs: number;
  /** ... and this far, in bytes, so that its connection can serve again. */
  readonly refusalBytes: number;
  /** Life of a token that does not say how long it lives, unless configuration does. */
  readonly ttlMs: number;
  /** Attempts at the token endpoint within one renewal. */
  readonly attemptsMax: number;
  /** Base of the wait between them; doubled each time, then drawn from 0 up ... */
  readonly attemptBaseMs: number;
  /** ... and never above this. A longer Retry-After ends the renewal. */
  readonly attemptMsMax: number;
  /** The right to renew for a fleet is taken for this long. */
  readonly leaseMs: number;
  /** While another process renews, its result is looked for at intervals in these bounds. */
  readonly pollMsMin: number;
  readonly pollMsMax: number;
  /** Longest time that the shared store is waited for. */
  readonly storeMs: number;
  /** More renewals within an hour than this are a matter for a person ... */
  readonly renewalsPerHourMax: number;
  /** ... and so are this many failures in a row. */
  readonly failuresInARow: number;
  /** Clocks that differ by more than this are a matter for a person, too. */
  readonly skewMsMax: number;
  /** A file with a secret is looked at no more often than this. */
  readonly fileCheckMs: number;
}

/** Defaults, each with its reason. */
export const defaultCredentialsOptions: CredentialsOptions = Object.freeze({
  life: defaultTokenLifeOptions,
  // Long enough for a slow endpoint, short enough that nobody takes it for a hang.
  waitMs: 5_000,
  // Another process' turn, three attempts of ten seconds and the waits between them take less.
  renewalMsMax: 60_000,
  // As in retry: error bodies come with their head.
  refusalMs: 1_000,
  refusalBytes: 64 * 1024,
  // The life that ServiceNow gives; a token that ends sooner is found out by a 401.
  ttlMs: 1_800_000,
  attemptsMax: 3,
  attemptBaseMs: 250,
  attemptMsMax: 5_000,
  leaseMs: 15_000,
  // Nobody waits for the poll of a renewal in the background; 200 ms is little for who does.
  pollMsMin: 50,
  pollMsMax: 200,
  // A store that hangs must not cost more than one attempt at the endpoint would.
  storeMs: 500,
  // A token of half an hour needs two; ten mean that something discards good tokens.
  renewalsPerHourMax: 10,
  failuresInARow: 3,
  // Tokens are checked against the other side's clock, and 30 s are kept in hand.
  skewMsMax: 5_000,
  // Kubernetes replaces mounted secrets within a minute; five seconds add little to that.
  fileCheckMs: 5_000,
});
