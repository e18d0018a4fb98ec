// Writes an error in the words of the caller's format. Clients act on them: Claude Code compacts
// its conversation on one sentence, Codex reads codes, SDKs look at the status.
// Source of types, codes and statuses: the official SDKs and the vendors' pages on errors.

import type { AnswerError, ErrorClass, ModelDialect } from './answer-events.ts';

/** An error as a whole answer. */
export interface EncodedError {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** The `error` member of an Anthropic answer or event. */
interface AnthropicErrorMember {
  readonly type: string;
  readonly message: string;
}

/** The `error` member of an OpenAI answer or event. */
interface OpenAiErrorMember {
  readonly message: string;
  readonly type: string;
  readonly param: null;
  readonly code: string | null;
}

const anthropicForms: Readonly<Record<ErrorClass, readonly [status: number, type: string]>> = {
  'bad-request': [400, 'invalid_request_error'],
  authentication: [401, 'authentication_error'],
  permission: [403, 'permission_error'],
  'not-found': [404, 'not_found_error'],
  // Every SDK asks again after a 409, and none after a 400.
  conflict: [409, 'conflict_error'],
  'too-large': [413, 'request_too_large'],
  'context-overflow': [400, 'invalid_request_error'],
  'rate-limit': [429, 'rate_limit_error'],
  // A 429 would be asked again by every SDK, and money does not come back in seconds.
  quota: [402, 'billing_error'],
  server: [500, 'api_error'],
  overloaded: [529, 'overloaded_error'],
  timeout: [504, 'timeout_error'],
};

type OpenAiForm = readonly [status: number, type: string, code: string | null];

const openAiForms: Readonly<Record<ErrorClass, OpenAiForm>> = {
  'bad-request': [400, 'invalid_request_error', null],
  authentication: [401, 'invalid_request_error', 'invalid_api_key'],
  permission: [403, 'invalid_request_error', 'forbidden'],
  'not-found': [404, 'invalid_request_error', 'model_not_found'],
  conflict: [409, 'invalid_request_error', 'conflict'],
  'too-large': [413, 'invalid_request_error', 'request_too_large'],
  'context-overflow': [400, 'invalid_request_error', 'context_length_exceeded'],
  'rate-limit': [429, 'rate_limit_error', 'rate_limit_exceeded'],
  quota: [429, 'insufficient_quota', 'insufficient_quota'],
  server: [500, 'server_error', 'server_error'],
  // Not `server_is_overloaded`: Codex takes that for final, and this shall be tried again. And 529
  // is unknown to clients of OpenAI.
  overloaded: [503, 'service_unavailable_error', 'service_unavailable'],
  timeout: [504, 'server_error', 'timeout'],
};

/** The error as a whole answer to a caller of this dialect. */
export function encodeError(
  dialect: ModelDialect,
  error: AnswerError,
  requestId: string,
): EncodedError {
  const contentType = 'application/json';
  if (dialect === 'anthropic') {
    const body = { type: 'error', error: anthropicErrorMember(error), request_id: requestId };
    const [status] = anthropicForms[error.class];
    return { status, contentType, body: JSON.stringify(body) };
  }
  const [status] = openAiForms[error.class];
  return { status, contentType, body: JSON.stringify({ error: openAiErrorMember(error) }) };
}

/** The error as Anthropic's clients know it. */
export function anthropicErrorMember(error: AnswerError): AnthropicErrorMember {
  const [, type] = anthropicForms[error.class];
  const { message } = error;
  return { type, message: error.class === 'context-overflow' ? tooLongSentence(message) : message };
}

/** The error as OpenAI's clients know it. */
export function openAiErrorMember(error: AnswerError): OpenAiErrorMember {
  const [, type, code] = openAiForms[error.class];
  return { message: error.message, type, param: null, code };
}

/** Characters of a message in which the numbers are looked for. */
const READ_CHARS = 2000;

/** Where the formats of overflow messages give the two numbers: asked for, and allowed. */
const askedAndAllowed: readonly RegExp[] = [
  /input token count \(?(?<asked>[\d,]+)\)? exceeds .*?\(?(?<allowed>[\d,]+)\)?\.?$/i,
  /request \((?<asked>[\d,]+) tokens\) exceeds .*?\((?<allowed>[\d,]+) tokens\)/i,
  new RegExp(
    'context (?:length|window|size) (?:is|of) (?<allowed>[\\d,]+) tokens.*?' +
      '(?:resulted in|requested|contains?|has) (?:at least )?(?<asked>[\\d,]+)',
    'is',
  ),
];

/** The sentence by which Claude Code knows that it must compact; with numbers if the words had. */
function tooLongSentence(message: string): string {
  if (/prompt is too long/i.test(message)) return message;
  for (const form of askedAndAllowed) {
    const groups = form.exec(message.slice(0, READ_CHARS))?.groups;
    const asked = groups?.['asked']?.replaceAll(',', '');
    const allowed = groups?.['allowed']?.replaceAll(',', '');
    if (asked !== undefined && allowed !== undefined) {
      return `prompt is too long: ${asked} tokens > ${allowed} maximum`;
    }
  }
  return `prompt is too long. ${message}`;
}
