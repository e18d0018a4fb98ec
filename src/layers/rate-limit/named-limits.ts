// Limits with three fields each (limit, remaining, reset), one set per kind: the style of OpenAI
// (also Azure, Groq and many compatible servers) and that of Anthropic. Both count with buckets
// that refill little by little; their reset says when the bucket will be full. Azure answers some
// calls with -1 or 0 as the limit, which says nothing.

import type { AnswerFields, LimitKind, ReadingTaker } from './limit-reading.ts';
import { unitsOf } from './limit-reading.ts';
import { durationMs, untilDateMs } from './reset-time.ts';

interface NamedLimit {
  readonly kind: LimitKind;
  readonly limit: string;
  readonly remaining: string;
  readonly reset: string;
  readonly resetMs: (text: string, fields: AnswerFields) => number;
}

const openai = (kind: LimitKind): NamedLimit => ({
  kind,
  limit: `x-ratelimit-limit-${kind}`,
  remaining: `x-ratelimit-remaining-${kind}`,
  reset: `x-ratelimit-reset-${kind}`,
  resetMs: (text) => durationMs(text),
});

const anthropic = (kind: LimitKind): NamedLimit => ({
  kind,
  limit: `anthropic-ratelimit-${kind}-limit`,
  remaining: `anthropic-ratelimit-${kind}-remaining`,
  reset: `anthropic-ratelimit-${kind}-reset`,
  resetMs: (text, fields) => untilDateMs(text, fields.saidAt()),
});

const limits: readonly NamedLimit[] = [
  openai('requests'),
  openai('tokens'),
  // Not said by OpenAI itself: Anthropic's, as a conversion puts them to callers of that API.
  openai('input-tokens'),
  openai('output-tokens'),
  anthropic('requests'),
  anthropic('tokens'),
  anthropic('input-tokens'),
  anthropic('output-tokens'),
];

/** Reads the fields of both styles. */
export function readNamedLimits(fields: AnswerFields, taker: ReadingTaker): void {
  for (const named of limits) {
    const text = fields.headers.get(named.remaining);
    if (text !== undefined) read(named, unitsOf(text), fields, taker);
  }
}

function read(
  named: NamedLimit,
  remaining: number,
  fields: AnswerFields,
  taker: ReadingTaker,
): void {
  const limit = unitsOf(fields.headers.get(named.limit));
  if (remaining < 0 || limit <= 0) return;
  if (!taker.wants(named.kind, Math.min(1, remaining / limit))) return;
  const resetMs = named.resetMs(fields.headers.get(named.reset) ?? '', fields);
  if (resetMs < 0) return;
  const { kind } = named;
  taker.take({ kind, name: kind, limit, remaining, resetMs, gradual: true });
}
