// When a call is refused for want of time. Source: resilience reference, section 2; the bound on
// refusals is that of Finagle's DeadlineFilter.

/** Rules for calls that say how long their caller waits. */
export interface DeadlineOptions {
  /** A call is hopeless when less than this share of the usual first-byte time is left. */
  readonly usualShareMin: number;
  /** At most this share of the calls that carry a limit is refused as hopeless ... */
  readonly refusedShareMax: number;
  /** ... within this time, in ms. */
  readonly refusedWindowMs: number;
}

/** Defaults, each with its reason. */
export const defaultDeadlineOptions: DeadlineOptions = Object.freeze({
  // Half of the answers begin within the usual time, and few within half of it.
  usualShareMin: 0.5,
  // What is usual is an estimate over unlike calls. A caller whose calls are all quicker than the
  // others on its route must be able to prove it.
  refusedShareMax: 0.2,
  refusedWindowMs: 10_000,
});
