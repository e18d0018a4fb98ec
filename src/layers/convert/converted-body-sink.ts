// Lets a converted body go when nobody can want it any more: at the head of the answer its bytes
// are spent, as those of every other body are; at the last byte nothing of it is held, nor of the
// attempt's own scope.

import type { Cancellation } from '../../core/cancellation.ts';
import type { CallError } from '../../core/errors.ts';
import type { HeaderList } from '../../core/header-list.ts';
import type { ReplayBody } from '../../core/replay-body.ts';
import type { Flow, Head, Sink } from '../../core/sink.ts';

/** Passes everything on. Ends with the last word, or by `abandon`. */
export class ConvertedBodySink implements Sink {
  readonly #body: ReplayBody;
  readonly #scope: Cancellation;
  readonly #sink: Sink;
  #over: boolean = false;

  constructor(body: ReplayBody, scope: Cancellation, sink: Sink) {
    this.#body = body;
    this.#scope = scope;
    this.#sink = sink;
  }

  /** The way down threw. Passes on `error`, where one is given, unless all was said before. */
  abandon(error: CallError | undefined): void {
    if (this.#over) return;
    this.#leave();
    if (error === undefined) return;
    try {
      this.#sink.fail(error);
    } catch {
      // The first exception is the one to be heard; it is on its way already.
    }
  }

  interim(head: Head): void {
    if (!this.#over) this.#sink.interim(head);
  }

  start(head: Head, flow: Flow): void {
    if (this.#over) return;
    // A further attempt is converted anew, from the caller's own words.
    this.#body.commit();
    this.#sink.start(head, flow);
  }

  chunk(bytes: Uint8Array): void {
    if (!this.#over) this.#sink.chunk(bytes);
  }

  end(trailers?: HeaderList): void {
    if (this.#over) return;
    this.#leave();
    this.#sink.end(trailers);
  }

  fail(error: CallError): void {
    if (this.#over) return;
    this.#leave();
    this.#sink.fail(error);
  }

  #leave(): void {
    this.#over = true;
    this.#body.release();
    this.#scope.detach();
  }
}
