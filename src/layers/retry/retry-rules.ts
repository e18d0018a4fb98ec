// Which failures are worth a further attempt, and whether the call may be made again at all.
// Pure tables; resilience reference, section 3.

import type { Call } from '../../core/call.ts';
import type { CallError } from '../../core/errors.ts';
import type { HeaderList } from '../../core/header-list.ts';
import type { Outcome } from '../../core/outcome.ts';

/** What one failed attempt means for the next. */
export interface Failure {
  /** See `Outcome.cause`. */
  readonly cause: string;
  /** The upstream has not acted on the request, whatever its method. */
  readonly untouched: boolean;
  /** It failed for load, so the next attempt waits longer. */
  readonly forLoad: boolean;
  /** It was told to ask less; its words say whether that is a matter of time or of money. */
  readonly throttled: boolean;
  readonly retryAfterMs: number;
}

/** Statuses that may go away by themselves. */
const passing: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504, 529]);
/** Refusals: the request was not acted on. */
const refusals: ReadonlySet<number> = new Set([429, 503, 529]);

/** The failure that an answer with this head is, or `undefined` when it is to be passed on. */
export function failureOfHead(
  status: number,
  headers: HeaderList,
  outcome: Outcome,
): Failure | undefined {
  const told = headers.get('x-should-retry');
  if (told === 'false') return undefined;
  if (told !== 'true' && !passing.has(status)) return undefined;
  return {
    cause: outcome.cause,
    untouched: refusals.has(status),
    forLoad: refusals.has(status),
    throttled: outcome.kind === 'throttled',
    retryAfterMs: outcome.retryAfterMs,
  };
}

/** The failure that an error event before any content is, or `undefined`: to be passed on. */
export function failureOfEvent({ kind, cause, retryAfterMs }: Outcome): Failure | undefined {
  if (kind !== 'overloaded' && kind !== 'throttled' && kind !== 'failed') return undefined;
  return {
    cause,
    // An answer had begun, so something was done.
    untouched: false,
    forLoad: kind !== 'failed',
    throttled: kind === 'throttled',
    retryAfterMs,
  };
}

/** The failure of an attempt without a usable answer, or `undefined`: to be passed on. */
export function failureOfError(error: CallError): Failure | undefined {
  if (error.origin !== 'upstream') return undefined;
  // Nothing was sent: the upstream's own refusal of a moment ago still holds.
  const paced = error.code === 'PACED';
  return {
    cause: error.code,
    untouched: paced || error.replay === 'safe',
    forLoad: paced,
    throttled: paced,
    retryAfterMs: error.retryAfterMs ?? 0,
  };
}

/** RFC 9110 9.2.2, and QUERY, which is safe by definition. */
const idempotent: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'OPTIONS',
  'TRACE',
  'PUT',
  'DELETE',
  'QUERY',
]);

/** Whether this call may be made again although the last attempt may have been acted on. */
export function mayRepeat({ method, headers, route }: Call): boolean {
  if (route.replay === 'always') return true;
  if ((route.dialect.repeatable ?? idempotent).has(method)) return true;
  // A doubled completion costs money but changes nothing, unless its route says otherwise.
  if (route.kind === 'completion' && route.replay !== 'strict') return true;
  return headers.has('idempotency-key');
}

/**
 * Wordings of refusals that no wait will lift: the account has no money or has spent what it may.
 * OpenAI codes `insufficient_quota` and `billing_hard_limit_reached`; Anthropic error codes that
 * end in `spend_limit_reached`, and its words for an empty account.
 */
const OUT_OF_MONEY =
  /insufficient_quota|billing_hard_limit|spend_limit_reached|credit balance is too low/i;

/** Whether a failure and its words say that the account, not the moment, is the reason. */
export function isQuotaGone({ throttled, cause }: Failure, words: string): boolean {
  return throttled && (OUT_OF_MONEY.test(cause) || OUT_OF_MONEY.test(words));
}
