// How long an upstream asks to be left alone, in every form that is in use: `retry-after-ms`
// (OpenAI, Azure), `retry-after` in seconds or as an HTTP date (RFC 9110 10.2.3).

import type { HeaderList } from './header-list.ts';

/** Longest wait believed, in ms; a month is a typing error. */
const BELIEVED_MS_MAX = 86_400_000;

/**
 * The wait that a response asks for, in ms; 0 when it asks for none or in no form we know.
 * A date is taken relative to the `Date` field of the same response, so that skew does not count;
 * `wallNow` (epoch ms) stands in where there is none.
 */
export function retryAfterMs(headers: HeaderList, wallNow: number): number {
  const exact = headers.get('retry-after-ms');
  if (exact !== undefined) {
    const ms = decimal(exact);
    if (ms >= 0) return Math.min(ms, BELIEVED_MS_MAX);
  }
  const text = headers.get('retry-after');
  if (text === undefined) return 0;
  const seconds = decimal(text);
  if (seconds >= 0) return Math.min(seconds * 1000, BELIEVED_MS_MAX);
  const until = Date.parse(text);
  if (Number.isNaN(until)) return 0;
  const said = Date.parse(headers.get('date') ?? '');
  const left = until - (Number.isNaN(said) ? wallNow : said);
  return Math.min(Math.max(0, left), BELIEVED_MS_MAX);
}

/** A plain decimal number, or -1. */
function decimal(text: string): number {
  return /^\d{1,12}(\.\d+)?$/.test(text.trim()) ? Number(text) : -1;
}
