// Judges streams of JSON lines: complete when the last line has its line end, or is a whole JSON
// value without one. Lines are counted, and read only where the last one may be cut.
// Invariant: a stream cut inside a line is never called complete, unless its route is lenient.
// Indexed reads are in range by the conditions around them, which is what the casts say.

import type { Scanner } from '../core/dialect.ts';
import { Progress } from '../core/dialect.ts';
import { object } from './json-fields.ts';
import { JsonWalk } from './json-walk.ts';
import type { EndRules } from './sse-scanner.ts';
import { leadOf, lineEnd, wordsOf } from './line-end.ts';

/** `{"error": ...}` as a line is how servers of JSON lines tell of a failure (Ollama, vLLM). */
const ERROR_START = Buffer.from('{"error"', 'latin1');
/** Only depth and end matter. */
const noFields = object({});

/** The scanner of JSON lines. */
export class LinesScanner implements Scanner {
  readonly progress: Progress = new Progress();
  readonly #rules: EndRules;
  readonly #walk: JsonWalk = new JsonWalk({ found: () => {} });
  /** Bytes of the current line so far. */
  #lineBytes: number = 0;
  #looksLikeError: boolean = true;

  constructor(rules: EndRules) {
    this.#rules = rules;
  }

  scan(bytes: Uint8Array, from: number, to: number): void {
    if (from >= to) return;
    const words = wordsOf(bytes);
    const lead = leadOf(bytes);
    let at = from;
    while (at < to) {
      const end = lineEnd(bytes, at, to, words, lead);
      if (at < end) this.#part(bytes, at, end, end < to);
      if (end < to && this.#lineBytes > 0) this.#lineOver();
      at = end + 1;
    }
    this.progress.atBoundary = this.#lineBytes === 0;
  }

  finish(): 'STREAM_TRUNCATED' | 'EMPTY_ANSWER' | undefined {
    const { progress } = this;
    if (this.#lineBytes === 0) {
      const empty = progress.contentEvents === 0 && this.#rules.mustAnswer;
      return empty ? 'EMPTY_ANSWER' : undefined;
    }
    if (this.#walk.closed) {
      this.#lineOver();
      return undefined;
    }
    if (!this.#rules.lenient || progress.contentEvents === 0) return 'STREAM_TRUNCATED';
    progress.lenientEnd = true;
    return undefined;
  }

  /** Takes a line, or what one read holds of it. */
  #part(bytes: Uint8Array, from: number, end: number, isLast: boolean): void {
    const before = this.#lineBytes;
    const judged = Math.min(before + end - from, ERROR_START.length);
    for (let place = before; place < judged; place += 1) {
      if (ERROR_START[place] !== bytes[from + place - before]) this.#looksLikeError = false;
    }
    this.#lineBytes = before + end - from;
    // A line that one read holds whole need not be followed: its end is known.
    if (isLast) return;
    if (before === 0) this.#walk.begin(noFields);
    this.#walk.feed(bytes, from, end);
  }

  #lineOver(): void {
    this.progress.contentEvents += 1;
    if (this.#looksLikeError && this.#lineBytes >= ERROR_START.length) {
      this.progress.errorType = 'error';
    }
    this.#lineBytes = 0;
    this.#looksLikeError = true;
  }
}
