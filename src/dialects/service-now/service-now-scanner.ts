// Judges whole JSON documents of ServiceNow: empty, cut short or complete, and whether they report
// a failure beside or in place of rows, which comes under a 200 as well. Reads three top-level
// members and skips all rows, however many: a member of a row is never mistaken for one of these.
// Invariant: a document cut inside its top-level value is never called complete.

import type { Scanner } from '../../core/dialect.ts';
import { Progress } from '../../core/dialect.ts';
import type { FieldSink } from '../json-fields.ts';
import { leaf, object } from '../json-fields.ts';
import { JsonWalk } from '../json-walk.ts';

const ERROR = 0;
const MESSAGE = 1;
const STATUS = 2;

/** `{"result": [...], "error": {"message", "detail"}, "status": "failure"}` */
const documentFields = object({
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

/** The scanner of one document. */
export class ServiceNowScanner implements Scanner, FieldSink {
  readonly progress: Progress = new Progress();
  readonly #walk: JsonWalk = new JsonWalk(this);
  readonly #mustAnswer: boolean;
  #failed: boolean = false;
  #message: string = '';

  /** `mustAnswer`: a body without anything in it is no answer. */
  constructor(mustAnswer: boolean) {
    this.#mustAnswer = mustAnswer;
    this.progress.atBoundary = false;
    this.progress.isDocument = true;
    this.#walk.begin(documentFields);
  }

  scan(bytes: Uint8Array, from: number, to: number): void {
    if (from >= to) return;
    const { progress } = this;
    progress.contentEvents += 1;
    if (progress.terminal) return;
    this.#walk.feed(bytes, from, to);
    if (this.#walk.closed) this.#over();
  }

  finish(): 'STREAM_TRUNCATED' | 'EMPTY_ANSWER' | undefined {
    if (!this.#walk.opened) return this.#mustAnswer ? 'EMPTY_ANSWER' : undefined;
    return this.#walk.unfinished ? 'STREAM_TRUNCATED' : undefined;
  }

  found(field: number, text: string | undefined, number: number): void {
    if (field === ERROR) this.#failed ||= isError(text, number);
    else if (field === MESSAGE) this.#message = text ?? '';
    else if (field === STATUS && text === 'failure') this.#failed = true;
  }

  #over(): void {
    const { progress } = this;
    if (this.#failed) progress.errorType = failureType(this.#message);
    progress.blockCompleted = true;
    progress.contentComplete = true;
    progress.terminal = true;
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
