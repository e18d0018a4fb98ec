// A request that the simulated service does not accept, in the words of the service it plays.

/** The services that are played; OpenAI's chat, responses and embeddings share their errors. */
export type Vendor = 'anthropic' | 'openai';

/** Why a request is refused. */
export interface Refusal {
  readonly refused: true;
  readonly status: number;
  readonly message: string;
  /** OpenAI's `code` and `param`; at Anthropic the code is `details.error_code`. */
  readonly code: string | null;
  readonly param: string | null;
}

/** A refusal with the fields that only some have. */
export function refuse(
  status: number,
  message: string,
  code: string | null = null,
  param: string | null = null,
): Refusal {
  return { refused: true, status, message, code, param };
}

/** Tells a refusal from what was asked for instead. */
export function isRefusal(value: object): value is Refusal {
  return 'refused' in value;
}

// Source: the error tables of both services' documentation and SDKs.
const anthropicTypes = new Map([
  [400, 'invalid_request_error'],
  [401, 'authentication_error'],
  [402, 'billing_error'],
  [403, 'permission_error'],
  [404, 'not_found_error'],
  [405, 'invalid_request_error'],
  [409, 'conflict_error'],
  [413, 'request_too_large'],
  [422, 'invalid_request_error'],
  [429, 'rate_limit_error'],
  [504, 'timeout_error'],
  [529, 'overloaded_error'],
]);

const openaiTypes = new Map([
  [401, 'authentication_error'],
  [403, 'permission_error'],
  [429, 'rate_limit_error'],
]);

const messages = new Map([
  [401, 'The key is not valid.'],
  [403, 'The key may not do that.'],
  [408, 'The request took too long.'],
  [413, 'The request is too large.'],
  [429, 'Rate limit reached.'],
  [500, 'Internal server error.'],
  [503, 'The service is unavailable.'],
  [504, 'The model did not answer in time.'],
  [529, 'Overloaded'],
]);

const openaiCodes = new Map([
  [401, 'invalid_api_key'],
  [429, 'rate_limit_exceeded'],
]);

/** The refusal that the directive `[[status=N]]` asks for. */
export function refusalWithStatus(vendor: Vendor, status: number): Refusal {
  const message = messages.get(status) ?? `Refused with status ${status} on request.`;
  const code = vendor === 'openai' ? openaiCodes.get(status) : undefined;
  return refuse(status, message, code ?? null);
}

/** The whole body of a refusal. */
export function refusalBody(vendor: Vendor, refusal: Refusal, requestId: string): object {
  const { status, message, code, param } = refusal;
  if (vendor === 'anthropic') {
    const error = { type: anthropicErrorType(status), message };
    const detailed = code === null ? error : { ...error, details: { error_code: code } };
    return { type: 'error', error: detailed, request_id: requestId };
  }
  const fallback = status >= 500 ? 'server_error' : 'invalid_request_error';
  return { error: { message, type: openaiTypes.get(status) ?? fallback, param, code } };
}

/** The `error.type` that goes with a status at Anthropic. */
export function anthropicErrorType(status: number): string {
  return anthropicTypes.get(status) ?? (status >= 500 ? 'api_error' : 'invalid_request_error');
}
