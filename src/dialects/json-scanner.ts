// Judges whole JSON answers: empty, cut short or complete. Which members are read, and what they
// mean, is up to the findings. Refuses to guess about bodies that are not JSON after all.
// Invariant: a body cut inside its top-level object, list or string is never called complete.

import type { Scanner } from '../core/dialect.ts';
import { Progress } from '../core/dialect.ts';
import type { FieldNode, FieldSink } from './json-fields.ts';
import { JsonWalk } from './json-walk.ts';

/** Collects what one document tells. */
export interface DocumentFindings extends FieldSink {
  /** Writes what was found, a failure among it, into `progress`. Asked once, at the end. */
  applyDocument(progress: Progress): void;
}

/** The scanner of a JSON answer. */
export class JsonScanner implements Scanner {
  readonly progress: Progress = new Progress();
  readonly #findings: DocumentFindings;
  readonly #walk: JsonWalk;
  readonly #mustAnswer: boolean;

  /** `fields` report to `findings`. `mustAnswer`: a body without anything in it is no answer. */
  constructor(fields: FieldNode, findings: DocumentFindings, mustAnswer: boolean) {
    this.#findings = findings;
    this.#walk = new JsonWalk(findings);
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
    this.#findings.applyDocument(progress);
    progress.blockCompleted = true;
    progress.contentComplete = true;
    progress.terminal = true;
  }
}
