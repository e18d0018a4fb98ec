// When an attempt is made again, and how much of that is too much. Sources: the documentation of
// AWS, gRPC, Finagle and Envoy, as weighed in the resilience reference, section 3.

/** Rules of one route. */
export interface RetryOptions {
  /** Attempts of one call, the first included; 1 = never again. */
  readonly attemptsMax: number;
  /** An answer is held back until its first content, but no more of it than this, in bytes ... */
  readonly gateBytes: number;
  /** ... and for no longer than this after its head, in ms. */
  readonly gateMs: number;
  /** A refusal is read to its end before it is dropped, for at most this long, in ms. */
  readonly refusalMs: number;
  /** Base of the wait after a broken attempt, in ms; doubled each time, then drawn from 0 up. */
  readonly brokenBaseMs: number;
  /** The same after a refusal for load. */
  readonly refusedBaseMs: number;
  readonly backoffMsMax: number;
  /** A longer Retry-After is the caller's business, in ms. */
  readonly retryAfterMsMax: number;
  /** A wait asked for is lengthened by up to this share, and at most so many ms. */
  readonly retryAfterSpread: number;
  readonly retryAfterSpreadMsMax: number;
  /** An attempt that only the number of others keeps from being made waits so long, in ms ... */
  readonly permitWaitMs: number;
  /** ... and asks about this often, in ms. */
  readonly permitAskMs: number;
}

/** Defaults, each with its reason. */
export const defaultRetryOptions: RetryOptions = Object.freeze({
  // AWS's standard; official SDKs make three as well. What fails thrice is not bad luck.
  attemptsMax: 3,
  // Everything in front of the first content: heads of messages, pings, error events.
  gateBytes: 64 * 1024,
  // Long enough for an error event that follows a slow start, short enough for a human.
  gateMs: 10_000,
  // Error bodies come with their head; one that does not is not worth its connection.
  refusalMs: 1_000,
  // AWS's values since 2026: what broke once is often well at once, what is overloaded is not.
  brokenBaseMs: 50,
  refusedBaseMs: 1_000,
  backoffMsMax: 8_000,
  // Whoever is told to wait longer than a minute has other things to do meanwhile.
  retryAfterMsMax: 60_000,
  // All callers were told the same instant.
  retryAfterSpread: 0.1,
  retryAfterSpreadMsMax: 1_000,
  // The rule is made for streams that last; where calls are short a place is free in less.
  permitWaitMs: 1_000,
  permitAskMs: 20,
});

/** How many retries an upstream may get; one budget for all routes to it. */
export interface RetryBudgetOptions {
  /** Retries earned by each call. */
  readonly ratio: number;
  /** What is earned and spent counts for this long, in ms; ten slots. */
  readonly windowMs: number;
  /** Retries allowed each second however few calls there are. */
  readonly reservePerSecond: number;
  /**
   * Replays of requests that were not read by all appearances are free up to so many in a window.
   */
  readonly freeReplays: number;
  /** Calls between two attempts or in a further one: at most this share of all that run ... */
  readonly concurrentShare: number;
  /** ... or so many. */
  readonly concurrentMin: number;
  /** Retries stop while the tokens are at half or below; a failure takes one ... */
  readonly throttleTokens: number;
  /** ... and a success gives this much of one back. */
  readonly throttleReturn: number;
}

/** Defaults, each with its reason. */
export const defaultRetryBudgetOptions: RetryBudgetOptions = Object.freeze({
  // Finagle's: a fifth more load is what a healthy upstream can take.
  ratio: 0.2,
  windowMs: 10_000,
  // Finagle's 10 would be most of the load at the rates of models.
  reservePerSecond: 1,
  // A restart or an idle limit takes that many connections; more of them are load like any other.
  freeReplays: 10,
  // Envoy's: rates mean little where calls last minutes, so that calls in flight count as well.
  concurrentShare: 0.2,
  concurrentMin: 3,
  // gRPC's throttle (gRFC A6), which stops retries outright in an outage. Its return of 0.1 closes
  // it at one failure in eleven, so that callers see 14 % failures of an upstream that fails 15 %
  // of its calls; with 0.5, which closes at one in three, they see 0.4 %, at 1.17 attempts a call.
  throttleTokens: 10,
  throttleReturn: 0.5,
});
