// The words of an error as callers may see them: what happened, what to change, which call it was.
// Refuses causes: they may hold addresses, keys and texts of others.

import type { CallError } from '../core/errors.ts';
import { errorTable } from '../core/error-table.ts';

/** A few sentences for a person. */
export function errorText({ code, message }: CallError): string {
  return `${asSentence(message)} ${errorTable[code].advice}`;
}

/** What a platform says of a failure ends without a full stop. */
export function asSentence(text: string): string {
  return /[.!?)]$/.test(text) ? text : `${text}.`;
}

/** A status that can be sent: errors which are never shown have none of their own. */
export function shownStatus(error: CallError): number {
  return error.status === 0 ? 500 : error.status;
}
