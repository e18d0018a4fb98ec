// Reads an answer that can only be an error: collects its body and tells one event of it.

import type { AnswerDecoder, AnswerError, AnswerListener } from './answer-events.ts';

/** Of a longer body the front is read; errors are short. */
const ERROR_BYTES_MAX = 65_536;

/** Tells one `error` when the body has ended. */
export class ErrorDecoder implements AnswerDecoder {
  readonly #listener: AnswerListener;
  readonly #read: (text: string) => AnswerError;
  readonly #parts: Uint8Array[] = [];
  #bytes: number = 0;

  constructor(listener: AnswerListener, read: (text: string) => AnswerError) {
    this.#listener = listener;
    this.#read = read;
  }

  push(bytes: Uint8Array): void {
    const room = ERROR_BYTES_MAX - this.#bytes;
    if (room <= 0) return;
    const part = Uint8Array.from(bytes.subarray(0, room));
    this.#parts.push(part);
    this.#bytes += part.length;
  }

  finish(): void {
    const text = Buffer.concat(this.#parts).toString('utf8');
    this.#listener({ type: 'error', error: this.#read(text) });
  }
}
