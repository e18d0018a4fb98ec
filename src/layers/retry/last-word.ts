// What a caller is told when no attempt is left: not to begin again on its own. Its three attempts
// times ours would be nine.

import { CallError } from '../../core/errors.ts';
import type { Head } from '../../core/sink.ts';
import type { DenialCause } from './retry-observer.ts';

/**
 * Whether further attempts by the caller would repeat what was tried or must not be tried. A wait
 * too long for us, or for the deadline, is none of these: the answer itself says how long it is.
 */
export function isOut(denial: DenialCause | undefined, attempts: number): boolean {
  switch (denial) {
    case 'attempts':
    case 'budget':
    case 'concurrency':
    case 'throttle':
    case 'quota':
      return true;
    case 'not-replayable':
      // At the first attempt that is no business of ours; later, one of ours came to this end.
      return attempts > 1;
    default:
      return false;
  }
}

/** The head with the advice in place of whatever the upstream has said about it. */
export function hopelessHead(head: Head): Head {
  const { status, reason, framing, contentLength } = head;
  const headers = head.headers.without('x-should-retry').with('x-should-retry', 'false');
  return { status, reason, headers, framing, contentLength };
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
