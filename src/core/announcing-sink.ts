// Adds one field to the head of an answer, so that what was done with a call is never silent.

import type { CallError } from './errors.ts';
import type { HeaderList } from './header-list.ts';
import type { Flow, Head, Sink } from './sink.ts';

/** Passes everything on and sets the field in the head; `name` is in lower case. */
export class AnnouncingSink implements Sink {
  readonly #sink: Sink;
  readonly #name: string;
  readonly #value: string;

  constructor(sink: Sink, name: string, value: string) {
    this.#sink = sink;
    this.#name = name;
    this.#value = value;
  }

  interim(head: Head): void {
    this.#sink.interim(head);
  }

  start(head: Head, flow: Flow): void {
    const headers = head.headers.without(this.#name).with(this.#name, this.#value);
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
