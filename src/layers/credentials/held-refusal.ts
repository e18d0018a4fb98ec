// A 401 that may yet be replaced: its head, and copies of what has come of its body. Read to its
// end so that its connection can serve again; beyond a bound it is held back instead.
// Invariant: where it is passed on after all, it flows while its reader takes it, and not before
// the reader has had what was held.

import type { CallError } from '../../core/errors.ts';
import type { HeaderList } from '../../core/header-list.ts';
import type { Flow, Head, Sink } from '../../core/sink.ts';

/** One refusal behind the gate. */
export class HeldRefusal implements Flow {
  readonly #head: Head;
  readonly #flow: Flow;
  readonly #bytesMax: number;
  #chunks: Uint8Array[] = [];
  #bytes: number = 0;
  #trailers: HeaderList | undefined = undefined;
  #error: CallError | undefined = undefined;
  /** Whoever it is passed on to can take no more for now. */
  #isFull: boolean = false;
  /** What was held is being said. */
  #isPlaying: boolean = false;
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

  pause(): void {
    this.#isFull = true;
    this.#flow.pause();
  }

  resume(): void {
    this.#isFull = false;
    if (!this.#isPlaying) this.#flow.resume();
  }

  /** Says to `sink` what was held, for as long as `goesOn`; the rest follows by itself. */
  replayTo(sink: Sink, goesOn: () => boolean): void {
    const chunks = this.#chunks;
    // As the flow of the answer this object lives on, and must not keep them.
    this.#chunks = [];
    this.#isPlaying = true;
    sink.start(this.#head, this);
    for (const chunk of chunks) if (goesOn()) sink.chunk(chunk);
    this.#isPlaying = false;
    if (!goesOn()) return;
    if (this.#error !== undefined) sink.fail(this.#error);
    else if (this.isOver) sink.end(this.#trailers);
    else if (!this.#isFull) this.#flow.resume();
  }
}
