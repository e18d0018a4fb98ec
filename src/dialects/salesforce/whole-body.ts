// Collects a document, because nothing of it can be used before its end.

import type { AnswerDecoder } from '../conversion/answer-events.ts';
import { answerError } from './salesforce-error.ts';

/** The largest embeddings answer that was seen is a tenth of this. */
export const DOCUMENT_BYTES_MAX = 32 * 1024 * 1024;

/** What is said in place of a document that is too large. */
export const tooLarge = answerError(
  'server',
  'The service answered with more than a document may hold.',
);

/** Gives the text when the body has ended, `undefined` for one that is too large. */
export class WholeBody implements AnswerDecoder {
  readonly #take: (body: string | undefined) => void;
  #parts: Uint8Array[] = [];
  #bytes: number = 0;

  constructor(take: (body: string | undefined) => void) {
    this.#take = take;
  }

  push(bytes: Uint8Array): void {
    this.#bytes += bytes.length;
    if (this.#bytes > DOCUMENT_BYTES_MAX) this.#parts = [];
    else this.#parts.push(Uint8Array.from(bytes));
  }

  finish(): void {
    const whole = this.#bytes <= DOCUMENT_BYTES_MAX;
    this.#take(whole ? Buffer.concat(this.#parts).toString('utf8') : undefined);
  }
}
