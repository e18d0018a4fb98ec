// The closed list of ways a stream ends, for the `how` label of gw_stream_end_total.

import type { CallError } from '../core/errors.ts';

/** How a stream ended that did not end whole. */
export function streamEnd(error: CallError): string {
  switch (error.code) {
    case 'CALLER_GONE':
      return 'client_gone';
    case 'CALLER_STALLED':
      return 'slow_reader';
    case 'STREAM_IDLE':
    case 'FIRST_BYTE_TIMEOUT':
      return 'idle';
    case 'DEADLINE_EXCEEDED':
      return 'deadline';
    case 'DRAINING':
      return 'drain';
    case 'STREAM_CUT':
    case 'STREAM_TRUNCATED':
    case 'EMPTY_ANSWER':
      return 'truncated';
    default:
      return 'error';
  }
}
