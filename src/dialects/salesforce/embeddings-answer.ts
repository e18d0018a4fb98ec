// The way back of embeddings: one document in, one document out.

import type { AnswerConversion, ConvertedAnswer } from '../../core/conversion.ts';
import { Progress } from '../../core/dialect.ts';
import type { Head } from '../../core/sink.ts';
import type { AnswerError } from '../conversion/answer-events.ts';
import { encodeError } from '../conversion/encode-error.ts';
import { convertedFields, errorTypeOf } from '../conversion/model-answer.ts';
import { embeddingsAnswer } from './documented-embeddings.ts';
import { salesforceError } from './salesforce-error.ts';
import { tooLarge, WholeBody } from './whole-body.ts';

/** Converts one answer of the embeddings call. */
export class EmbeddingsAnswer implements AnswerConversion {
  readonly progress: Progress = new Progress();
  readonly #head: Head;
  readonly #out: ConvertedAnswer;
  readonly #body: WholeBody;
  #text: string | undefined = undefined;

  readonly #model: string;
  readonly #request: Parameters<typeof embeddingsAnswer>[2];

  constructor(
    head: Head,
    out: ConvertedAnswer,
    model: string,
    request: Parameters<typeof embeddingsAnswer>[2],
  ) {
    this.#head = head;
    this.#out = out;
    this.#model = model;
    this.#request = request;
    this.progress.isDocument = true;
    this.#body = new WholeBody((text) => {
      this.#text = text;
    });
  }

  push(bytes: Uint8Array): void {
    this.#body.push(bytes);
  }

  finish(): undefined {
    this.#body.finish();
    const said = this.#text === undefined ? tooLarge : this.#read(this.#text);
    if (typeof said !== 'string') this.#refuse(said);
    else {
      this.progress.contentEvents += 1;
      this.progress.terminal = true;
      this.#say(200, said);
    }
    return undefined;
  }

  #read(text: string): string | AnswerError {
    const { status } = this.#head;
    if (status >= 400) return salesforceError(status, text);
    return embeddingsAnswer(text, this.#model, this.#request);
  }

  #refuse(error: AnswerError): void {
    this.progress.errorType = errorTypeOf(error);
    const { status, body } = encodeError('openai-chat', error, '');
    this.#say(status, body);
  }

  #say(status: number, body: string): void {
    const headers = convertedFields(this.#head.headers, 'application/json');
    this.#out.head({ status, reason: '', headers, framing: 'chunked', contentLength: -1 });
    this.#out.text(body);
  }
}
