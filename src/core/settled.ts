// The only way to release anything: on the one `end` or `fail` that every sink gets.

import type { CallError } from './errors.ts';
import type { HeaderList } from './header-list.ts';
import type { Flow, Head, Sink } from './sink.ts';

/**
 * A sink that passes everything on and calls `run` once, when the answer is over.
 * `run` comes before the last word goes on, so what it releases is free for whoever hears it.
 */
export function settled(sink: Sink, run: (error: CallError | undefined) => void): Sink {
  return new SettledSink(sink, run);
}

class SettledSink implements Sink {
  readonly #sink: Sink;
  readonly #run: (error: CallError | undefined) => void;

  constructor(sink: Sink, run: (error: CallError | undefined) => void) {
    this.#sink = sink;
    this.#run = run;
  }

  interim(head: Head): void {
    this.#sink.interim(head);
  }

  start(head: Head, flow: Flow): void {
    this.#sink.start(head, flow);
  }

  chunk(bytes: Uint8Array): void {
    this.#sink.chunk(bytes);
  }

  end(trailers?: HeaderList): void {
    this.#run(undefined);
    this.#sink.end(trailers);
  }

  fail(error: CallError): void {
    this.#run(error);
    this.#sink.fail(error);
  }
}
