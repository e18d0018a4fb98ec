// The interface of what finds a limit, and the one that does not move.

/** Finds how many calls an upstream carries at a time. Fractions accumulate: round down to use. */
export interface LimitAlgorithm {
  readonly limit: number;
  /**
   * An attempt was answered well while `occupied` calls were out. `latencyMs` is the time from its
   * first written to its first read byte, -1 where that says nothing.
   */
  answered(latencyMs: number, occupied: number, now: number): void;
  /**
   * The upstream showed that it has too much to do. `roundMs` is how long an answer usually takes
   * to begin: signs that come within it go back to the same moment and count once.
   */
  overloaded(roundMs: number, now: number): void;
}

/** What is taken off at a sign of overload; Netflix's ratio. */
export const BACK_OFF = 0.9;
/** Signs of overload within this time, in ms, count once even where answers are faster. */
export const ROUND_MS_MIN = 1_000;

/** Bounds of a limit that moves. */
export interface LimitBounds {
  readonly callsStart: number;
  readonly callsMin: number;
  readonly callsMax: number;
  readonly softShare: number;
  /** What is left after a sign of overload; `BACK_OFF` unless told. */
  readonly backOff?: number;
}

/** `limit` within its bounds. */
export function bounded(limit: number, { callsMin, callsMax }: LimitBounds): number {
  return Math.min(callsMax, Math.max(callsMin, limit));
}

/** A limit that stays where it was put. */
export class FixedLimit implements LimitAlgorithm {
  readonly limit: number;

  constructor(limit: number) {
    this.limit = limit;
  }

  answered(): void {}

  overloaded(): void {}
}
