// A 401 that may yet be replaced: its head, and copies of what has come of its body. Read to its
// end so that its connection can serve again; beyond a bound it is held back instead.

import type { CallError } from '../../core/errors.ts';
import type { HeaderList } from '../../core/header-list.ts';
import type { Flow, Head, Sink } from '../../core/sink.ts';

/** One refusal behind the gate. */
export class HeldRefusal {
  readonly #head: Head;
  readonly #flow: Flow;
  readonly #bytesMax: number;
  readonly #chunks: Uint8Array[] = [];
  #bytes: number = 0;
  #trailers: HeaderList | undefined = undefined;
  #error: CallError | undefined = undefined;
  /** Its last byte or its failure has been heard. */
  isOver: boolean = false;

  constructor(head: Head, flow: Flow, bytesMax: number) {
    this.#head = head;
    this.#flow = flow;
    this.#bytesMax = bytesMax;
  }

  /** More has come of it than will be read. */
  get isLarge(): boolean {
    return this.#bytes > this.#bytesMax;
  }

  /** Keeps a copy: the bytes are lent. */
  keep(bytes: Uint8Array): void {
    this.#chunks.push(Uint8Array.from(bytes));
    this.#bytes += bytes.length;
    if (this.isLarge) this.#flow.pause();
  }

  ended(trailers: HeaderList | undefined): void {
    this.isOver = true;
    this.#trailers = trailers;
  }

  failed(error: CallError): void {
    this.isOver = true;
    this.#error = error;
  }

  /** Says to `sink` what was held, for as long as `goesOn`; the rest follows by itself. */
  replayTo(sink: Sink, goesOn: () => boolean): void {
    sink.start(this.#head, this.#flow);
    for (const chunk of this.#chunks) if (goesOn()) sink.chunk(chunk);
    if (!goesOn()) return;
    if (this.#error !== undefined) sink.fail(this.#error);
    else if (this.isOver) sink.end(this.#trailers);
    else if (this.isLarge) this.#flow.resume();
  }
}
