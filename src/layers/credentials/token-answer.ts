// What an answer of a token endpoint means (RFC 6749, sections 5.1 and 5.2), also where it strays
// from the RFC as real ones do. Pure.

import { fetchFailure, isSendable } from './token-source.ts';
import type { FetchedToken, FetchFailure } from './token-source.ts';
import type { EndpointAnswer } from './token-endpoint.ts';
import { expiryOf } from './jwt-claims.ts';

/** The reading of one answer. `again`: the same request may be answered better at once. */
export interface AnswerReading {
  readonly result: FetchedToken | FetchFailure;
  readonly again: boolean;
}

/** Longest life that is believed, in ms; a year is a typing error or a key, not a token. */
const LIFE_MS_MAX = 31_536_000_000;
/** Longest explanation that is logged. */
const DESCRIPTION_CHARS_MAX = 200;
/** Longest wait that is believed, in ms. */
const WAIT_MS_MAX = 3_600_000;

/**
 * Error words of a 4xx that speak of the moment, not of us: RFC 6749 4.1.2.1, and Salesforce's
 * `unknown_error`, which asks for another try.
 */
const PASSING = new Set(['temporarily_unavailable', 'server_error', 'slow_down', 'unknown_error']);
const PASSING_STATUSES = new Set([408, 425]);

/**
 * Reads an answer. `serverNow`: what the clock of the endpoint shows, in epoch ms. `secrets`: texts
 * of which no part may be quoted.
 */
export function readAnswer(
  answer: EndpointAnswer,
  serverNow: number,
  secrets: readonly string[],
): AnswerReading {
  const { status, headers, body } = answer;
  const fields = fieldsOf(body);
  const said = errorWord(fields);
  const words = `The token endpoint answered ${said === '' ? status : `${status} ${said}`}.`;
  if (status === 429) {
    const waitMs = retryAfterMs(headers['retry-after'], serverNow);
    return { result: fetchFailure('throttled', words, waitMs), again: true };
  }
  if (status >= 500) {
    const waitMs = retryAfterMs(headers['retry-after'], serverNow);
    return { result: fetchFailure('broken', words, waitMs), again: true };
  }
  if (PASSING.has(said) || PASSING_STATUSES.has(status)) {
    return { result: fetchFailure('broken', words), again: false };
  }
  if (status < 200 || status > 299 || said !== '') {
    const refusal = fetchFailure('refused', words);
    return { result: { ...refusal, explanation: descriptionOf(fields, secrets) }, again: false };
  }
  return { result: tokenOf(fields, serverNow), again: false };
}

function tokenOf(fields: Fields, serverNow: number): FetchedToken | FetchFailure {
  const text = fields['access_token'];
  if (typeof text !== 'string') {
    return fetchFailure('bad-answer', 'The answer of the token endpoint holds no access_token.');
  }
  if (!isSendable(text)) {
    return fetchFailure(
      'bad-answer',
      'The access_token of the endpoint cannot be sent in a header.',
    );
  }
  const refreshToken = fields['refresh_token'];
  const hasNew = typeof refreshToken === 'string' && refreshToken !== '';
  return {
    ok: true,
    text,
    lifetimeMs: lifetimeOf(fields['expires_in'], text, serverNow),
    ...(hasNew ? { refreshToken } : {}),
  };
}

/**
 * Life of a token, in ms: as the endpoint says, else as the token itself says. A number that is not
 * above zero says nothing: some endpoints write 0 for a token that does not end.
 */
export function lifetimeOf(
  expiresIn: unknown,
  text: string,
  serverNow: number,
): number | undefined {
  const seconds = typeof expiresIn === 'string' ? Number(expiresIn) : expiresIn;
  if (typeof seconds === 'number' && seconds > 0) return Math.min(seconds * 1000, LIFE_MS_MAX);
  const leftMs = (expiryOf(text) ?? 0) - serverNow;
  return leftMs > 0 ? Math.min(leftMs, LIFE_MS_MAX) : undefined;
}

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(body: string): Fields {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? (value as Fields) : {};
  } catch {
    return {};
  }
}

/** The `error` of an answer, if it is a word: only then it can hold no secret. */
function errorWord(fields: Fields): string {
  const word = fields['error'];
  return typeof word === 'string' && /^[a-z][a-z_-]{1,49}$/.test(word) ? word : '';
}

/** The words of the endpoint for a person, cut to one line. */
function descriptionOf(fields: Fields, secrets: readonly string[]): string {
  const text = fields['error_description'];
  if (typeof text !== 'string') return '';
  // Words that repeat a secret are not worth having. Looked for before anything is cut or replaced:
  // what is left of a secret then is not found any more.
  if (secrets.some((secret) => secret !== '' && text.includes(secret))) return '';
  return text.replaceAll(/[^\x20-\x7e]+/g, ' ').slice(0, DESCRIPTION_CHARS_MAX);
}

function retryAfterMs(text: string | undefined, serverNow: number): number {
  if (text === undefined) return 0;
  const ms = /^\d{1,9}$/.test(text.trim()) ? Number(text) * 1000 : Date.parse(text) - serverNow;
  return Number.isNaN(ms) ? 0 : Math.min(Math.max(0, ms), WAIT_MS_MAX);
}
