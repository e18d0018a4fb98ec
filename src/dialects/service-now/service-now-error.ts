// Errors of the gateway in the form of ServiceNow's own, for clients that look for `error.message`
// and `status` in every body.

import type { Rendered } from '../../core/dialect.ts';
import { errorTable } from '../../core/error-table.ts';
import type { CallError } from '../../core/errors.ts';
import { asSentence, shownStatus } from '../error-text.ts';

/** The error as a whole answer. The code stands in `detail`, where ServiceNow puts the reason. */
export function renderServiceNowError(error: CallError, callId: string): Rendered {
  const { code } = error;
  const known = errorTable[code];
  const said = error.detail === undefined ? '' : ` ${asSentence(error.detail)}`;
  const detail = `${code}:${said} ${known.advice} (call ${callId})`;
  return {
    status: shownStatus(error),
    contentType: 'application/json',
    body: JSON.stringify({ error: { message: known.meaning, detail }, status: 'failure' }),
  };
}
