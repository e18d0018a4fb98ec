// Reads the error of an upstream, whole or inside a stream. Proxies in front of it may answer
// anything, so all formats are read by one tolerant reader, and what is no JSON is read as text.
// Invariant: the upstream's words are kept as they are, since clients match them.

import type { AnswerError, ModelDialect } from './answer-events.ts';
import { answerErrorOf } from './error-classes.ts';
import { asObject, asText } from './json-values.ts';
import type { JsonObject } from './json-values.ts';

/** Of a text that is no JSON so many characters are shown. */
const SHOWN_CHARS = 200;

/** The error that an answer of this status and body tells of. `status` is at least 400. */
export function decodeError(dialect: ModelDialect, status: number, bodyText: string): AnswerError {
  let body: JsonObject | undefined;
  try {
    body = asObject(JSON.parse(bodyText));
  } catch {
    // Not JSON: HTML of a proxy, most likely.
  }
  if (body !== undefined && saysError(body)) return errorIn(dialect, status, body);
  const text = shownText(bodyText);
  const message = text === '' ? `The upstream answered ${status} without a word.` : text;
  return answerErrorOf({ status, code: '', type: '', message });
}

/**
 * The error in a JSON body or event: `error` as object or text, or its fields on the top level.
 * `status` is 0 inside a stream.
 */
export function errorIn(dialect: ModelDialect, status: number, body: JsonObject): AnswerError {
  const error = asObject(body['error']) ?? asObject(body['detail']) ?? body;
  const code = codeOf(error, dialect);
  const type = asText(error['type']);
  const message = wordsOf(error, body);
  return answerErrorOf({
    status,
    code,
    type,
    message: message === '' ? 'The upstream reports an error without words.' : message,
  });
}

/** Whether a JSON body is an error whatever its status says. */
export function saysError(body: JsonObject): boolean {
  const { error } = body;
  if (error !== undefined && error !== null && error !== false) return true;
  if (body['type'] === 'error' || body['object'] === 'error') return true;
  const words = asText(body['message']) !== '' || asText(body['detail']) !== '';
  return words && body['choices'] === undefined && body['content'] === undefined;
}

function codeOf(error: JsonObject, dialect: ModelDialect): string {
  if (dialect === 'anthropic') {
    const detail = asText(asObject(error['details'])?.['error_code']);
    if (detail !== '') return detail;
  }
  const { code } = error;
  return typeof code === 'number' ? String(code) : asText(code);
}

function wordsOf(error: JsonObject, body: JsonObject): string {
  for (const words of [error['message'], error['detail'], body['error'], body['message']]) {
    const text = asText(words);
    if (text !== '') return text;
  }
  return '';
}

/** The beginning of a text without its tags. */
function shownText(text: string): string {
  const plain = text
    .slice(0, 20_000)
    .replace(/<(script|style)\b[\s\S]*?(<\/\1\s*>|$)/gi, ' ')
    .replace(/<[^<>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  return plain.slice(0, SHOWN_CHARS);
}
