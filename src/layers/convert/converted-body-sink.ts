// Lets a converted body go when nobody can want it any more: at the head of the answer its bytes
// are spent, as those of every other body are; at the last byte nothing of it is held.

import type { CallError } from '../../core/errors.ts';
import type { HeaderList } from '../../core/header-list.ts';
import type { ReplayBody } from '../../core/replay-body.ts';
import type { Flow, Head, Sink } from '../../core/sink.ts';

/** Passes everything on. */
export class ConvertedBodySink implements Sink {
  readonly #body: ReplayBody;
  readonly #sink: Sink;

  constructor(body: ReplayBody, sink: Sink) {
    this.#body = body;
    this.#sink = sink;
  }

  interim(head: Head): void {
    this.#sink.interim(head);
  }

  start(head: Head, flow: Flow): void {
    // A further attempt is converted anew, from the caller's own words.
    this.#body.commit();
    this.#sink.start(head, flow);
  }

  chunk(bytes: Uint8Array): void {
    this.#sink.chunk(bytes);
  }

  end(trailers?: HeaderList): void {
    this.#body.release();
    this.#sink.end(trailers);
  }

  fail(error: CallError): void {
    this.#body.release();
    this.#sink.fail(error);
  }
}
