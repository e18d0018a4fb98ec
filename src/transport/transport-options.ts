// Every number the transport obeys, with its default and the reason for it. Complete by
// construction: no layer below fills a gap. Invariant: the defaults are the only home of a value.

import type { HeadLimits } from '../http1/head.ts';
import { defaultHeadLimits } from '../http1/head.ts';

/** Resolved settings of one transport; durations in ms. */
export interface TransportOptions {
  /** A connection serves no new call beyond this age, spread by `retirementJitter`. */
  readonly maxAgeMs: number;
  /** Calls one connection serves, spread by `retirementJitter`. */
  readonly maxRequests: number;
  /** Share by which age and request limits are spread, so that connections do not end together. */
  readonly retirementJitter: number;
  readonly idlePerEndpointMax: number;
  /** Idle connections of all endpoints together. */
  readonly idleTotalMax: number;
  /** Connections of one endpoint in any state; a backstop, since waiting belongs to admission. */
  readonly connectionsPerEndpointMax: number;
  /** How long an unused connection is kept ready. */
  readonly spareLifeMs: number;
  /** Spares are kept up only this long after the last call. */
  readonly spareTrafficMs: number;
  /** Bound of a connect that no call waits for any more. */
  readonly unattendedDialMaxMs: number;
  /** Connects that may go on after their calls left, per endpoint. */
  readonly unattendedDialsMax: number;
  /** Per address, before the next one is tried. */
  readonly addressAttemptMs: number;
  readonly tcpKeepAlive: TcpKeepAlive;
  readonly idle: IdleBudgetOptions;
  /** A connection used this recently waits one turn of the event loop for a FIN, not two. */
  readonly quickReuseMs: number;
  /** Off: no failure is ever sent again here (for comparison in tests). */
  readonly replayLadder: boolean;
  readonly headLimits: HeadLimits;
}

/** Probing of silent connections by the kernel. */
export interface TcpKeepAlive {
  readonly delayMs: number;
  readonly intervalMs: number;
  readonly probes: number;
}

/** How the idle life of an endpoint's connections is learned. */
export interface IdleBudgetOptions {
  /** Off: the budget stays at `startMs`, and no sentinel is kept. */
  readonly learn: boolean;
  /** Budget before anything is known. */
  readonly startMs: number;
  readonly capMs: number;
  /** How long one sentinel is watched. */
  readonly sentinelMaxMs: number;
  /** How long a stale failure holds the budget down. */
  readonly staleHoldMs: number;
}

/** The defaults, each for the reason beside it. */
export const defaultTransportOptions: TransportOptions = {
  // DNS and balancers change; ten minutes bound how long a connection ignores that.
  maxAgeMs: 600_000,
  // nginx closes after 1000 by default.
  maxRequests: 1_000,
  retirementJitter: 0.1,
  // Bounded memory, yet above the callers of one busy moment: with 32, bursts of 64 callers closed
  // and reopened half of their connections all the time.
  idlePerEndpointMax: 512,
  idleTotalMax: 1_024,
  // Far above any admission limit; stays below the usual limits on open files.
  connectionsPerEndpointMax: 16_384,
  // Some edges close unused TLS connections after 5 s, most after 20 to 60.
  spareLifeMs: 20_000,
  spareTrafficMs: 300_000,
  // As long as the longest connect and TLS limits together that a profile uses, doubled.
  unattendedDialMaxMs: 10_000,
  unattendedDialsMax: 2,
  // RFC 8305 section 8.
  addressAttemptMs: 250,
  // A dead path is known after 30 s instead of the kernel's 11 minutes and more.
  tcpKeepAlive: { delayMs: 15_000, intervalMs: 5_000, probes: 3 },
  idle: {
    learn: true,
    // The shortest idle limit seen in the field is 5 s (uvicorn, Node).
    startMs: 4_000,
    // Middleboxes forget silent connections after two minutes and more.
    capMs: 110_000,
    // The longest idle limit seen in the field is 400 s.
    sentinelMaxMs: 450_000,
    staleHoldMs: 600_000,
  },
  // No idle timer of a peer is this short, so a FIN can hardly be under way.
  quickReuseMs: 10,
  replayLadder: true,
  headLimits: defaultHeadLimits,
};
