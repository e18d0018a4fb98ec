// What an attempt says about the place it was sent to. One table for everybody who judges: retry,
// breaker, balancer and limiter may draw different conclusions, but never see different facts.
// Source: resilience reference, sections 3 and 4.

import type { SilentRefusal } from './dialect.ts';
import type { CallError, ErrorCode } from './errors.ts';
import { retryAfterMs } from './retry-after.ts';
import type { Head } from './sink.ts';

/**
 * - `ok`: a whole answer of 1xx to 3xx.
 * - `rejected`: the upstream works and found fault with the request (other 4xx).
 * - `throttled`: it asks for fewer calls (429, a rate-limit event).
 * - `overloaded`: it can not keep up (503, 529, an overload event).
 * - `full`: it works and carries all that it takes at a time. Only where refusals for want of room
 *   have no words: a 429 without a reason, a connection closed on a call (`SilentRefusal`).
 * - `failed`: it broke (500, 502, 504, reset, silence, a cut or empty answer).
 * - `unreachable`: nothing was ever written (DNS, TCP, TLS, forward proxy).
 * - `ignored`: says nothing about the place (caller gone, our own refusal, a stale connection).
 */
export type OutcomeKind =
  | 'ok'
  | 'rejected'
  | 'throttled'
  | 'overloaded'
  | 'full'
  | 'failed'
  | 'unreachable'
  | 'ignored';

/** One judged attempt. */
export interface Outcome {
  readonly kind: OutcomeKind;
  /** What it asked us to wait, in ms; 0 = nothing. */
  readonly retryAfterMs: number;
  /** Status, error code or event type, for logs and labels; from closed lists. */
  readonly cause: string;
}

const outcome = (kind: OutcomeKind, cause: string, waitMs: number = 0): Outcome => ({
  kind,
  retryAfterMs: waitMs,
  cause,
});

const OK = Object.freeze(outcome('ok', 'complete'));

/** The kind of a final status. */
export function kindOfStatus(status: number): OutcomeKind {
  if (status < 400) return 'ok';
  if (status === 429) return 'throttled';
  if (status === 503 || status === 529) return 'overloaded';
  return status >= 500 && status !== 501 && status !== 505 ? 'failed' : 'rejected';
}

/** What a final head says on its own; `silentRefusal` is that of the dialect. */
export function outcomeOfHead(head: Head, wallNow: number, silentRefusal?: SilentRefusal): Outcome {
  const { status, headers } = head;
  if (status < 400) return OK;
  const waitMs = retryAfterMs(headers, wallNow);
  const isFull =
    status === 429 && silentRefusal === 'room' && waitMs === 0 && !headers.has('x-ratelimit-rule');
  return outcome(isFull ? 'full' : kindOfStatus(status), String(status), waitMs);
}

/** Types of error events inside a 200, as providers name them; others count as `failed`. */
const eventKinds: Readonly<Record<string, OutcomeKind>> = {
  overloaded_error: 'overloaded',
  overloaded: 'overloaded',
  server_overloaded: 'overloaded',
  service_unavailable: 'overloaded',
  slow_down: 'overloaded',
  rate_limit_error: 'throttled',
  rate_limit_exceeded: 'throttled',
  insufficient_quota: 'throttled',
  invalid_request_error: 'rejected',
  invalid_prompt: 'rejected',
  context_length_exceeded: 'rejected',
  authentication_error: 'rejected',
  permission_error: 'rejected',
  not_found_error: 'rejected',
  request_too_large: 'rejected',
};

/** What an error event inside a started answer says; `type` as in `Progress.errorType`. */
export function outcomeOfEvent(type: string): Outcome {
  if (!Object.hasOwn(eventKinds, type)) return outcome('failed', 'error-event');
  return outcome(eventKinds[type] as OutcomeKind, type);
}

const unreachable: ReadonlySet<ErrorCode> = new Set([
  'CONNECT_FAILED',
  'CONNECT_TIMEOUT',
  'TLS_FAILED',
  'TLS_TIMEOUT',
  'PROXY_REFUSED',
]);

/** Codes of upstreams that say nothing about the place: our own doing, or our own limit. */
const silent: ReadonlySet<ErrorCode> = new Set([
  'STALE_CONNECTION',
  'PACED',
  'UPSTREAM_MESSAGE_TOO_LARGE',
]);

/**
 * What a failure says. `silentRefusal` is that of the dialect: an upstream whose refusals for want
 * of room have no words closes connections for the same reason.
 */
export function outcomeOfError(error: CallError, silentRefusal?: SilentRefusal): Outcome {
  const { code } = error;
  if (silentRefusal === 'room' && code === 'RESET') return outcome('full', code);
  if (unreachable.has(code)) return outcome('unreachable', code);
  const counts = error.origin === 'upstream' && !silent.has(code);
  return outcome(counts ? 'failed' : 'ignored', code, error.retryAfterMs ?? 0);
}
