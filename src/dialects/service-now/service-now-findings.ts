// What a JSON document of ServiceNow reports besides rows: a failure, which comes under a 200 as
// well. A few top-level members are read and all rows skipped, however many: a member of a row is
// never mistaken for one of these. A document that reports a failure is no answer, whatever its
// status and its rows: so its end must not reach the caller.

import type { HeadFault, Progress } from '../../core/dialect.ts';
import type { FieldNode } from '../json-fields.ts';
import { leaf, object } from '../json-fields.ts';
import type { DocumentFindings } from '../json-scanner.ts';
import { instanceWords } from './instance-words.ts';

const ERROR = 0;
const MESSAGE = 1;
const DETAIL = 2;
const STATUS = 3;

/** `{"result": [...], "error": {"message", "detail"}, "status": "failure"}` */
export const documentFields: FieldNode = object({
  error: object({ message: leaf(MESSAGE), detail: leaf(DETAIL) }, ERROR),
  status: leaf(STATUS),
});

/** What a failure is called in logs, and what it is to callers. */
interface FailureKind {
  readonly type: string;
  readonly code: HeadFault['code'];
}

const otherFailure: FailureKind = { type: 'failure', code: 'REPORTED_FAILURE' };

/** Failures that mean more than their status, by the beginning of their message. */
const knownFailures: readonly (readonly [RegExp, FailureKind])[] = [
  // An hourly rule, which is pacing's business as much as a 429 would be.
  [/^rate limit/i, { type: 'rate_limit_exceeded', code: 'REPORTED_FAILURE' }],
  // A quota rule of the platform: the query takes longer than it may (60 s).
  [/^transaction cancel/i, { type: 'transaction_cancelled', code: 'TRANSACTION_CANCELLED' }],
];

/** Whether one document, read by `documentFields`, reports a failure, and which. */
export class ServiceNowFindings implements DocumentFindings {
  #failed: boolean = false;
  #over: boolean = false;
  #message: string = '';
  #detail: string = '';

  found(field: number, text: string | undefined, number: number): void {
    switch (field) {
      case ERROR:
        this.#failed ||= isError(text, number);
        if (text !== undefined) this.#message = text;
        break;
      case MESSAGE:
        this.#message = text ?? '';
        break;
      case DETAIL:
        this.#detail = text ?? '';
        break;
      default:
        if (text === 'failure') this.#failed = true;
    }
  }

  applyDocument(progress: Progress): void {
    this.#over = true;
    if (!this.#failed) return;
    progress.errorType = this.#kind.type;
    progress.falseEnd = true;
  }

  /** Why the document is no answer, in the instance's own words; known at its end. */
  get fault(): HeadFault | undefined {
    if (!this.#over || !this.#failed) return undefined;
    const words = instanceWords(this.#message, this.#detail);
    const detail = words === '' ? 'It did not say why.' : `The instance said: ${words}`;
    return { code: this.#kind.code, detail };
  }

  get #kind(): FailureKind {
    const known = knownFailures.find(([pattern]) => pattern.test(this.#message));
    return known?.[1] ?? otherFailure;
  }
}

/** An object, some text as OAuth puts there, or `true`; see `FieldSink`. */
function isError(text: string | undefined, number: number): boolean {
  return text === undefined ? number === 0 || Number.isNaN(number) : text !== '';
}
