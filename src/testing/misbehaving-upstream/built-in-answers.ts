// Simple bodies of the upstream's own, for tests to which the content does not matter; believable
// streams come from the simulator. Owns no faults. Invariant: every answer here is complete and
// correct for what it claims to be.

import type { Answer, Step } from './behaviour.ts';

/** 200 with a small JSON body. */
export const okAnswer: Answer = jsonAnswer(200, { ok: true });

/** 200 with nothing in it. */
export const emptyAnswer: Answer = {
  status: 200,
  headers: [['content-type', 'application/json']],
  steps: [],
};

/** A whole JSON body. */
export function jsonAnswer(status: number, value: unknown): Answer {
  return {
    status,
    headers: [['content-type', 'application/json']],
    steps: [{ afterMs: 0, bytes: JSON.stringify(value) }],
  };
}

/** A text body in one piece. */
export function textAnswer(text: string, contentType: string = 'text/plain'): Answer {
  return {
    status: 200,
    headers: [['content-type', contentType]],
    steps: [{ afterMs: 0, bytes: text }],
  };
}

/** `count` numbered events `everyMs` apart, then `[DONE]`, which is the terminal event. */
export function eventsAnswer(count: number, everyMs: number = 0): Answer {
  const steps: Step[] = [];
  for (let at = 0; at < count; at += 1) {
    steps.push({ afterMs: at === 0 ? 0 : everyMs, bytes: `data: {"event":${at}}\n\n` });
  }
  steps.push({ afterMs: everyMs, bytes: 'data: [DONE]\n\n' });
  return sseAnswer(steps);
}

/** An event stream of the given steps. */
export function sseAnswer(steps: Iterable<Step>): Answer {
  return {
    status: 200,
    headers: [
      ['content-type', 'text/event-stream'],
      ['cache-control', 'no-cache'],
    ],
    steps,
  };
}

/** A page as a load balancer sends it in place of an API's error. */
export function htmlErrorAnswer(status: number = 502): Answer {
  const head = `<head><title>${status}</title></head>`;
  const page = `<html>${head}<body><h1>Bad gateway</h1></body></html>\n`;
  return { ...textAnswer(page, 'text/html; charset=utf-8'), status };
}

/** `bytes` of body in pieces made as they are sent, so that size costs no memory. */
export function hugeAnswer(bytes: number, pieceBytes: number = 64 * 1024): Answer {
  return {
    status: 200,
    headers: [['content-type', 'application/octet-stream']],
    bodyBytes: bytes,
    steps: {
      *[Symbol.iterator]() {
        const piece = Buffer.alloc(pieceBytes, 0x2e);
        for (let left = bytes; left > 0; left -= pieceBytes) {
          yield { afterMs: 0, bytes: piece.subarray(0, Math.min(left, pieceBytes)) };
        }
      },
    },
  };
}

/** How long an upstream tells its caller to wait, in each of the forms in use. */
export interface RetryAfter {
  /** `Retry-After: <seconds>`. */
  readonly seconds?: number;
  /** `Retry-After: <HTTP date>`; an instant in ms since the epoch. */
  readonly dateMs?: number;
  /** `retry-after-ms: <ms>`, as OpenAI sends it. */
  readonly ms?: number;
}

/** A refusal in the wording of the dialect that `path` belongs to. */
export function refusalAnswer(status: number, path: string, retryAfter: RetryAfter = {}): Answer {
  const headers: [string, string][] = [['content-type', 'application/json']];
  const { seconds, dateMs, ms } = retryAfter;
  if (seconds !== undefined) headers.push(['retry-after', String(seconds)]);
  if (dateMs !== undefined) headers.push(['retry-after', new Date(dateMs).toUTCString()]);
  if (ms !== undefined) headers.push(['retry-after-ms', String(ms)]);
  const type = errorTypeOf(status);
  const message = `refused with ${status} by the test upstream`;
  const body = path.startsWith('/v1/messages')
    ? { type: 'error', error: { type, message }, request_id: 'req_test' }
    : { error: { message, type, param: null, code: null } };
  return { status, headers, steps: [{ afterMs: 0, bytes: JSON.stringify(body) }] };
}

/** One error event as it comes inside a started stream of the dialect that `path` belongs to. */
export function errorEventFor(path: string): string {
  const message = 'overloaded, says the test upstream';
  const error = { type: 'overloaded_error', message };
  if (path.startsWith('/v1/messages')) {
    return `event: error\ndata: ${JSON.stringify({ type: 'error', error })}\n\n`;
  }
  if (path.startsWith('/v1/responses')) {
    const event = {
      type: 'error',
      code: 'server_error',
      message,
      param: null,
      sequence_number: 99,
    };
    return `event: error\ndata: ${JSON.stringify(event)}\n\n`;
  }
  return `data: ${JSON.stringify({ error: { message, type: 'server_error', code: null } })}\n\n`;
}

/** Anthropic's names, which the other dialects accept as free text. */
function errorTypeOf(status: number): string {
  if (status === 401) return 'authentication_error';
  if (status === 429) return 'rate_limit_error';
  if (status === 529) return 'overloaded_error';
  return status >= 500 ? 'api_error' : 'invalid_request_error';
}
