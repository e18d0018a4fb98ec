// Reads an event stream (HTML standard, "Server-sent events") in passing: lines end in LF, CRLF
// or CR, a byte order mark may lead, an event ends at its blank line. Text is never decoded on the
// way; only the few events that carry ids or counters are read as JSON.
// Invariants: progress after n bytes does not depend on how they were cut; an event counts once its
// blank line is complete, not before; `atBoundary` says where foreign bytes would harm nothing.
// Indexed reads are in range by the conditions around them, which is what the casts say.

import type { Scanner } from '../core/dialect.ts';
import { Progress } from '../core/dialect.ts';
import { EventReading } from './event-reading.ts';
import type { EventGrammar } from './event-grammar.ts';
import { leadOf, lineEnd, wordsOf } from './line-end.ts';
import { PlainEvents } from './plain-events.ts';

// Where in a line the last byte left us.
const LINE_START = 0;
const IN_LINE = 1; // its first bytes are kept in `#head`
const IN_DATA = 2; // a long data line
const IN_REST = 3; // a long line of no interest
const IN_MARK = 4; // perhaps inside the byte order mark

// What the last byte was, if a CR.
const NO_CR = 0;
const LINE_CR = 1; // ended a line with something in it
const BLANK_CR = 2; // ended a blank line, if no LF comes
const OVER_CR = 3; // ended a blank line for sure, since the stream ends its lines in bare CR

/** A line's first bytes decide what it is; lines cut by a read keep so many of them. */
const HEAD_BYTES = 128;

const MARK = [0xef, 0xbb, 0xbf];

/** How strictly the end of a stream is judged. */
export interface EndRules {
  /** Take a stream without its terminal event as complete, once all content was seen. */
  readonly lenient: boolean;
  /** A stream without any event is no answer. */
  readonly mustAnswer: boolean;
}

/** The scanner of every event stream; its grammar makes it the scanner of one dialect. */
export class SseScanner implements Scanner {
  readonly progress: Progress = new Progress();
  readonly #plain: PlainEvents;
  readonly #reading: EventReading;
  readonly #grammar: EventGrammar;
  readonly #rules: EndRules;
  #place: number = IN_MARK;
  #cr: number = NO_CR;
  /** The last line ended in a CR that no LF followed. */
  #bareCr: boolean = false;
  #head: Uint8Array | undefined = undefined;
  #headLength: number = 0;

  constructor(grammar: EventGrammar, rules: EndRules) {
    this.#grammar = grammar;
    this.#rules = rules;
    this.#plain = new PlainEvents(grammar);
    this.#reading = new EventReading(grammar, this.progress, this.#plain, rules.lenient);
  }

  scan(bytes: Uint8Array, from: number, to: number): void {
    if (from >= to) return;
    const words = wordsOf(bytes);
    const lead = leadOf(bytes);
    let at = from;
    if (this.#cr !== NO_CR) at = this.#afterCr(bytes, at);
    if (this.#place !== LINE_START) at = this.#resume(bytes, at, to, words, lead);
    if (at < to) this.#lines(bytes, at, to, words, lead);
    this.progress.atBoundary =
      this.#place === LINE_START &&
      !this.#reading.inEvent &&
      (this.#cr === NO_CR || this.#cr === OVER_CR);
  }

  finish(): 'STREAM_TRUNCATED' | 'EMPTY_ANSWER' | undefined {
    const { progress } = this;
    const { lenient, mustAnswer } = this.#rules;
    // An error event is an ending that the upstream declared itself, and the caller was told.
    if (progress.falseEnd) return this.#reading.sawEvent ? 'STREAM_TRUNCATED' : 'EMPTY_ANSWER';
    if (progress.terminal || this.#reading.endedByError) return undefined;
    if (!this.#reading.sawEvent && (progress.atBoundary || this.#place === IN_MARK)) {
      if (mustAnswer) return 'EMPTY_ANSWER';
      if (!this.#grammar.mustTerminate) return undefined;
    }
    if (!this.#grammar.mustTerminate && progress.atBoundary) return undefined;
    const complete = this.#grammar.mustTerminate
      ? progress.contentComplete
      : progress.contentEvents > 0;
    if (!lenient || !complete) return 'STREAM_TRUNCATED';
    progress.lenientEnd = true;
    return undefined;
  }

  /** Reads whole lines where they lie and keeps the beginning of the last one, if it is cut. */
  #lines(bytes: Uint8Array, from: number, to: number, words: Int32Array, lead: number): void {
    const reading = this.#reading;
    let at = from;
    while (at < to) {
      if (!reading.inEvent) {
        const behind = this.#plain.pass(bytes, at, to, words, lead);
        if (behind > at) {
          reading.passed();
          this.#bareCr = false;
          at = behind;
          continue;
        }
      }
      const first = bytes[at] as number;
      if (first === 10) {
        reading.over();
        this.#bareCr = false;
        at += 1;
        continue;
      }
      if (first === 13) {
        at = this.#blankCr(bytes, at, to);
        continue;
      }
      const end = lineEnd(bytes, at, to, words, lead);
      if (end === to) {
        this.#place = IN_LINE;
        this.#headLength = 0;
        this.#keep(bytes, at, to);
        return;
      }
      reading.line(bytes, at, end);
      at = this.#lineOver(bytes, end, to);
    }
  }

  /** Goes behind the line end at `end`. */
  #lineOver(bytes: Uint8Array, end: number, to: number): number {
    if (bytes[end] === 10) {
      this.#bareCr = false;
      return end + 1;
    }
    this.#cr = LINE_CR;
    return end + 1 < to ? this.#afterCr(bytes, end + 1) : to;
  }

  #blankCr(bytes: Uint8Array, at: number, to: number): number {
    // Only a stream of bare CRs shows at the CR itself that the line is over; else an LF may
    // follow, and bytes of ours between the two would make a blank line of it.
    this.#cr = this.#bareCr ? OVER_CR : BLANK_CR;
    if (this.#cr === OVER_CR) this.#reading.over();
    return at + 1 < to ? this.#afterCr(bytes, at + 1) : to;
  }

  /** Looks at the byte after a CR: an LF belongs to it. */
  #afterCr(bytes: Uint8Array, at: number): number {
    const paired = bytes[at] === 10;
    if (this.#cr === BLANK_CR) this.#reading.over();
    this.#bareCr = !paired;
    this.#cr = NO_CR;
    return paired ? at + 1 : at;
  }

  /** Goes on in a line that an earlier read cut. Returns where the next line starts, or `to`. */
  #resume(bytes: Uint8Array, from: number, to: number, words: Int32Array, lead: number): number {
    let at = from;
    if (this.#place === IN_MARK) at = this.#mark(bytes, at, to);
    if (this.#place === LINE_START || this.#place === IN_MARK) return at;
    const end = lineEnd(bytes, at, to, words, lead);
    if (this.#place === IN_LINE) this.#keep(bytes, at, end);
    else if (this.#place === IN_DATA) this.#reading.more(bytes, at, end);
    if (end === to) return to;
    if (this.#place === IN_LINE) {
      this.#reading.line(this.#head as Uint8Array, 0, this.#headLength);
    }
    this.#place = LINE_START;
    return this.#lineOver(bytes, end, to);
  }

  /** Skips the byte order mark, or takes what looked like it as the start of a line. */
  #mark(bytes: Uint8Array, from: number, to: number): number {
    let at = from;
    while (at < to && this.#headLength < 3) {
      if (bytes[at] !== MARK[this.#headLength]) {
        if (this.#headLength === 0) this.#place = LINE_START;
        else {
          this.#place = IN_LINE;
          this.#head = new Uint8Array(HEAD_BYTES);
          this.#head.set(MARK);
        }
        return at;
      }
      this.#headLength += 1;
      at += 1;
    }
    if (this.#headLength === 3) this.#place = LINE_START;
    return at;
  }

  /** Keeps the first bytes of a cut line; when they are full, the line is judged by them. */
  #keep(bytes: Uint8Array, from: number, to: number): void {
    this.#head ??= new Uint8Array(HEAD_BYTES);
    const head = this.#head;
    const kept = this.#headLength;
    const taken = Math.min(to - from, HEAD_BYTES - kept);
    for (let place = 0; place < taken; place += 1) {
      head[kept + place] = bytes[from + place] as number;
    }
    this.#headLength = kept + taken;
    if (from + taken === to) return;
    this.#place = this.#reading.longLine(head, HEAD_BYTES) ? IN_DATA : IN_REST;
    if (this.#place === IN_DATA) this.#reading.more(bytes, from + taken, to);
  }
}
