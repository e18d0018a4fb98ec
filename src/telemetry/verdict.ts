// How a call ended, in one word for log and metrics. A failure that an upstream told inside its
// answer was passed on as it came, so no layer failed the call; it is no success for all that.

import type { Call } from '../core/call.ts';
import type { CallError, ErrorCode } from '../core/errors.ts';

/** The code of a call that did not end well; `undefined` = its answer was whole. */
export function failureOf({ timeline }: Call, error: CallError | undefined): ErrorCode | undefined {
  if (error !== undefined) return error.code;
  // What the caller has asked wrongly is told by the status, converted or not.
  if (timeline.status >= 400 && timeline.status < 500) return undefined;
  return timeline.progress?.errorType === undefined ? undefined : 'UPSTREAM_ERROR_EVENT';
}
