// The way back of the native surface for callers who speak Anthropic: the model's own events, out
// of their frames, and nothing changed in them.

import type { AnswerConversion, ConvertedAnswer } from '../../core/conversion.ts';
import { Progress } from '../../core/dialect.ts';
import type { Scanner } from '../../core/dialect.ts';
import { CallError } from '../../core/errors.ts';
import { HeaderList } from '../../core/header-list.ts';
import type { Head } from '../../core/sink.ts';
import { anthropicDialect } from '../anthropic.ts';
import { mediaType } from '../answer-form.ts';
import type { AnswerDecoder, AnswerError } from '../conversion/answer-events.ts';
import { anthropicErrorMember, encodeError } from '../conversion/encode-error.ts';
import { ErrorDecoder } from '../conversion/error-decoder.ts';
import { convertedFields, errorTypeOf } from '../conversion/model-answer.ts';
import { EVENT_STREAM_TYPE, NativeStream, nativeDocument } from './native-answer.ts';
import type { NativeEnding } from './native-answer.ts';
import { answerError, salesforceError } from './salesforce-error.ts';
import { tooLarge, WholeBody } from './whole-body.ts';

const EVENTS = 'text/event-stream; charset=utf-8';
const DOCUMENT = 'application/json';

const noStream = answerError('server', 'The service answered a stream with a document.');

/** Passes one answer on. */
export class NativePass implements AnswerConversion {
  readonly #head: Head;
  readonly #out: ConvertedAnswer;
  readonly #callId: string;
  readonly #scanner: Scanner | undefined;
  readonly #ownProgress: Progress = new Progress();
  readonly #asksStream: boolean;
  readonly #body: AnswerDecoder | NativeStream;
  #begun: boolean = false;

  constructor(head: Head, out: ConvertedAnswer, stream: boolean, callId: string) {
    this.#head = head;
    this.#out = out;
    this.#callId = callId;
    this.#asksStream = stream;
    const isStream = mediaType(head.headers.get('content-type') ?? '') === EVENT_STREAM_TYPE;
    this.#scanner = scannerOf(isStream ? EVENTS : DOCUMENT);
    this.#ownProgress.isDocument = !stream;
    if (head.status >= 400) {
      this.#body = new ErrorDecoder(
        (event) => event.type === 'error' && this.#failed(event.error),
        (text) => salesforceError(head.status, text),
      );
    } else if (isStream) {
      this.#body = new NativeStream({
        events: (text) => this.#say(EVENTS, text),
        failed: (error) => this.#failed(error),
      });
    } else {
      this.#body = new WholeBody((text) => this.#document(text));
    }
  }

  get progress(): Progress {
    return this.#scanner?.progress ?? this.#ownProgress;
  }

  push(bytes: Uint8Array): void {
    this.#body.push(bytes);
  }

  finish(): CallError | undefined {
    const ending = this.#body.finish() as NativeEnding | undefined;
    if (ending === 'EMPTY_ANSWER') {
      this.#failed(answerError('server', 'The service answered 200 with an empty stream.'));
      return undefined;
    }
    return ending === 'STREAM_TRUNCATED' ? new CallError(ending) : undefined;
  }

  #document(text: string | undefined): void {
    if (text === undefined) {
      this.#failed(tooLarge);
      return;
    }
    const document = nativeDocument(text);
    if (document.kind === 'error') this.#failed(document.error);
    else if (this.#asksStream) this.#failed(noStream);
    else this.#say(DOCUMENT, document.text);
  }

  /** Before anything else an error still is an answer of its own; later it is an event. */
  #failed(error: AnswerError): void {
    const { progress } = this;
    progress.errorType = errorTypeOf(error);
    if (this.#begun) {
      const event = { type: 'error', error: anthropicErrorMember(error) };
      this.#out.text(`event: error\ndata: ${JSON.stringify(event)}\n\n`);
      return;
    }
    const { status, body } = encodeError('anthropic', error, this.#callId);
    progress.atBoundary = false;
    this.#begin(status, DOCUMENT);
    this.#out.text(body);
  }

  #say(contentType: string, text: string): void {
    this.#begin(200, contentType);
    const bytes = Buffer.from(text);
    this.#scanner?.scan(bytes, 0, bytes.length);
    // Only whole events are passed on, and inside a document nobody else may say anything.
    this.progress.atBoundary = contentType === EVENTS;
    if (contentType === DOCUMENT) this.progress.terminal = true;
    this.#out.text(text);
  }

  #begin(status: number, contentType: string): void {
    if (this.#begun) return;
    this.#begun = true;
    const headers = convertedFields(this.#head.headers, contentType);
    this.#out.head({ status, reason: '', headers, framing: 'chunked', contentLength: -1 });
  }
}

/** Reads what is passed on, as if it had come from Anthropic. */
function scannerOf(contentType: string): Scanner | undefined {
  const headers = HeaderList.of([['content-type', contentType]]);
  const head = { status: 200, reason: '', headers, framing: 'chunked', contentLength: -1 } as const;
  return anthropicDialect.scannerFor(head, false);
}
