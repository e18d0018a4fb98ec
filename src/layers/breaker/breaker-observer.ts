// What others may learn about the breakers: events as they happen, and a listing.

import type { RouteKind } from '../../core/route.ts';
import type { CircuitState } from './circuit.ts';
import type { TripReason } from './trip-rules.ts';

/** Which circuit; `address` is the one that counts only whether the place could be reached. */
export interface CircuitName {
  /** Key of the endpoint, from configuration: a safe label. */
  readonly endpoint: string;
  readonly scope: RouteKind | 'address';
  /** Name or fingerprint of the credentials, '' without. Callers choose it: never a label. */
  readonly credential: string;
}

/** Hears of changes. */
export interface BreakerObserver {
  opened(circuit: CircuitName, reason: TripReason, openMs: number): void;
  halfOpened(circuit: CircuitName): void;
  closed(circuit: CircuitName): void;
  /** A call was refused without an attempt. */
  refused(endpoint: string): void;
}

/** For who does not want to know. */
export const silentBreakerObserver: BreakerObserver = Object.freeze({
  opened() {},
  halfOpened() {},
  closed() {},
  refused() {},
});

/** One circuit as the admin page shows it. */
export interface CircuitView extends CircuitName {
  readonly state: CircuitState['kind'];
  /** Until the next call may probe; 0 when one may now. */
  readonly opensInMs: number;
  readonly timesOpened: number;
  readonly failuresInARow: number;
  /** Calls in the window and the share that went well. */
  readonly calls: number;
  readonly successRate: number;
}
