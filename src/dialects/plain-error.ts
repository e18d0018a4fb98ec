// Errors for callers whose dialect has no form of its own.

import type { Rendered } from '../core/dialect.ts';
import type { CallError } from '../core/errors.ts';
import { errorTable } from '../core/error-table.ts';
import { shownStatus } from './error-text.ts';

/** The error as JSON, with everything a person needs to act on it. */
export function renderPlainError(error: CallError, callId: string): Rendered {
  const body = {
    error: {
      code: error.code,
      message: error.message,
      advice: errorTable[error.code].advice,
      origin: error.origin,
      phase: error.phase,
      callId,
    },
  };
  return {
    status: shownStatus(error),
    contentType: 'application/json',
    body: JSON.stringify(body),
  };
}
