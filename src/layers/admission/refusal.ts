// What a caller is told who gets no slot: why, and when to come back.

import { CallError } from '../../core/errors.ts';
import { jittered } from '../../core/random.ts';
import type { Random } from '../../core/random.ts';
import type { ShedCause } from './admission-observer.ts';

/** What is known of the upstream at this moment. */
export interface CrowdFacts {
  readonly upstream: string;
  readonly occupied: number;
  readonly limit: number;
  /** Those who waited when the call was judged, itself among them if it did. */
  readonly waiting: number;
  /** How long it takes until all who wait have been served, in ms. */
  readonly queueMs: number;
}

/** The least and the most that a refused caller is asked to wait, in ms. */
const RETRY_AFTER_MS_MIN = 1_000;
// Whoever is told more has better places to look; load rarely stays the same for a minute.
const RETRY_AFTER_MS_MAX = 60_000;
/** Spread either way, or those who are refused together would return together. */
const SPREAD = 0.2;

/** The error of a call that gets no slot. */
export function refusalOf(cause: ShedCause, facts: CrowdFacts, random: Random): CallError {
  const detail = detailOf(cause, facts);
  if (cause === 'deadline') return new CallError('DEADLINE_EXCEEDED', { detail, phase: 'admit' });
  // The least is spread upwards only.
  const least = RETRY_AFTER_MS_MIN / (1 - SPREAD);
  const waitMs = Math.min(RETRY_AFTER_MS_MAX, Math.max(least, facts.queueMs));
  return new CallError('OVERLOADED', {
    detail,
    retryAfterMs: Math.round(jittered(waitMs, SPREAD, random)),
    // The caller's own quick retries are what a crowd is made of.
    shouldRetry: false,
  });
}

function detailOf(cause: ShedCause, { upstream, occupied, limit, waiting }: CrowdFacts): string {
  const crowd = `${occupied} of ${limit} calls are out at ${upstream} and ${waiting} wait`;
  switch (cause) {
    case 'queue-full':
      return `The queue is full: ${crowd}.`;
    case 'queue-timeout':
      return `It waited for as long as it may: ${crowd}.`;
    case 'codel':
      return `The queue does not get shorter: ${crowd}.`;
    case 'deadline':
      return `It could not finish in time: ${crowd}.`;
    case 'guard':
      return 'The gateway process itself is at its limits.';
    case 'throttle':
      return `${upstream} refuses most of the calls it is sent.`;
  }
}
