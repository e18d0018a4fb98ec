// The phases of an orderly end as a pure machine: told the time, it says where things stand and
// which share of connections should go. Knows no calls, sockets or clocks.
// Invariant: phases only move forward, in the order of `drainPhases`.

import type { DrainTimes } from './options.ts';
import { JITTER_SHARE } from './options.ts';

/**
 * serving: nothing was asked for; announced: readiness says no; ramping: connections go one by one;
 * closing: the listener is closed, calls run on; cutting: what still runs is told and cut; over.
 */
export const drainPhases = [
  'serving',
  'announced',
  'ramping',
  'closing',
  'cutting',
  'over',
] as const;

/** One of `drainPhases`. */
export type DrainPhase = (typeof drainPhases)[number];

/** A cut call is over within the turn, its connection when the last words were taken, in ms. */
const STUCK_MS = 5_000;

/** One way from serving to over. */
export class DrainPhases {
  #phase: DrainPhase = 'serving';
  #since: number = 0;
  #times: DrainTimes | undefined = undefined;

  get phase(): DrainPhase {
    return this.#phase;
  }

  /** When the present phase began. */
  get since(): number {
    return this.#since;
  }

  /** Starts the sequence; does nothing when it has begun. */
  begin(times: DrainTimes, now: number): void {
    if (this.#phase !== 'serving') return;
    this.#times = times;
    this.#enter('announced', now);
  }

  /**
   * Takes the next step when it is due, one at a time; true when it did. `nothingOpen`: no call and
   * no connection, so that there is nothing to ramp down.
   */
  step(now: number, nothingOpen: boolean): boolean {
    const times = this.#times;
    if (times === undefined) return false;
    const spent = now - this.#since;
    switch (this.#phase) {
      case 'announced':
        return spent >= times.lagMs && this.#enter('ramping', now);
      case 'ramping':
        return (spent >= times.rampMs || nothingOpen) && this.#enter('closing', now);
      case 'closing':
        return spent >= times.graceMs && this.#enter('cutting', now);
      default:
        return false;
    }
  }

  /** Skips to the cutting of what runs; true when that is new. */
  cut(now: number): boolean {
    if (this.#phase === 'serving' || this.#phase === 'cutting' || this.#phase === 'over') {
      return false;
    }
    return this.#enter('cutting', now);
  }

  /** All cuts should have been heard long ago. */
  stuck(now: number): boolean {
    const patience = this.jitterMs + this.boundaryMs + STUCK_MS;
    return this.#phase === 'cutting' && now - this.#since > patience;
  }

  /** Nothing runs and nothing is open any more. */
  end(now: number): void {
    this.#enter('over', now);
  }

  /** The share of answers that should close their connection: rises from 0 to 1 in the ramp. */
  closeShare(now: number): number {
    if (this.#phase === 'serving' || this.#phase === 'announced') return 0;
    if (this.#phase !== 'ramping') return 1;
    return Math.min(1, (now - this.#since) / this.#rampMs);
  }

  /**
   * The share of resting connections to close between two looks, so that over the whole ramp each
   * instant is equally likely for each of them.
   */
  restShare(lastLook: number, now: number): number {
    if (this.#phase !== 'ramping') return 0;
    const from = Math.max(lastLook, this.#since);
    const left = this.#since + this.#rampMs - from;
    return left <= 0 ? 1 : Math.min(1, (now - from) / left);
  }

  /** Whether a call whose first byte came at `startedAt` comes too late to be served. */
  refuses(startedAt: number): boolean {
    if (this.#phase === 'cutting' || this.#phase === 'over') return true;
    if (this.#phase !== 'closing') return false;
    return startedAt > this.#since + (this.#times?.lateMs ?? 0);
  }

  /** Over how long the cuts are spread. */
  get jitterMs(): number {
    const times = this.#times;
    return times === undefined ? 0 : Math.min(times.jitterMs, times.graceMs * JITTER_SHARE);
  }

  /** How long a stream in the middle of an event is waited for. */
  get boundaryMs(): number {
    return this.#times?.boundaryMs ?? 0;
  }

  get #rampMs(): number {
    return this.#times?.rampMs ?? 0;
  }

  #enter(phase: DrainPhase, now: number): true {
    this.#phase = phase;
    this.#since = now;
    return true;
  }
}
