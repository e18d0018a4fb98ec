// How attempts are spread over targets. The numbers follow linkerd2's load biaser, Envoy's priority
// levels and Finagle's peak EWMA, as argued in the resilience reference, section 7.

/** Rules of the choice; per route. */
export interface BalanceOptions {
  /** A tier keeps all calls while its usable share times this reaches 1. */
  readonly overprovision: number;
  /** Below this usable share, with no other tier to take the rest, refusals are overruled. */
  readonly panicShare: number;
  /** A recovered target gets its full share after this long, in ms; not for completions. */
  readonly slowStartMs: number;
  /** Share of its weight that it begins with. */
  readonly slowStartMin: number;
  /** Lower-case name of a header whose value keeps calls together on one target. */
  readonly sticky: string | undefined;
  /** A sticky target is left when its load is more than this many times the median. */
  readonly stickyLoadMax: number;
  /** Given as Retry-After when nobody knows when a target may be used again, in ms. */
  readonly unknownWaitMs: number;
}

/** Defaults, each with its reason. */
export const defaultBalanceOptions: BalanceOptions = Object.freeze({
  // Envoy's: losing a quarter of a tier is what its spare room is for.
  overprovision: 1.4,
  // Envoy's: when most look broken, the fault may be ours, and the few left would drown.
  panicShare: 0.5,
  // Caches, pools and compilers warm up within half a minute. A model server has none of that, and
  // its calls are few and long.
  slowStartMs: 30_000,
  slowStartMin: 0.1,
  sticky: undefined,
  stickyLoadMax: 2,
  // Limits and pacers move within a second or so.
  unknownWaitMs: 1_000,
});

/** How the expected latency of a target is learned; one set for all routes. */
export interface LoadOptions {
  /** After this long a sample has lost 63 % of its weight, in ms. */
  readonly decayMs: number;
  /** Expected of a target that has not answered yet, in ms. */
  readonly unknownMs: number;
  /** Recorded for a failure instead of its (flatteringly short) latency, in ms ... */
  readonly penaltyMs: number;
  /** ... or what it asked us to wait when that is longer, up to this, in ms. */
  readonly penaltyMsMax: number;
  /** Nothing is expected to be faster, so that calls in flight always count, in ms. */
  readonly floorMs: number;
}

/** Defaults, each with its reason. */
export const defaultLoadOptions: LoadOptions = Object.freeze({
  // linkerd2's: a few dozen calls at a modest rate.
  decayMs: 10_000,
  // Neither so low that a newcomer is flooded nor so high that it is never tried.
  unknownMs: 1_000,
  penaltyMs: 5_000,
  penaltyMsMax: 300_000,
  floorMs: 1,
});
