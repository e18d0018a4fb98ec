// What a caller is told when no attempt is left: not to begin again on its own. Its three attempts
// times ours would be nine.

import { CallError } from '../../core/errors.ts';
import type { Head } from '../../core/sink.ts';
import type { DenialCause } from './retry-observer.ts';

const outOf: ReadonlySet<DenialCause> = new Set<DenialCause>([
  'attempts',
  'budget',
  'concurrency',
  'throttle',
  'quota',
]);

/** Whether further attempts by the caller would repeat what was tried or must not be tried. */
export function isOut(denial: DenialCause | undefined): boolean {
  return denial !== undefined && outOf.has(denial);
}

/** The head with the advice in place of whatever the upstream has said about it. */
export function hopelessHead(head: Head): Head {
  const headers = head.headers.without('x-should-retry').with('x-should-retry', 'false');
  return { ...head, headers };
}

/** The error with the advice. */
export function hopelessError(error: CallError): CallError {
  const { code, detail, phase, replay, retryAfterMs, cause } = error;
  return new CallError(code, {
    phase,
    replay,
    cause,
    shouldRetry: false,
    ...(detail === undefined ? {} : { detail }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}
