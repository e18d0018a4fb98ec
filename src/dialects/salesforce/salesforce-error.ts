// What an answer that is no success says, in one form: errors of the Models API come as an object,
// in two spellings, as a list, as the error of the provider behind it, or as a page of HTML. The
// upstream's words are kept, because clients act on some of them ("prompt is too long").
// Source: the forms and statuses are those of the reference on Salesforce, section 3; names of
// exceptions are those of Amazon Bedrock's InvokeModelWithResponseStream.

import type { AnswerError, ErrorClass } from '../conversion/answer-events.ts';
import { classByStatus, statusOfClass as usualStatus } from '../conversion/error-classes.ts';
import { asObject } from '../conversion/json-values.ts';
import type { JsonObject } from '../conversion/json-values.ts';
import { listOf, parsedJson, textOf } from './json-value.ts';

/** More of an error is not shown. */
const MESSAGE_CHARS_MAX = 2_000;

/** What a 404 without a code of its own means. */
const NOT_THERE =
  'the Models API says so of models that it does not have, and to tokens that are no JWT';

/** The status that stands for a class where the answer had none that tells. */
const statusOfClass: Readonly<Record<ErrorClass, number>> = {
  ...usualStatus,
  // What breaks lies behind the API, as often as not.
  server: 502,
};

/** 423 says here that the org is busy. */
const classOfStatus = new Map<number, ErrorClass>([...classByStatus, [423, 'overloaded']]);

/** Codes that say more than the status beside them; in lower case. */
const classOfCode = new Map<string, ErrorClass>([
  ['e30036', 'context-overflow'],
  ['context_length_exceeded', 'context-overflow'],
  ['invalid_session_id', 'authentication'],
  ['invalid_auth_header', 'authentication'],
  ['authentication_error', 'authentication'],
  ['request_limit_exceeded', 'quota'],
  ['insufficient_quota', 'quota'],
  ['too_many_requests', 'rate-limit'],
  ['rate_limit_exceeded', 'rate-limit'],
  ['rate_limit_error', 'rate-limit'],
  ['server_unavailable', 'overloaded'],
  ['server_busy', 'overloaded'],
  ['overloaded_error', 'overloaded'],
  ['bad_argument', 'bad-request'],
  ['invalid_request_error', 'bad-request'],
]);

const classOfException = new Map<string, ErrorClass>([
  ['throttlingexception', 'rate-limit'],
  ['servicequotaexceededexception', 'quota'],
  ['serviceunavailableexception', 'overloaded'],
  ['modelnotreadyexception', 'overloaded'],
  ['internalserverexception', 'server'],
  ['modelstreamerrorexception', 'server'],
  ['modelerrorexception', 'server'],
  ['modeltimeoutexception', 'timeout'],
  ['validationexception', 'bad-request'],
  ['accessdeniedexception', 'permission'],
  ['resourcenotfoundexception', 'not-found'],
]);

/** Sentences of the providers behind the API, and of its own data masking. */
const overflowWords = [
  'prompt is too long',
  'input is too long',
  'maximum context length',
  'prompt size exceeds the token limit',
];

/** What the members of an error say. */
interface Said {
  readonly code: string | undefined;
  readonly messageCode: string | undefined;
  readonly message: string | undefined;
}

/**
 * The error in an answer with this status and body. A status below 400 means that the error came in
 * place of a success, as it does under load: without a code that says more it counts as overload.
 */
export function salesforceError(status: number, body: string): AnswerError {
  const said = saidIn(body);
  const told = said.message ?? said.code;
  const bare = (told ?? bareText(body) ?? `The service answered with status ${status}.`).trim();
  // The API does not say which of the two it was, and nobody looks for a token behind a 404.
  const isBare = status === 404 && said.messageCode === undefined;
  const message = isBare ? `${bare} (${NOT_THERE})` : bare;
  const kind = classOf(status, said, message);
  // 423 (busy) and 424 are not repeated by any client; what stands for their class is.
  const ownStatus = status >= 400 && status !== 423 && status !== 424;
  const overflow = kind === 'context-overflow';
  return {
    class: kind,
    message: message.slice(0, MESSAGE_CHARS_MAX),
    status: ownStatus && !overflow ? status : statusOfClass[kind],
  };
}

/** The error that an exception in an event stream says. `type` as in `:exception-type`. */
export function exceptionError(type: string, payload: string): AnswerError {
  const value = asObject(parsedJson(payload));
  const message =
    textOf(value?.['originalMessage']) ??
    textOf(value?.['message']) ??
    textOf(value?.['Message']) ??
    textOf(payload.trim()) ??
    type;
  const kind = overflows(message) ?? classOfException.get(type.toLowerCase()) ?? 'server';
  return answerError(kind, message);
}

/** An error in our own words, with the status of its class. */
export function answerError(kind: ErrorClass, message: string): AnswerError {
  return { class: kind, message: message.slice(0, MESSAGE_CHARS_MAX), status: statusOfClass[kind] };
}

/** Whether a parsed document is an error instead of an answer. */
export function isErrorDocument(value: unknown): boolean {
  const object = asObject(Array.isArray(value) ? listOf(value)[0] : value);
  if (object === undefined) return false;
  if (asObject(object['error']) !== undefined || textOf(object['error']) !== undefined) return true;
  return ['errorCode', 'error_code', 'messageCode', 'message_code'].some(
    (name) => textOf(object[name]) !== undefined,
  );
}

function classOf(status: number, said: Said, message: string): ErrorClass {
  const coded = [said.messageCode, said.code].map((code) =>
    code === undefined ? undefined : classOfCode.get(code.toLowerCase()),
  );
  // The status is the coarser word, except that a general code never outweighs it.
  const [byMessageCode, byCode] = coded;
  if (status >= 400 && byCode === 'bad-request') {
    return overflows(message) ?? byMessageCode ?? classOfKnownStatus(status);
  }
  const fallback = status < 400 ? 'overloaded' : classOfKnownStatus(status);
  return overflows(message) ?? byMessageCode ?? byCode ?? fallback;
}

function classOfKnownStatus(status: number): ErrorClass {
  return classOfStatus.get(status) ?? (status >= 500 || status === 424 ? 'server' : 'bad-request');
}

function overflows(message: string): ErrorClass | undefined {
  const said = message.toLowerCase();
  return overflowWords.some((words) => said.includes(words)) ? 'context-overflow' : undefined;
}

function saidIn(body: string): Said {
  const value = parsedJson(body);
  const outer = asObject(Array.isArray(value) ? listOf(value)[0] : value);
  const nothing: Said = { code: undefined, messageCode: undefined, message: undefined };
  if (outer === undefined) return nothing;
  const inner = asObject(outer['error']);
  return inner === undefined ? saidBy(outer) : saidBy(inner);
}

function saidBy(object: JsonObject): Said {
  const code =
    textOf(object['errorCode']) ??
    textOf(object['error_code']) ??
    textOf(object['code']) ??
    textOf(object['type']) ??
    textOf(object['error']);
  const message =
    textOf(object['message']) ??
    textOf(object['error_description']) ??
    textOf(object['errorMessage']) ??
    textOf(object['detail']);
  const messageCode = textOf(object['messageCode']) ?? textOf(object['message_code']);
  return { code, messageCode, message: message === undefined ? undefined : unwrapped(message) };
}

/** Messages sometimes hold the provider's error as JSON text; its sentence is the one to show. */
function unwrapped(message: string): string {
  if (!message.startsWith('{')) return message;
  const value = asObject(parsedJson(message));
  const inner = asObject(value?.['error']) ?? value;
  return textOf(inner?.['message']) ?? message;
}

/** Plain text as it is; of a page its title. */
function bareText(body: string): string | undefined {
  const text = body.trim();
  if (!text.startsWith('<')) return textOf(text);
  const title = /<title[^<>]{0,200}>([^<]{1,200})<\/title>/i
    .exec(text)?.[1]
    ?.replaceAll(/\s+/g, ' ')
    .trim();
  return title === undefined || title === ''
    ? undefined
    : `The service answered with a page: ${title}`;
}
