// The line of a request that was refused before it became a call: same fields as the line of a
// call, as far as they are known. Rare, so built the plain way.

import { errorTable, STATUS_FOR_NOBODY } from '../core/error-table.ts';
import type { CallError } from '../core/errors.ts';
import { withoutQuery } from './access-log.ts';

/** What is known of a refused request. */
export interface RefusedRequest {
  readonly callId: string;
  readonly error: CallError;
  /** Empty where the head could not be read. */
  readonly method: string;
  readonly path: string;
}

/** The line, newline included. Holds no query. `wallNow` is the refusal, in epoch ms. */
export function refusalLine(refused: RefusedRequest, wallNow: number): string {
  const { callId, error, method, path } = refused;
  const known = method === '' ? {} : { method, path: withoutQuery(path) };
  const line = {
    time: new Date(wallNow).toISOString(),
    level: error.code === 'CALLER_GONE' ? 'info' : 'warn',
    msg: 'refused',
    call: callId,
    ...known,
    status: error.status === 0 ? STATUS_FOR_NOBODY : error.status,
    verdict: error.code,
    closedBy: errorTable[error.code].closedBy,
    origin: error.origin,
    phase: error.phase,
    why: error.message,
    advice: errorTable[error.code].advice,
  };
  return `${JSON.stringify(line)}\n`;
}
