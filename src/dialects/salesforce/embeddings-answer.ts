// The way back of embeddings: one document in, one document out.

import type { AnswerConversion, ConvertedAnswer } from '../../core/conversion.ts';
import { Progress } from '../../core/dialect.ts';
import { CallError } from '../../core/errors.ts';
import type { Head } from '../../core/sink.ts';
import type { AnswerError } from '../conversion/answer-events.ts';
import { encodeError } from '../conversion/encode-error.ts';
import { convertedFields } from '../conversion/model-answer.ts';
import { embeddingsAnswer } from './documented-embeddings.ts';
import { salesforceError } from './salesforce-error.ts';
import { WholeBody } from './whole-body.ts';

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

  finish(): CallError | undefined {
    this.#body.finish();
    if (this.#text === undefined) return new CallError('BAD_RESPONSE');
    const { status } = this.#head;
    const said =
      status >= 400
        ? salesforceError(status, this.#text)
        : embeddingsAnswer(this.#text, this.#model, this.#request);
    if (typeof said === 'string') this.#say(200, said);
    else this.#refuse(said);
    return undefined;
  }

  #refuse(error: AnswerError): void {
    this.progress.errorType = 'api_error';
    const { status, body } = encodeError('openai-chat', error, '');
    this.#say(status, body);
  }

  #say(status: number, body: string): void {
    this.progress.contentEvents += 1;
    this.progress.terminal = true;
    const headers = convertedFields(this.#head.headers, 'application/json');
    this.#out.head({ status, reason: '', headers, framing: 'chunked', contentLength: -1 });
    this.#out.text(body);
  }
}
