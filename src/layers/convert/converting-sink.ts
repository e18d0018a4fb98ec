// The way back of an answer: bytes of the upstream go in, the caller's words come out. What one
// read brought goes out as one chunk.

import type { AnswerConversion, ConvertedAnswer, ConvertedRequest } from '../../core/conversion.ts';
import type { CallError } from '../../core/errors.ts';
import { freeFlow } from '../../core/sink.ts';
import type { Flow, Head, Sink } from '../../core/sink.ts';
import type { Timeline } from '../../core/timeline.ts';

/** Converts one answer. */
export class ConvertingSink implements Sink, ConvertedAnswer {
  readonly #timeline: Timeline;
  readonly #sink: Sink;
  readonly #open: NonNullable<ConvertedRequest['answer']>;
  #answer: AnswerConversion | undefined = undefined;
  #flow: Flow = freeFlow;
  #text: string = '';

  constructor(timeline: Timeline, sink: Sink, open: NonNullable<ConvertedRequest['answer']>) {
    this.#timeline = timeline;
    this.#sink = sink;
    this.#open = open;
  }

  interim(head: Head): void {
    this.#sink.interim(head);
  }

  start(head: Head, flow: Flow): void {
    this.#flow = flow;
    this.#answer = this.#open(head, this);
    this.#timeline.progress = this.#answer.progress;
    this.#flush();
  }

  head(head: Head): void {
    this.#sink.start(head, this.#flow);
  }

  text(text: string): void {
    this.#text += text;
  }

  chunk(bytes: Uint8Array): void {
    this.#answer?.push(bytes);
    this.#flush();
  }

  end(): void {
    const error = this.#answer?.finish();
    this.#flush();
    if (error === undefined) this.#sink.end();
    else this.#sink.fail(error);
  }

  fail(error: CallError): void {
    this.#sink.fail(error);
  }

  #flush(): void {
    if (this.#text === '') return;
    const text = this.#text;
    this.#text = '';
    this.#sink.chunk(Buffer.from(text, 'utf8'));
  }
}
