// What a JSON document of ServiceNow reports besides rows: a failure, which comes under a 200 as
// well. Three top-level members are read and all rows skipped, however many: a member of a row is
// never mistaken for one of these.

import type { Progress } from '../../core/dialect.ts';
import type { FieldNode } from '../json-fields.ts';
import { leaf, object } from '../json-fields.ts';
import type { DocumentFindings } from '../json-scanner.ts';

const ERROR = 0;
const MESSAGE = 1;
const STATUS = 2;

/** `{"result": [...], "error": {"message", "detail"}, "status": "failure"}` */
export const documentFields: FieldNode = object({
  error: object({ message: leaf(MESSAGE) }, ERROR),
  status: leaf(STATUS),
});

/** Failures that mean more than their status, by the beginning of their message. */
const knownFailures: readonly (readonly [RegExp, string])[] = [
  // An hourly rule, which is pacing's business as much as a 429 would be.
  [/^rate limit/i, 'rate_limit_exceeded'],
  // A quota rule of the platform: the query takes longer than it may (60 s).
  [/^transaction cancel/i, 'transaction_cancelled'],
];

/** Whether one document, read by `documentFields`, reports a failure, and which. */
export class ServiceNowFindings implements DocumentFindings {
  #failed: boolean = false;
  #message: string = '';

  found(field: number, text: string | undefined, number: number): void {
    if (field === ERROR) this.#failed ||= isError(text, number);
    else if (field === MESSAGE) this.#message = text ?? '';
    else if (field === STATUS && text === 'failure') this.#failed = true;
  }

  applyDocument(progress: Progress): void {
    if (this.#failed) progress.errorType = failureType(this.#message);
  }
}

/** An object, some text as OAuth puts there, or `true`; see `FieldSink`. */
function isError(text: string | undefined, number: number): boolean {
  return text === undefined ? number === 0 || Number.isNaN(number) : text !== '';
}

function failureType(message: string): string {
  for (const [pattern, type] of knownFailures) if (pattern.test(message)) return type;
  return 'failure';
}
