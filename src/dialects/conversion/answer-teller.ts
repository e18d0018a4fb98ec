// Tells the events of one answer in the order that `AnswerEvent` promises, whatever a server sends:
// nothing before the start or after the end, no arguments for a call that is not open, one finish.
// The three readers say what they see; what may not be said here is passed over.
// Invariants: `end` is told only for an answer that has finished, `lenient` ends excepted; what is
// told of one answer is bounded, because encoders keep it: documents and Responses repeat the whole
// at their end.

import type { AnswerError, AnswerListener, FinishReason, Usage } from './answer-events.ts';

/** Characters of one answer, as many as a document may have bytes; real ones are far shorter. */
export const ANSWER_CHARS_MAX = 33_554_432;

/** What keeping a call costs beside its words, in characters. */
const CALL_CHARS = 256;

/** The voice of one answer. */
export class AnswerTeller {
  /** The answer ended or failed: nothing can be told any more. */
  over: boolean = false;
  /** The reason to finish was told: content that still comes is none. */
  finished: boolean = false;
  readonly #listener: AnswerListener;
  readonly #openTools: Set<string> = new Set();
  #started: boolean = false;
  #chars: number = 0;

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
    if (delta === '' || !this.#speaks() || !this.takes(delta.length)) return;
    this.#listener({ type: 'text', key, delta });
  }

  reasoning(key: string, delta: string, signature: string | undefined): void {
    if (delta === '' && signature === undefined) return;
    if (!this.#speaks() || !this.takes(delta.length + (signature?.length ?? 0))) return;
    this.#listener({ type: 'reasoning', key, delta, signature });
  }

  toolStart(key: string, id: string, name: string): void {
    if (!this.#speaks() || this.#openTools.has(key)) return;
    if (!this.takes(CALL_CHARS + id.length + name.length)) return;
    this.#openTools.add(key);
    this.#listener({ type: 'tool-start', key, id, name });
  }

  toolArguments(key: string, delta: string): void {
    if (delta === '' || this.over || !this.#openTools.has(key)) return;
    if (!this.takes(delta.length)) return;
    this.#listener({ type: 'tool-arguments', key, delta });
  }

  /**
   * Counts what is kept of the answer, here or by a reader that cannot tell it yet. False when it
   * is too much: then the answer has failed.
   */
  takes(chars: number): boolean {
    this.#chars += chars;
    if (this.#chars <= ANSWER_CHARS_MAX) return true;
    const message = `The upstream's answer is larger than ${ANSWER_CHARS_MAX} characters.`;
    this.fail({ class: 'server', message, status: 502 });
    return false;
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

  /** The closing event came. An answer that has not finished is cut, whatever closes it. */
  end(): void {
    if (this.over || !this.finished) return;
    this.over = true;
    this.#listener({ type: 'end' });
  }

  /**
   * Ends an answer of an upstream that leaves out its closing event, or its reason to finish.
   * Without any event before it there is no answer that could end.
   */
  endLeniently(): void {
    if (this.over || !this.#started) return;
    this.finish('stop', undefined);
    this.over = true;
    this.#listener({ type: 'end', lenient: true });
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
