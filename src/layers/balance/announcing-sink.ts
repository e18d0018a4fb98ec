// Tells the caller which model answers when it is not the one asked for. Falling over to another
// model changes what an answer means, so it is never silent.

import type { CallError } from '../../core/errors.ts';
import type { HeaderList } from '../../core/header-list.ts';
import type { Flow, Head, Sink } from '../../core/sink.ts';

/** Response header that names the model. */
export const MODEL_HEADER = 'x-holdfast-model';

/** Passes everything on and adds the header to the head. */
export class AnnouncingSink implements Sink {
  readonly #sink: Sink;
  readonly #model: string;

  constructor(sink: Sink, model: string) {
    this.#sink = sink;
    this.#model = model;
  }

  interim(head: Head): void {
    this.#sink.interim(head);
  }

  start(head: Head, flow: Flow): void {
    const headers = head.headers.without(MODEL_HEADER).with(MODEL_HEADER, this.#model);
    this.#sink.start({ ...head, headers }, flow);
  }

  chunk(bytes: Uint8Array): void {
    this.#sink.chunk(bytes);
  }

  end(trailers?: HeaderList): void {
    this.#sink.end(trailers);
  }

  fail(error: CallError): void {
    this.#sink.fail(error);
  }
}
