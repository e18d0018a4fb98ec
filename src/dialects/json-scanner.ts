// Judges whole JSON answers (empty, cut short or complete), and reads ids and token counts in them.
// Refuses to guess about bodies that are not JSON after all.
// Invariant: a body cut inside its top-level object, list or string is never called complete.

import type { Scanner } from '../core/dialect.ts';
import { Progress } from '../core/dialect.ts';
import type { FieldNode } from './json-fields.ts';
import { JsonFindings } from './json-findings.ts';
import { JsonWalk } from './json-walk.ts';

/** The scanner of a JSON answer. */
export class JsonScanner implements Scanner {
  readonly progress: Progress = new Progress();
  readonly #findings: JsonFindings = new JsonFindings();
  readonly #walk: JsonWalk = new JsonWalk(this.#findings);
  readonly #mustAnswer: boolean;

  /** `mustAnswer`: a body without anything in it is no answer. */
  constructor(fields: FieldNode, mustAnswer: boolean) {
    this.#mustAnswer = mustAnswer;
    this.progress.atBoundary = false;
    this.progress.isDocument = true;
    this.#walk.begin(fields);
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

  #over(): void {
    const { progress } = this;
    this.#findings.apply(progress);
    if (this.#findings.hasError) progress.errorType = this.#findings.errorName('error');
    progress.blockCompleted = true;
    progress.contentComplete = true;
    progress.terminal = true;
  }
}
