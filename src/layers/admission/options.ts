// How many calls an upstream is given at a time, how that number is found and how long its queue
// may be. Sources: resilience reference, section 5; Netflix concurrency-limits; Finagle.

/**
 * How the limit moves:
 * - `aimd`: up while all goes well, down on refusals and timeouts. For models, whose answers take
 *   as long as they are long, so that only explicit signs of overload mean anything.
 * - `gradient2`: follows the latency of the first byte as well. For uniform requests.
 * - `fixed`: stays where it was put.
 */
export type LimitAlgorithmName = 'aimd' | 'gradient2' | 'fixed';

/** The limit of one upstream and its queue. */
export interface LimitOptions {
  readonly algorithm: LimitAlgorithmName;
  /** Decide and count, but let every call pass at once. */
  readonly shadow: boolean;
  /** Calls at a time before anything is known; for `fixed` the limit itself, `Infinity` = none. */
  readonly callsStart: number;
  readonly callsMin: number;
  readonly callsMax: number;
  /** Share of the limit from which on calls go to another upstream of their route. */
  readonly softShare: number;
  /** What is left of a limit after a sign of overload; for `aimd`. Without it 0.9. */
  readonly backOff?: number;
  /**
   * Calls wait for as long as they may, even in a queue that does not get shorter: for upstreams
   * that carry few calls at a time, whose bursts take many rounds.
   */
  readonly patient: boolean;
  /** Places in the queue: this many for each call of the limit ... */
  readonly queuePerSlot: number;
  /** ... but never fewer than this. */
  readonly queueMin: number;
}

const queueDefaults = Object.freeze({
  // An early warning leaves time to act, and the last fifth absorbs what was already on its way.
  softShare: 0.8,
  // Two rounds of waiting: whoever stands further back would wait longer than a refusal costs.
  queuePerSlot: 2,
  // A limit of one or two must still carry the few parallel calls of one page or one agent.
  queueMin: 16,
  patient: false,
});

/** For models. */
export const modelLimitOptions: LimitOptions = Object.freeze({
  algorithm: 'aimd',
  shadow: false,
  // A gateway that has just started must not be slower than none. Hosted accounts carry tens to
  // hundreds of streams, and a limit that proves too high is corrected in seconds by refusals that
  // are retried; one that is too low delays everybody and nothing shows it. With its queue it takes
  // 1,536 callers at once, and it doubles with every round until the first sign of overload. The
  // reference's 10 would make the eleventh parallel call of a single agent wait.
  callsStart: 512,
  // One call at a time is how a recovery is found out.
  callsMin: 1,
  // A backstop against a runaway caller, above the 5,000 resting streams a gateway is built for.
  callsMax: 8_192,
  ...queueDefaults,
});

/** For uniform requests. */
export const restLimitOptions: LimitOptions = Object.freeze({
  algorithm: 'gradient2',
  shadow: false,
  // Half of the most: with 100 ms an answer this is 320 calls a second from the first moment, and
  // one that is too many is seen in the latency of the next half second.
  callsStart: 32,
  // Gradient2's own floor of 20 would overrun the small backends that need a limit most.
  callsMin: 2,
  // An instance of a business service was seen to close connections at a few dozen.
  callsMax: 64,
  ...queueDefaults,
});

/** For ServiceNow, whose nodes run about four calls of integrations at a time. */
export const serviceNowLimitOptions: LimitOptions = Object.freeze({
  algorithm: 'aimd',
  shadow: false,
  // The semaphores of a node have four places; all integrations of the instance share them.
  callsStart: 4,
  callsMin: 1,
  callsMax: 4,
  // A refusal says that somebody else has taken places: half is what is fair.
  backOff: 0.5,
  ...queueDefaults,
  // A burst of a hundred reads, each of half a second, is answered within a quarter of a minute.
  queuePerSlot: 25,
  patient: true,
});

/** A limit that does not move: `calls` at a time, `Infinity` for none. */
export function fixedLimitOptions(calls: number): LimitOptions {
  return {
    algorithm: 'fixed',
    shadow: false,
    callsStart: calls,
    callsMin: calls,
    callsMax: calls,
    ...queueDefaults,
  };
}

/** Share of the hard limit at which the alert goes off; it is set again at the lower one. */
export const NEAR_SHARE = 0.8;
export const NEAR_AGAIN_SHARE = 0.6;
