// Errors in the form of OpenAI's API, for its Chat and Responses dialects.
// Source of types and codes: the official SDKs and Codex, which act on `code` and status.

import type { CallError, ErrorCode } from '../core/errors.ts';
import type { Rendered } from '../core/dialect.ts';
import { errorText, shownStatus } from './error-text.ts';

/** The `error` member of an answer or event. */
export interface OpenAiError {
  readonly message: string;
  readonly type: string;
  /** The field of the request that is at fault. */
  readonly param: string | null;
  readonly code: string;
}

/** Codes that clients act on. All others are ours in lower case: they name the cause exactly. */
const knownCodes: Partial<Record<ErrorCode, string>> = {
  FORBIDDEN: 'forbidden',
  NO_ROUTE: 'model_not_found',
  BUG: 'server_error',
};

/** The error in OpenAI's words. */
export function openAiError(failure: CallError): OpenAiError {
  const status = shownStatus(failure);
  return {
    message: errorText(failure),
    type: errorType(status),
    param: failure.param ?? null,
    code: failure.wireCode ?? knownCodes[failure.code] ?? failure.code.toLowerCase(),
  };
}

/** The error as a whole answer. */
export function renderOpenAiError(failure: CallError, callId: string): Rendered {
  const told = openAiError(failure);
  // Nothing but the message reaches a person through these clients, so the call id goes there too.
  const body = { error: { ...told, message: `${told.message} (call ${callId})` } };
  return {
    status: shownStatus(failure),
    contentType: 'application/json',
    body: JSON.stringify(body),
  };
}

function errorType(status: number): string {
  if (status === 429) return 'rate_limit_error';
  return status >= 500 ? 'server_error' : 'invalid_request_error';
}
