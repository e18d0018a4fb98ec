// What others may learn about pacing: events as they happen, and listings.

import type { Target } from '../../core/target.ts';
import type { LimitKind } from './limit-reading.ts';

/**
 * Why calls are held back.
 * - `told`: the upstream said how long (Retry-After).
 * - `exhausted`: nothing is left of a limit.
 * - `throttled`: it refused and said nothing; the rate or the wait is found by trial.
 */
export type CloseReason = 'told' | 'exhausted' | 'throttled';

/** Hears of changes. Endpoint and upstream of a target come from configuration: safe labels. */
export interface PacerObserver {
  /** Little is left of a limit, so calls are spread from now on. */
  paced(target: Target, kind: LimitKind): void;
  /** Calls are held back, `ms` is for how long at first; 0 for a rate. */
  closed(target: Target, reason: CloseReason, ms: number): void;
}

/** For who does not want to know. */
export const silentPacerObserver: PacerObserver = Object.freeze({
  paced() {},
  closed() {},
});

/** What is left of a limit, as a gauge shows it (`gw.ratelimit.remaining_ratio`). */
export interface RemainingView {
  /** Key of the endpoint, from configuration: a safe label. */
  readonly endpoint: string;
  readonly kind: LimitKind;
  /** 0 to 1, as it was told last; the least of all credentials that were answered lately. */
  readonly ratio: number;
}

/** One pace as the admin page shows it; only those that are in force. */
export interface PaceView {
  readonly target: string;
  /** Name or fingerprint of the credentials, '' without. Callers choose it: never a label. */
  readonly credential: string;
  /** As the request names it, '' where it names none. Callers choose it: never a label. */
  readonly model: string;
  /** Until a call may go, 0 when one may now. */
  readonly opensInMs: number;
  /** Limits of which little is left. */
  readonly paced: readonly string[];
  /** Rate found by trial, `undefined` = none. */
  readonly perSecond: number | undefined;
}
