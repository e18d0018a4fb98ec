// What one answer says about the limits it was counted against: a reading per limit. The forms of
// the providers differ; the readings do not.

import type { HeaderList } from '../../core/header-list.ts';

/** What a limit counts. A closed list, so it may be a metric label. */
export type LimitKind = 'requests' | 'tokens' | 'input-tokens' | 'output-tokens';

/** One limit as one answer has told of it. */
export interface LimitReading {
  readonly kind: LimitKind;
  /** Tells limits of one kind apart: several windows over requests, by their names. */
  readonly name: string;
  /** Units in all, 0 = not said. */
  readonly limit: number;
  readonly remaining: number;
  /** Until `limit` units are there again, in ms from the answer on. */
  readonly resetMs: number;
  /**
   * The budget refills little by little until then, as with a token bucket. Otherwise all of it
   * comes back at the reset and nothing before.
   */
  readonly gradual: boolean;
}

/** What is looked for in the headers of one answer. */
export interface AnswerFields {
  readonly headers: HeaderList;
  /** The answer is a 429. */
  readonly throttled: boolean;
  /** Epoch ms by the sender's clock, so that skew does not count; ours where it does not say. */
  saidAt(): number;
}

/** Takes the readings of one answer. */
export interface ReadingTaker {
  /**
   * How much of a limit is left, 0 to 1. Answers whether the rest of the reading is wanted: most
   * limits are far off, and to work out their resets for every answer would be the larger part.
   */
  wants(kind: LimitKind, ratio: number): boolean;
  take(reading: LimitReading): void;
}

/** Digits of the largest number that is exact. */
const DIGITS_MAX = 15;

/** A number of units as it stands in a field; -1 = none, or one below zero (Azure sends -1). */
export function unitsOf(text: string | undefined): number {
  if (text === undefined || text.length === 0 || text.length > DIGITS_MAX) return -1;
  let units = 0;
  for (let at = 0; at < text.length; at += 1) {
    const digit = text.charCodeAt(at) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    units = units * 10 + digit;
  }
  return units;
}
