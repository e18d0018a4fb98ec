// Answers the gateway gives itself: the warm-up probes of coding agents, and refusals of what no
// route takes. Both are services, so that logs and metrics see them like any other call.

import type { Dialect } from '../core/dialect.ts';
import { CallError } from '../core/errors.ts';
import { HeaderList } from '../core/header-list.ts';
import type { Service } from '../core/layer.ts';
import type { Head } from '../core/sink.ts';
import { freeFlow } from '../core/sink.ts';
import type { RequestHead } from '../http1/head.ts';

/** Answers 200 with nothing in it. */
export function emptyAnswer(): Service {
  return answer(200, 'OK', HeaderList.empty, Buffer.alloc(0));
}

/**
 * Answers a WebSocket handshake with 426, the one status at which Codex turns to HTTP at once; at
 * any other it tries again and again first. `route` would have taken an ordinary request; without
 * it none would that could take sessions.
 */
export function webSocketRefusal(route: string | undefined): Service {
  const profile = '`profile: websocket`';
  const lacks = `the upstreams of route "${route}" do not have ${profile}`;
  const offer =
    route === undefined
      ? `no route takes it; add one to an upstream with ${profile}`
      : `${lacks}; set it there, or on an upstream with a route of its own in front`;
  const message = `WebSocket is not offered here; use HTTP streaming. To offer it: ${offer}.`;
  const body = JSON.stringify({ error: { type: 'upgrade_required', message } });
  const fields = HeaderList.of([['content-type', 'application/json']]);
  return answer(426, 'Upgrade Required', fields, Buffer.from(body));
}

function answer(status: number, reason: string, headers: HeaderList, body: Uint8Array): Service {
  const head: Head = { status, reason, headers, framing: 'length', contentLength: body.length };
  return (call, sink) => {
    sink.start(head, freeFlow);
    if (body.length > 0 && call.method !== 'HEAD') sink.chunk(body);
    sink.end();
  };
}

/** Refuses with an error made for this one request. */
export function refusal(error: CallError): Service {
  return (_call, sink) => sink.fail(error);
}

/**
 * Whether a request is one of the probes by which clients warm up a connection (`HEAD /`,
 * `HEAD /api/hello`); they carry no credentials and must not go upstream.
 */
export function isProbe(method: string, path: string): boolean {
  if (path === '/api/hello') return method === 'HEAD' || method === 'GET';
  return path === '/' && (method === 'HEAD' || method === 'GET');
}

/** Why nothing takes a request, and what to do. */
export function noRouteError(method: string, path: string, model: string | undefined): CallError {
  const asked = `${method} ${path}${model === undefined ? '' : ` with model "${model}"`}`;
  return new CallError('NO_ROUTE', { detail: `${asked} is not served here: ${advice(path)}.` });
}

const SERVED = /^\/(messages|chat\/completions|completions|responses|embeddings|models)(\/|$)/;

function advice(path: string): string {
  if (SERVED.test(path)) return `the path must start with /v1, so end the base URL in /v1`;
  if (path.startsWith('/v1/v1/')) return 'the base URL must not end in /v1';
  return 'use /v1/messages, /v1/chat/completions or /v1/responses, or add a route for it';
}

/** Dialects to refuse in, by name of the API a path belongs to. */
export interface RefusalDialects {
  readonly anthropic: Dialect;
  readonly chat: Dialect;
  readonly responses: Dialect;
  readonly plain: Dialect;
}

/** The dialect a caller of this path will understand. */
export function dialectOfCaller(head: RequestHead, dialects: RefusalDialects): Dialect {
  const { target, headers } = head;
  if (target.startsWith('/v1/messages')) return dialects.anthropic;
  if (headers.has('anthropic-version')) return dialects.anthropic;
  if (target.includes('/responses')) return dialects.responses;
  if (target.startsWith('/v1/') || SERVED.test(target)) return dialects.chat;
  return dialects.plain;
}

/** What a request without a valid key is told. */
export function unauthorized(why: 'missing' | 'unknown'): CallError {
  const detail = why === 'missing' ? 'None was sent.' : 'The one that was sent is not known here.';
  return new CallError('UNAUTHORIZED', { detail, shouldRetry: false });
}
