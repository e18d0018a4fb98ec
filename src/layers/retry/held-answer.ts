// What has come of an answer that may yet be replaced: its head, and copies of its first bytes.

import type { Progress } from '../../core/dialect.ts';
import type { Flow, Head } from '../../core/sink.ts';

const none: readonly Uint8Array[] = [];

/** One answer behind the gate. */
export class HeldAnswer {
  readonly head: Head;
  readonly flow: Flow;
  /** When it is decided on what is known by then, in monotonic ms. */
  decideAt: number;
  bytes: number = 0;
  // Most answers show content in their first bytes, and nothing is ever kept of them.
  #chunks: Uint8Array[] | undefined = undefined;

  constructor(head: Head, flow: Flow, decideAt: number) {
    this.head = head;
    this.flow = flow;
    this.decideAt = decideAt;
  }

  /** The body so far, as it came. */
  get chunks(): readonly Uint8Array[] {
    return this.#chunks ?? none;
  }

  /** Keeps a copy: the bytes are lent. */
  keep(bytes: Uint8Array): void {
    const copy = Uint8Array.from(bytes);
    if (this.#chunks === undefined) this.#chunks = [copy];
    else this.#chunks.push(copy);
    this.bytes += bytes.length;
  }

  /** The body so far as text of single bytes, for words in ASCII. */
  text(): string {
    return Buffer.concat(this.chunks).toString('latin1');
  }
}

/** A caller could begin to work with what has come: content of a stream, or a whole document. */
export function isOfUse(progress: Progress): boolean {
  if (!progress.isDocument) return progress.contentEvents > 0;
  return progress.terminal && progress.errorType === undefined;
}
