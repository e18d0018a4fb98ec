// Which upstreams have their limit for the first byte learned. Every other limit of a phase is that
// of the route. Source: resilience reference, section 2.

/** Bounds of a learned limit. */
export interface AdaptiveLimit {
  /** Never shorter than this, in ms. */
  readonly floorMs: number;
  /** Never longer than this, in ms; nor than the route's own limit. */
  readonly ceilingMs: number;
  /** Learn for completions too. */
  readonly completions: boolean;
}

/** Rules of the layer. */
export interface TimeoutsOptions {
  /** By name of the upstream; those that are not named keep their route's limit. */
  readonly adaptive: ReadonlyMap<string, AdaptiveLimit>;
}

/** For upstreams of ordinary services. */
export const restAdaptiveLimit: AdaptiveLimit = Object.freeze({
  // A collector of garbage or a cold cache takes a second now and then.
  floorMs: 2_000,
  // Nobody waits longer for a service that usually answers in milliseconds.
  ceilingMs: 30_000,
  // The same path answers streams at once and whole answers after minutes of silence; coding agents
  // fall back to the latter when a stream was cut, and a limit learned from streams cuts it again.
  completions: false,
});

/** For models whose callers never ask for a whole answer where they usually ask for a stream. */
export const modelAdaptiveLimit: AdaptiveLimit = Object.freeze({
  // Long prompts are rare and read in silence.
  floorMs: 30_000,
  ceilingMs: Number.POSITIVE_INFINITY,
  completions: true,
});

/** Nothing is learned unless an upstream is named. */
export const defaultTimeoutsOptions: TimeoutsOptions = Object.freeze({ adaptive: new Map() });
