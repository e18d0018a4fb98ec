// When an endpoint is given up and how it comes back. The numbers follow linkerd2-proxy's unified
// breaker and Finagle's backoff, as argued in the resilience reference, section 4.

/** Rules of every circuit. */
export interface BreakerOptions {
  /** Failures in a row that open a circuit. */
  readonly failuresInARow: number;
  /** Length of the ring that the success rate is taken over, in ms; ten exact buckets. */
  readonly windowMs: number;
  /** A success rate below this opens a circuit. */
  readonly successRateMin: number;
  /** Calls the window must hold before its rate means anything. */
  readonly rateCallsMin: number;
  /** Bounds of the time a circuit stays open, in ms; doubled at each return to it. */
  readonly openMsMin: number;
  readonly openMsMax: number;
  /** The longest Retry-After that keeps a circuit open, in ms. */
  readonly retryAfterMsMax: number;
  /** Calls let through after the first probe was answered; when they were, the circuit closes. */
  readonly trialCalls: number;
  /** Given as Retry-After while a probe is out, in ms: its answer decides. */
  readonly probeWaitMs: number;
  /** Circuits that callers can bring about, by credentials of their own. */
  readonly circuitsMax: number;
  /**
   * Opens on slow answers too, for routes that are not completions and upstreams that the layer is
   * told to judge by it; `undefined` = off.
   */
  readonly slow: SlowRule | undefined;
}

/** When an answer counts as slow, and how many slow ones are too many. */
export interface SlowRule {
  /** A first byte later than this many times the p95 of the last hour is slow ... */
  readonly timesP95: number;
  /** ... but never one that came sooner than this, in ms. */
  readonly floorMs: number;
  /** A share of slow answers above this opens the circuit. */
  readonly shareMax: number;
  /** Calls the window must hold before the share means anything. */
  readonly callsMin: number;
}

/** The slow rule for those who want it. Models are not judged by it: a long thought is normal. */
export const defaultSlowRule: SlowRule = Object.freeze({
  // Three times the usual worst is not bad luck, and ten seconds hurt whatever was usual.
  timesP95: 3,
  floorMs: 10_000,
  // Nearly all, and enough of them: slow is much weaker evidence than broken.
  shareMax: 0.8,
  callsMin: 20,
});

/** Defaults, each with its reason. */
export const defaultBreakerOptions: BreakerOptions = Object.freeze({
  // Five in a row are a one in a hundred thousand event at one failure in ten.
  failuresInARow: 5,
  // Long enough for ten calls at a modest rate, short enough to forget a deploy.
  windowMs: 30_000,
  // Worse than a coin: most callers are better off being told at once.
  successRateMin: 0.5,
  rateCallsMin: 10,
  // A restart takes seconds, so the first probe goes early; an outage takes hours, and a probe
  // every five minutes finds its end soon enough.
  openMsMin: 5_000,
  openMsMax: 300_000,
  // Longer requests are daily quotas; a probe an hour is no burden and finds a raised one.
  retryAfterMsMax: 3_600_000,
  // One success may be luck; three more at once show that it carries some load.
  trialCalls: 3,
  probeWaitMs: 1_000,
  // About two megabytes of circuits at worst.
  circuitsMax: 4_096,
  slow: undefined,
});

/** Rules of the layer of one route. */
export interface BreakerLayerOptions {
  /** Names of the upstreams that are judged by the slow rule. */
  readonly slowBreaks: ReadonlySet<string>;
}

/** Nobody is called slow unless named: how long an answer takes is in the nature of most. */
export const defaultBreakerLayerOptions: BreakerLayerOptions = Object.freeze({
  slowBreaks: new Set<string>(),
});
