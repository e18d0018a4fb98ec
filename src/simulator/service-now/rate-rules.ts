// Rate rules of the simulated instance: so many requests of a user per hour. Says the limit on each
// answer, and never how much of it is left. Source: ServiceNow reference, section 5. Pure: time is
// handed in. Bounded: users come from the configuration of the instance.

import { refusal } from './answer.ts';
import type { Answer } from './answer.ts';

/** One rule; `user` '' = every user, each with a count of its own. */
export interface RateRule {
  readonly id: string;
  readonly user: string;
  readonly perHour: number;
}

/** What a rule says of one request. */
export interface RuleVerdict {
  /** For every answer. */
  readonly fields: Readonly<Record<string, string>>;
  /** In place of the answer, when the hour is used up. */
  readonly refusal: Answer | undefined;
}

const HOUR_MS = 3_600_000;

/** Counts requests against rules. */
export class RateRules {
  readonly #rules: readonly RateRule[];
  readonly #counts = new Map<string, { hour: number; count: number }>();

  constructor(rules: readonly RateRule[]) {
    // A rule for a user goes before one for all.
    this.#rules = rules.toSorted((a, b) => Number(a.user === '') - Number(b.user === ''));
  }

  /** Counts a request; `undefined` where no rule applies. */
  count(user: string, wallNow: number): RuleVerdict | undefined {
    const rule = this.#rules.find((one) => one.user === '' || one.user === user);
    if (rule === undefined) return undefined;
    const hour = Math.floor(wallNow / HOUR_MS);
    const key = `${rule.id} ${user}`;
    const known = this.#counts.get(key);
    const count = known?.hour === hour ? known.count + 1 : 1;
    this.#counts.set(key, { hour, count });
    const resetMs = (hour + 1) * HOUR_MS - wallNow;
    const fields = ruleFields(rule, resetMs, wallNow);
    return {
      fields,
      refusal: count > rule.perHour ? ruleRefusal(rule, resetMs, wallNow) : undefined,
    };
  }
}

/** The refusal by a rule that lets calls pass again in `resetMs`. */
export function ruleRefusal(rule: RateRule, resetMs: number, wallNow: number): Answer {
  const detail = `Rate limit of ${rule.perHour} requests per hour for Table API exceeded`;
  return refusal(429, 'Rate limit exceeded', detail, {
    ...ruleFields(rule, resetMs, wallNow),
    'Retry-After': String(Math.ceil(resetMs / 1_000)),
  });
}

function ruleFields(rule: RateRule, resetMs: number, wallNow: number): Record<string, string> {
  return {
    'X-RateLimit-Limit': String(rule.perHour),
    'X-RateLimit-Reset': String(Math.ceil((wallNow + resetMs) / 1_000)),
    'X-RateLimit-Rule': rule.id,
  };
}
