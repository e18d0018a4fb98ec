// Changes the fields in the head of an answer on its way up.

import type { CallError } from './errors.ts';
import type { HeaderList } from './header-list.ts';
import type { Flow, Head, Sink } from './sink.ts';

/** Passes everything on, and the final head with other fields. */
export class HeadEditSink implements Sink {
  readonly #sink: Sink;
  readonly #edit: (headers: HeaderList) => HeaderList;

  constructor(sink: Sink, edit: (headers: HeaderList) => HeaderList) {
    this.#sink = sink;
    this.#edit = edit;
  }

  interim(head: Head): void {
    this.#sink.interim(head);
  }

  start(head: Head, flow: Flow): void {
    this.#sink.start({ ...head, headers: this.#edit(head.headers) }, flow);
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

/** Sets one field, in place of what the upstream may have said; `name` is in lower case. */
export function setting(name: string, value: string): (headers: HeaderList) => HeaderList {
  return (headers) => headers.without(name).with(name, value);
}
