// How long each phase of an orderly end may last, and how it is spread over callers.

/** Times of one drain, in ms. */
export interface DrainTimes {
  /** Readiness says no, while everything is served as before. */
  readonly lagMs: number;
  /** Connections are closed one after another, by answers and, where they rest, by us. */
  readonly rampMs: number;
  /** The listener is closed; running calls may go on. Then they are cut. */
  readonly graceMs: number;
  /** The cuts are spread over at most this time. */
  readonly jitterMs: number;
  /** A stream in the middle of an event is cut at the next event boundary, or after this time. */
  readonly boundaryMs: number;
  /** Requests that come this soon after the listener was closed were on their way: served. */
  readonly lateMs: number;
}

/** The sequence after a signal; resilience reference, section 11. */
export const defaultDrainTimes: DrainTimes = {
  // Balancers ask for readiness every few seconds, and hear nothing else of our plans.
  lagMs: 5_000,
  // Long enough that callers come back one by one, within the 30 s that orchestrators grant.
  rampMs: 15_000,
  // Most streams of models end within two minutes.
  graceMs: 120_000,
  // Callers that are cut connect again at once; the others should not all get them together.
  jitterMs: 5_000,
  // Events are small; one that is not complete after a second will not be soon.
  boundaryMs: 1_000,
  // Far above any round trip, and unnoticed in a sequence of minutes.
  lateMs: 1_000,
};

/** No sequence: the listener closes at once, which suits tests and programs that embed us. */
export const plainClose: Pick<DrainTimes, 'lagMs' | 'rampMs' | 'lateMs'> = {
  lagMs: 0,
  rampMs: 0,
  lateMs: 0,
};

/**
 * The cuts of a short grace are spread over this part of it at most, or the spreading would take
 * longer than what was granted.
 */
export const JITTER_SHARE = 0.25;
