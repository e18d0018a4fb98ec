// How what providers say about their limits becomes a pace. Source: resilience reference,
// section 6; the numbers of the adaptive rate are those of the AWS SDKs.

/** Rules of the pacer; one set for all targets. */
export interface PacerOptions {
  /** Calls are paced while less than this share of a limit is left. */
  readonly paceBelow: number;
  /** Calls of so much time, at the pace, may go at once, in ms; always at least one call. */
  readonly burstMs: number;
  /** A target is closed for at most this long without being tried again, in ms. */
  readonly closedMsMax: number;
  /** Tokens a call is taken to use before one of its kind has been seen. */
  readonly tokensUnknown: number;
  /** Weight of the newest call in the average of tokens. */
  readonly tokensSmoothing: number;
  /** A share that was left is shown for this long after it was said, in ms. */
  readonly ratioFreshMs: number;
  /** Credentials remembered per target, and models per credential: callers choose both. */
  readonly credentialsMax: number;
  readonly modelsMax: number;
  /** Windows of one model; more are not read. */
  readonly windowsMax: number;
  readonly adaptive: AdaptiveOptions;
  readonly room: RoomOptions;
}

/** How long an upstream is left alone that has no room and says no more; see `RoomBackOff`. */
export interface RoomOptions {
  /** The first wait, and the longest, in ms. */
  readonly waitMsMin: number;
  readonly waitMsMax: number;
}

/** Rules of the rate that is found by trial where a provider says nothing. */
export interface AdaptiveOptions {
  /** The rate is cut to this share when a call is refused. */
  readonly beta: number;
  /** Steepness of the return. */
  readonly scale: number;
  /** Weight of the newest half second in the measured rate. */
  readonly smoothing: number;
  /** Never slower than this, in calls per second. */
  readonly perSecondMin: number;
  /** After this long without a refusal the rate is free again, in ms. */
  readonly forgetMs: number;
}

/** Defaults, each with its reason. */
export const defaultPacerOptions: PacerOptions = Object.freeze({
  // Early enough that calls under way do not use up the rest, late enough to stay out of the way.
  paceBelow: 0.2,
  // What a few callers start together should not be split up.
  burstMs: 1_000,
  // Longer waits are daily quotas; a call an hour is no burden and finds a raised one.
  closedMsMax: 3_600_000,
  tokensUnknown: 1_000,
  // About the last ten calls.
  tokensSmoothing: 0.2,
  // The window of most providers.
  ratioFreshMs: 60_000,
  // With a few hundred bytes each, less than a megabyte per target at worst.
  credentialsMax: 1_024,
  modelsMax: 16,
  // Anthropic has four kinds; the IETF fields name as many policies as they like.
  windowsMax: 8,
  adaptive: Object.freeze({
    beta: 0.7,
    scale: 0.4,
    smoothing: 0.8,
    perSecondMin: 0.5,
    // The cubic has passed any former rate long before.
    forgetMs: 300_000,
  }),
  room: Object.freeze({
    // Calls that stand in the queue of a semaphore are done within seconds; one that is full for
    // longer is blocked by work of up to a minute, and half of that is early enough to look again.
    waitMsMin: 1_000,
    waitMsMax: 30_000,
  }),
});
