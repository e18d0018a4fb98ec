// Stands between every two layers in tests and simulation and asserts the grammar. A violation is
// a bug, so it throws at the very line that broke the rule.

import type { Layer } from './layer.ts';
import type { CallError } from './errors.ts';
import type { HeaderList } from './header-list.ts';
import type { Flow, Head, Sink } from './sink.ts';

/** A layer that asserts (start chunk* end) | (start chunk*)? fail of whatever stands below it. */
export function checked(below: string): Layer {
  return {
    name: `checked(${below})`,
    wrap: (next) => (call, sink) => next(call, new CheckedSink(sink, below)),
  };
}

class CheckedSink implements Sink {
  readonly #sink: Sink;
  readonly #below: string;
  #state: 'waiting' | 'started' | 'over' = 'waiting';

  constructor(sink: Sink, below: string) {
    this.#sink = sink;
    this.#below = below;
  }

  #expect(legal: boolean, word: string): void {
    if (legal) return;
    throw new Error(`grammar: "${word}" from ${this.#below} while ${this.#state}`);
  }

  interim(head: Head): void {
    this.#expect(this.#state === 'waiting', 'interim');
    this.#sink.interim(head);
  }

  start(head: Head, flow: Flow): void {
    this.#expect(this.#state === 'waiting', 'start');
    this.#state = 'started';
    this.#sink.start(head, flow);
  }

  chunk(bytes: Uint8Array): void {
    this.#expect(this.#state === 'started', 'chunk');
    this.#expect(bytes.length > 0, 'empty chunk');
    this.#sink.chunk(bytes);
  }

  end(trailers?: HeaderList): void {
    this.#expect(this.#state === 'started', 'end');
    this.#state = 'over';
    this.#sink.end(trailers);
  }

  fail(error: CallError): void {
    this.#expect(this.#state !== 'over', 'fail');
    this.#state = 'over';
    this.#sink.fail(error);
  }
}
