// What is left to do with an answer that does not fit the head the caller already has: keep its
// words, within bounds, and turn them into the events by which each dialect tells of an error.
// Invariant: whatever is said here is followed by a broken connection, never by a clean end.

import type { Dialect } from '../../core/dialect.ts';
import { CallError } from '../../core/errors.ts';
import type { Head } from '../../core/sink.ts';
import { isEncoded } from './answer-form.ts';

/** Bytes of a refusal that are kept; the longest in use, with a quoted prompt, are far shorter. */
export const REFUSAL_BYTES_MAX = 64 * 1024;

/** An answer that the caller can not get as it is. */
export class Refusal {
  readonly error: CallError;
  readonly #readable: boolean;
  #chunks: Uint8Array[] = [];
  #bytes: number = 0;

  constructor(head: Head) {
    const { status } = head;
    const detail =
      status >= 400
        ? `It answered ${status} after the gateway had begun the stream.`
        : `It answered ${status} in another form than the gateway had promised.`;
    this.error = new CallError('UPSTREAM_REFUSED', { detail });
    this.#readable = status >= 400 && !isEncoded(head);
  }

  /** Its body can hold words for the caller. */
  get readable(): boolean {
    return this.#readable;
  }

  /** Keeps a copy of lent bytes; false where no more of the body is of use. */
  take(bytes: Uint8Array): boolean {
    if (!this.#readable) return false;
    this.#bytes += bytes.length;
    if (this.#bytes > REFUSAL_BYTES_MAX) {
      this.#chunks = [];
      return false;
    }
    this.#chunks.push(new Uint8Array(bytes));
    return true;
  }

  /** The words so far; empty when there were too many. */
  get text(): string {
    return Buffer.concat(this.#chunks).toString('utf8');
  }
}

/** The members of an error that clients read; any others go along. */
interface ToldError {
  readonly message: unknown;
  readonly type?: unknown;
  readonly code?: unknown;
}

/** An error body as Anthropic and OpenAI send it. */
interface ErrorBody {
  readonly error: ToldError;
}

/**
 * The first and last events of a stream that has none, or `undefined` where the dialect has no form
 * for them. `text` is the upstream's own error body; where it can not be read, the dialect words
 * `error`. Clients match on the upstream's wording, so it is kept to the letter.
 */
export function refusalEvents(
  dialect: Dialect,
  error: CallError,
  callId: string,
  text: string,
): string | undefined {
  const body = errorBody(text) ?? errorBody(dialect.renderError(error, callId).body);
  if (body === undefined) return undefined;
  switch (dialect.name) {
    case 'anthropic': {
      const told = { ...body.error, type: body.error.type ?? 'api_error' };
      return event('error', { ...body, type: 'error', error: told });
    }
    case 'openai-chat':
      return `data: ${JSON.stringify({ error: body.error })}\n\n`;
    case 'openai-responses':
      return responsesEvents(body.error, callId);
    default:
      return undefined;
  }
}

/**
 * Two events, because no single one reaches everybody: the SDKs throw at an `error` member with its
 * words, and Codex knows only `response.failed`, where it acts on the code.
 */
function responsesEvents(told: ToldError, callId: string): string {
  const { message } = told;
  const code = [told.code, told.type].find((name) => typeof name === 'string') ?? 'server_error';
  const first = { type: 'error', sequence_number: 0, code, message, param: null, error: told };
  const failed = {
    type: 'response.failed',
    sequence_number: 1,
    response: {
      id: `resp_${callId}`,
      object: 'response',
      status: 'failed',
      error: { code, message },
      output: [],
      model: 'unknown',
      created_at: 0,
    },
  };
  return event('error', first) + event('response.failed', failed);
}

function event(name: string, data: object): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}

/**
 * The error body in `text`, or `undefined` when it has no words that could be passed on. Servers
 * that only imitate the APIs put them at the top: vLLM as `message`, Ollama as a plain `error`,
 * FastAPI as `detail`.
 */
function errorBody(text: string): ErrorBody | undefined {
  const body = parsed(text);
  if (body === undefined) return undefined;
  if (isErrorBody(body)) return body;
  const message = body['message'] ?? body['error'] ?? body['detail'];
  if (typeof message !== 'string') return undefined;
  return { error: { message, type: body['type'], code: body['code'] } };
}

function parsed(text: string): Record<string, unknown> | undefined {
  if (text === '') return undefined;
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === 'object' && value !== null;
    return isObject ? (value as Record<string, unknown>) : undefined;
  } catch {
    // A page of a proxy, for example.
    return undefined;
  }
}

function isErrorBody(body: object): body is ErrorBody {
  if (!('error' in body)) return false;
  const { error } = body;
  return typeof error === 'object' && error !== null && 'message' in error;
}
