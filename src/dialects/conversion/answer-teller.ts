// Tells the events of one answer in the order that `AnswerEvent` promises, whatever a server sends:
// nothing before the start or after the end, no arguments for a call that is not open, one finish.
// The three readers say what they see; what may not be said here is passed over.
// Invariant: `end` is told only for an answer that began.

import type { AnswerError, AnswerListener, FinishReason, Usage } from './answer-events.ts';

/** The voice of one answer. */
export class AnswerTeller {
  /** The answer ended or failed: nothing can be told any more. */
  over: boolean = false;
  /** The reason to finish was told: content that still comes is none. */
  finished: boolean = false;
  readonly #listener: AnswerListener;
  readonly #openTools: Set<string> = new Set();
  #started: boolean = false;

  constructor(listener: AnswerListener) {
    this.#listener = listener;
  }

  /** Tells the start, once. */
  start(id: string, model: string): void {
    if (this.#started || this.over) return;
    this.#started = true;
    this.#listener({ type: 'start', id, model });
  }

  text(key: string, delta: string): void {
    if (delta !== '' && this.#speaks()) this.#listener({ type: 'text', key, delta });
  }

  reasoning(key: string, delta: string, signature: string | undefined): void {
    if (delta === '' && signature === undefined) return;
    if (this.#speaks()) this.#listener({ type: 'reasoning', key, delta, signature });
  }

  toolStart(key: string, id: string, name: string): void {
    if (!this.#speaks() || this.#openTools.has(key)) return;
    this.#openTools.add(key);
    this.#listener({ type: 'tool-start', key, id, name });
  }

  toolArguments(key: string, delta: string): void {
    if (delta === '' || this.over || !this.#openTools.has(key)) return;
    this.#listener({ type: 'tool-arguments', key, delta });
  }

  toolEnd(key: string): void {
    if (this.over || !this.#openTools.delete(key)) return;
    this.#listener({ type: 'tool-end', key });
  }

  usage(usage: Usage): void {
    if (this.over) return;
    this.start('', '');
    this.#listener({ type: 'usage', usage });
  }

  ping(): void {
    if (!this.over) this.#listener({ type: 'ping' });
  }

  /** Tells why the model stopped, once; calls that are still open end here. */
  finish(reason: FinishReason, stopSequence: string | undefined): void {
    if (!this.#speaks()) return;
    for (const key of this.#openTools) this.#listener({ type: 'tool-end', key });
    this.#openTools.clear();
    this.finished = true;
    this.#listener({ type: 'finish', reason, stopSequence });
  }

  /** The closing event came. Without any event before it there is no answer that could end. */
  end(): void {
    if (this.over || !this.#started) return;
    this.finish('stop', undefined);
    this.over = true;
    this.#listener({ type: 'end' });
  }

  fail(error: AnswerError): void {
    if (this.over) return;
    this.over = true;
    this.#listener({ type: 'error', error });
  }

  #speaks(): boolean {
    if (this.over || this.finished) return false;
    this.start('', '');
    return true;
  }
}
