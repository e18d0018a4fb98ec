// What one JSON text of an upstream told, in plain slots: ids, token counts, finish reasons, error.
// Knows no dialect; which member fills which slot is decided by the tree of fields. Everything is
// provisional until a scanner applies it.

import type { Progress } from '../core/dialect.ts';
import { Field } from './json-fields.ts';
import type { DocumentFindings } from './json-scanner.ts';

/** Choices are told apart up to this index; those above share its bit. */
const CHOICE_MAX = 30;

/** Collects the members of one text; `reset` before the next one. */
export class JsonFindings implements DocumentFindings {
  /** The first top-level `type`. */
  type: string | undefined = undefined;
  errorType: string | undefined = undefined;
  errorCode: string | undefined = undefined;
  hasError: boolean = false;
  /** A finish or stop reason that is not null. */
  finished: boolean = false;
  /** Bits of the choices seen, and of those with a finish reason. */
  choices: number = 0;
  finishedChoices: number = 0;
  sequence: number = -1;
  #id: string | undefined = undefined;
  #model: string | undefined = undefined;
  #input: number = -1;
  #output: number = -1;
  #cached: number = -1;
  #inChoice: boolean = false;
  #choice: number = 0;
  #choiceFinished: boolean = false;

  /** Token counts were among it. */
  get hasUsage(): boolean {
    return this.#input >= 0 || this.#output >= 0 || this.#cached >= 0;
  }

  reset(): void {
    this.type = undefined;
    this.errorType = undefined;
    this.errorCode = undefined;
    this.hasError = false;
    this.finished = false;
    this.choices = 0;
    this.finishedChoices = 0;
    this.sequence = -1;
    this.#id = undefined;
    this.#model = undefined;
    this.#input = -1;
    this.#output = -1;
    this.#cached = -1;
    this.#inChoice = false;
  }

  found(field: number, text: string | undefined, number: number): void {
    switch (field) {
      case Field.choice:
        this.close();
        this.#inChoice = true;
        this.#choice = 0;
        this.#choiceFinished = false;
        break;
      case Field.choiceIndex:
        if (number >= 0) this.#choice = Math.min(number, CHOICE_MAX);
        break;
      case Field.finish:
        if (text === undefined) break;
        this.finished = true;
        this.#choiceFinished = true;
        break;
      case Field.error:
        this.hasError = true;
        break;
      default:
        if (text !== undefined) this.#text(field, text);
        else if (number >= 0) this.#count(field, number);
    }
  }

  /** Ends the last choice; call it when the text is over. */
  close(): void {
    if (!this.#inChoice) return;
    this.#inChoice = false;
    this.choices |= 1 << this.#choice;
    if (this.#choiceFinished) this.finishedChoices |= 1 << this.#choice;
  }

  /** Writes ids (the first stays) and token counts (the last wins) into `progress`. */
  apply(progress: Progress): void {
    progress.messageId ??= this.#id;
    progress.model ??= this.#model;
    if (this.#input >= 0) progress.inputTokens = this.#input;
    if (this.#output >= 0) progress.outputTokens = this.#output;
    if (this.#cached >= 0) progress.cachedTokens = this.#cached;
  }

  /** As `apply`, for a text that is the whole answer: an error object in it is its failure. */
  applyDocument(progress: Progress): void {
    this.apply(progress);
    if (this.hasError) progress.errorType = this.errorName('error');
  }

  /** The error in one word, for logs; `other` when it names none. */
  errorName(other: string): string {
    return this.errorType ?? this.errorCode ?? other;
  }

  #text(field: number, text: string): void {
    if (field === Field.type) this.type ??= text;
    else if (field === Field.id) this.#id = text;
    else if (field === Field.model) this.#model = text;
    else if (field === Field.errorType) this.errorType = text;
    else if (field === Field.errorCode) this.errorCode = text;
  }

  #count(field: number, number: number): void {
    if (field === Field.inputTokens) this.#input = number;
    else if (field === Field.outputTokens) this.#output = number;
    else if (field === Field.cachedTokens) this.#cached = number;
    else if (field === Field.sequence && this.sequence < 0) this.sequence = number;
  }
}
