// Which class an upstream's error belongs to. Servers agree on little: a code is believed first,
// then a type that names one thing, the words of an overflow, the status, a vague type last.
// Sources: the official SDKs, and what compatible servers send in practice.

import type { AnswerError, ErrorClass } from './answer-events.ts';

/** What an error says of itself; absent parts are '' or 0. */
export interface ErrorSigns {
  /** Status of the answer; 0 inside a stream. */
  readonly status: number;
  readonly code: string;
  readonly type: string;
  readonly message: string;
}

/** The status that stands for a class where no answer carried one. */
export const statusOfClass: Readonly<Record<ErrorClass, number>> = {
  'bad-request': 400,
  authentication: 401,
  permission: 403,
  'not-found': 404,
  conflict: 409,
  'too-large': 413,
  'context-overflow': 400,
  'rate-limit': 429,
  quota: 429,
  server: 500,
  overloaded: 503,
  timeout: 504,
};

/** Codes and types that mean one thing wherever they stand. */
const classByName = new Map<string, ErrorClass>([
  ['authentication_error', 'authentication'],
  ['invalid_api_key', 'authentication'],
  ['permission_error', 'permission'],
  ['permission_denied', 'permission'],
  ['forbidden', 'permission'],
  ['request_forbidden', 'permission'],
  ['not_found_error', 'not-found'],
  ['model_not_found', 'not-found'],
  ['conflict_error', 'conflict'],
  ['conflict', 'conflict'],
  ['request_too_large', 'too-large'],
  ['context_length_exceeded', 'context-overflow'],
  ['exceed_context_size_error', 'context-overflow'],
  ['rate_limit_error', 'rate-limit'],
  ['rate_limit_exceeded', 'rate-limit'],
  ['billing_error', 'quota'],
  ['insufficient_quota', 'quota'],
  ['usage_not_included', 'quota'],
  ['usage_limit_reached', 'quota'],
  ['billing_hard_limit_reached', 'quota'],
  ['credit_balance_exhausted', 'quota'],
  ['enforced_spend_limit_reached', 'quota'],
  ['contract_spend_limit_reached', 'quota'],
  ['overloaded', 'overloaded'],
  ['overloaded_error', 'overloaded'],
  ['engine_overloaded', 'overloaded'],
  ['server_is_overloaded', 'overloaded'],
  ['slow_down', 'overloaded'],
  ['service_unavailable', 'overloaded'],
  ['service_unavailable_error', 'overloaded'],
  ['timeout', 'timeout'],
  ['timeout_error', 'timeout'],
]);

/** Types that servers use for more than one thing: the status knows better. */
const classByVagueName = new Map<string, ErrorClass>([
  ['invalid_request_error', 'bad-request'],
  ['invalid_prompt', 'bad-request'],
  ['bad_request', 'bad-request'],
]);

/** What a status means by itself; of others only the hundred tells. */
export const classByStatus: ReadonlyMap<number, ErrorClass> = new Map<number, ErrorClass>([
  [401, 'authentication'],
  [402, 'quota'],
  [403, 'permission'],
  [404, 'not-found'],
  [408, 'timeout'],
  [409, 'conflict'],
  [413, 'too-large'],
  [429, 'rate-limit'],
  [431, 'too-large'],
  [503, 'overloaded'],
  [504, 'timeout'],
  [529, 'overloaded'],
]);

/** Characters of a message that are looked at; an overflow is said in the first sentence. */
const READ_CHARS = 2000;

/** How servers word that a request does not fit into the model's context. */
const OVERFLOW = new RegExp(
  [
    'prompt is too long',
    'exceed(s|ed)? (the )?(available )?context (limit|window|size|length)',
    'exceeds the context window',
    'maximum context length',
    'input token count .* exceeds the maximum',
    'context[ _]length[ _]exceeded',
  ].join('|'),
  'i',
);

/** The class of an error with these signs. */
export function errorClassOf(signs: ErrorSigns): ErrorClass {
  const { code, type, message } = signs;
  const named = classByName.get(code) ?? classByName.get(type);
  if (named !== undefined) return named;
  // Some servers, and all brokers of several of them, give the status as the code.
  const status = signs.status >= 400 ? signs.status : Number(code);
  const refusesRequest = status === 400 || status === 413 || status === 422 || !(status >= 400);
  if (refusesRequest && OVERFLOW.test(message.slice(0, READ_CHARS))) return 'context-overflow';
  const byStatus = classByStatus.get(status);
  if (byStatus !== undefined) return byStatus;
  if (status >= 400) return status < 500 ? 'bad-request' : 'server';
  return classByVagueName.get(type) ?? classByVagueName.get(code) ?? 'server';
}

/** The error with these signs. */
export function answerErrorOf(signs: ErrorSigns): AnswerError {
  const kind = errorClassOf(signs);
  const status = signs.status >= 400 ? signs.status : statusOfClass[kind];
  return { class: kind, message: signs.message, status };
}
