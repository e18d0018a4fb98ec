// What has come of an answer that may yet be replaced: its head, and copies of its first bytes.

import type { Flow, Head, Sink } from '../../core/sink.ts';

/** One answer behind the gate. */
export class HeldAnswer {
  readonly head: Head;
  /** Monotonic ms at which the head came. */
  readonly since: number;
  bytes: number = 0;
  readonly #flow: Flow;
  readonly #chunks: Uint8Array[] = [];

  constructor(head: Head, flow: Flow, since: number) {
    this.head = head;
    this.since = since;
    this.#flow = flow;
  }

  /** Keeps a copy: the bytes are lent. */
  keep(bytes: Uint8Array): void {
    this.#chunks.push(Uint8Array.from(bytes));
    this.bytes += bytes.length;
  }

  /** The body so far as text of single bytes, for words in ASCII. */
  text(): string {
    return Buffer.concat(this.#chunks).toString('latin1');
  }

  /** Passes on everything so far, the head changed if need be, while `isOver` denies. */
  release(sink: Sink, head: Head, isOver: () => boolean): void {
    sink.start(head, this.#flow);
    for (const chunk of this.#chunks) if (!isOver()) sink.chunk(chunk);
  }
}
