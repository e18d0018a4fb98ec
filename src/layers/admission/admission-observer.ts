// What others may learn about limits and queues: events as they happen, and a listing.

import type { Priority } from '../../core/caller.ts';
import type { LimitAlgorithmName } from './options.ts';

/**
 * Why a call got no slot:
 * - `queue-full`: no place in the queue, or its place went to one with a better claim.
 * - `queue-timeout`: it waited as long as its route or its deadline lets it.
 * - `codel`: the queue was standing, and it had waited for longer than that allows.
 * - `deadline`: it could not have finished in time.
 * - `guard`: this process itself is at its limits.
 * - `throttle`: the upstream refuses most of what it is sent.
 */
export type ShedCause =
  | 'queue-full'
  | 'queue-timeout'
  | 'codel'
  | 'deadline'
  | 'guard'
  | 'throttle';

/** Hears what happens at the upstreams; their names are from configuration and safe as labels. */
export interface AdmissionObserver {
  limitChanged(upstream: string, limit: number): void;
  shed(upstream: string, cause: ShedCause): void;
  /** A call in shadow mode that would have been refused; it went through. */
  wouldShed(upstream: string, cause: ShedCause): void;
  /** A call in shadow mode that would have waited; it went through. */
  wouldQueue(upstream: string, priority: Priority): void;
  /** A call got its slot after waiting; those that need not wait are not told of. */
  queueWait(upstream: string, priority: Priority, waitedMs: number): void;
  /** Occupation rose above 80 % of the hard limit; said again only after it fell below 60 %. */
  nearLimit(upstream: string, occupied: number, limit: number): void;
  /** Occupation rose to the soft limit: calls that have another upstream go there. */
  softLimit(upstream: string, occupied: number, soft: number): void;
}

/** For who does not want to know. */
export const silentAdmissionObserver: AdmissionObserver = Object.freeze({
  limitChanged() {},
  shed() {},
  wouldShed() {},
  wouldQueue() {},
  queueWait() {},
  nearLimit() {},
  softLimit() {},
});

/** One upstream as the admin page shows it. */
export interface LimitView {
  readonly upstream: string;
  readonly algorithm: LimitAlgorithmName;
  readonly shadow: boolean;
  readonly limit: number;
  readonly soft: number;
  /** Slots held, and attempts of calls that hold their slot elsewhere. */
  readonly occupied: number;
  readonly foreign: number;
  readonly queued: Readonly<Record<Priority, number>>;
  /** Share of the limit that is free. */
  readonly headroom: number;
  /** The queue is standing: newest first, and who waited too long is refused. */
  readonly overloaded: boolean;
  /** Share of the calls refused because the upstream refuses most; 0 = none. */
  readonly dropShare: number;
  /** Half of the calls held their slot for less, in ms; `undefined` = too few were seen. */
  readonly holdP50Ms: number | undefined;
  readonly firstByteP50Ms: number | undefined;
}
