// Limits with one set of fields for requests: `X-RateLimit-Limit`, `-Remaining`, `-Reset`, as many
// services send them (seconds since 1970, or seconds from now), and ServiceNow's form of it. That
// one says no remaining number: only its 429 tells that the hour is used up, and until when. Its
// nodes write their counters every half minute, so a remaining number would lag behind as well.
// Which limit it was need not be said then: the reset is what matters.

import type { AnswerFields, ReadingTaker } from './limit-reading.ts';
import { unitsOf } from './limit-reading.ts';
import { untilNumberMs } from './reset-time.ts';

/** Reads these fields. */
export function readWindowLimits(fields: AnswerFields, taker: ReadingTaker): void {
  const { headers } = fields;
  const reset = headers.get('x-ratelimit-reset');
  if (reset === undefined) return;
  const limit = Math.max(0, unitsOf(headers.get('x-ratelimit-limit')));
  const said = headers.get('x-ratelimit-remaining');
  const isUsedUp = said === undefined && fields.throttled && headers.has('x-ratelimit-rule');
  const remaining = isUsedUp ? 0 : unitsOf(said);
  if (remaining < 0 || (limit === 0 && !isUsedUp)) return;
  if (!taker.wants('requests', limit === 0 ? 0 : Math.min(1, remaining / limit))) return;
  const resetMs = untilNumberMs(reset, fields.saidAt());
  if (resetMs < 0) return;
  const name = 'window';
  taker.take({ kind: 'requests', name, limit, remaining, resetMs, gradual: false });
}
