// What the lines of one event add up to, and what the event changes when it is over. Knows fields,
// names and JSON members; knows nothing of reads and line ends.
// Invariant: what an event does depends on its bytes alone, not on which shortcut recognised it.
// Indexed reads are in range by the conditions around them, which is what the casts say.

import type { Progress } from '../core/dialect.ts';
import type { EventGrammar } from './event-grammar.ts';
import { EventKind } from './event-grammar.ts';
import {
  isData,
  isDone,
  isEvent,
  plainTextEnd,
  sequenceAfterType,
  typeStart,
} from './event-head.ts';
import { JsonFindings } from './json-findings.ts';
import { JsonWalk } from './json-walk.ts';
import type { PlainEvents } from './plain-events.ts';

const { unknown, content, blockEnd, finish, terminal, failed, ping, error, aside } = EventKind;

/** Collects one event after the other of one stream. */
export class EventReading {
  /** A field of an event has come whose blank line has not. */
  inEvent: boolean = false;
  /** Some event other than a ping was seen. */
  sawEvent: boolean = false;
  /** The last event with a meaning was an error: the upstream ended the answer itself. */
  endedByError: boolean = false;
  readonly #grammar: EventGrammar;
  readonly #progress: Progress;
  readonly #findings: JsonFindings = new JsonFindings();
  readonly #walk: JsonWalk = new JsonWalk(this.#findings);
  readonly #plain: PlainEvents;
  readonly #lenient: boolean;
  /** Kind by the `event:` line. */
  #named: number = unknown;
  /** Kind by the data. */
  #typed: number = unknown;
  /** The kind by name when the data came; it decided whether the data is read. */
  #readBy: number = unknown;
  #hasData: boolean = false;
  /** The data is being read, or was. */
  #read: boolean = false;
  #sequence: number = -1;
  #choices: number = 0;
  #finishedChoices: number = 0;

  /** `lenient`: the server leaves out what tells that its content is complete. */
  constructor(grammar: EventGrammar, progress: Progress, plain: PlainEvents, lenient: boolean) {
    this.#grammar = grammar;
    this.#progress = progress;
    this.#plain = plain;
    this.#lenient = lenient;
  }

  /** Takes the plain content events that have just been passed over. */
  passed(): void {
    const { count, sequence } = this.#plain;
    if (sequence >= 0) this.#progress.sequence = sequence;
    this.#countContent(count);
  }

  #countContent(count: number): void {
    if (count === 0) return;
    this.sawEvent = true;
    this.endedByError = false;
    this.#progress.contentEvents += count;
  }

  /** Takes the line `bytes[from..end)`, which is whole. */
  line(bytes: Uint8Array, from: number, end: number): void {
    const first = bytes[from];
    if (first === 100 && isData(bytes, from, end)) {
      const value = bytes[from + 5] === 32 ? from + 6 : from + 5;
      const isFirst = !this.#hasData;
      this.inEvent = true;
      if (value < end) this.#data(bytes, value, end, true);
      if (isFirst && this.#isPlainChunk()) this.#plain.template?.learn(bytes, from, end);
    } else if (first === 101 && isEvent(bytes, from, end)) {
      const value = bytes[from + 6] === 32 ? from + 7 : from + 6;
      this.inEvent = true;
      this.#named = value < end ? this.#grammar.names.kindOf(bytes, value, end) : unknown;
    } else if (first === 58) this.#progress.pings += 1;
    else this.inEvent = true;
  }

  /**
   * Takes the first bytes of a line that is longer than `end`. True when the rest belongs to data
   * that is being read; the rest goes to `more`.
   */
  longLine(head: Uint8Array, end: number): boolean {
    if (!isData(head, 0, end)) {
      this.line(head, 0, end);
      return false;
    }
    this.inEvent = true;
    this.#data(head, head[5] === 32 ? 6 : 5, end, false);
    return this.#read;
  }

  /** Takes a further part of a long data line. */
  more(bytes: Uint8Array, from: number, to: number): void {
    this.#walk.feed(bytes, from, to);
  }

  /** The blank line: the event counts now. */
  over(): void {
    if (!this.inEvent) return;
    this.inEvent = false;
    const named = this.#named;
    this.#named = unknown;
    if (!this.#hasData) {
      // Without data nothing is dispatched, says the standard; it proves that the peer lives.
      this.#progress.pings += 1;
      return;
    }
    this.#hasData = false;
    if (this.#read) this.#readOver();
    if (this.#sequence >= 0) {
      this.#progress.sequence = this.#sequence;
      this.#sequence = -1;
    }
    const kind = named === unknown ? this.#typed : named;
    if (this.#read) this.#apply();
    if (kind === content) this.#countContent(1);
    else this.#settle(kind);
    if (this.#read) {
      this.#read = false;
      this.#findings.reset();
    }
  }

  /** Takes the value of a data line: decides by its first bytes whether it has to be read. */
  #data(bytes: Uint8Array, from: number, end: number, whole: boolean): void {
    if (this.#hasData) {
      if (this.#read) this.#walk.feed(bytes, from, end);
      return;
    }
    const { unnamed, sequenced, doneMark } = this.#grammar;
    const named = this.#named;
    this.#hasData = true;
    this.#readBy = named;
    this.#typed = unknown;
    if (named !== unknown) {
      if (!this.#isRead(named) && (!sequenced || this.#takeSequence(bytes, from, end))) return;
    } else if (unnamed === 'content') {
      this.#typed = content;
      return;
    } else if (whole && isDone(bytes, from, end)) {
      this.#typed = doneMark;
      // Clients stop here, even before the blank line, and take what they have for the answer.
      if (doneMark === terminal) this.#judgeDone();
      return;
    } else if (unnamed === 'type') {
      const start = typeStart(bytes, from, end);
      const quote = start < 0 ? -1 : plainTextEnd(bytes, start, end);
      if (quote >= 0) {
        this.#typed = this.#grammar.names.kindOf(bytes, start, quote);
        const skip = !sequenced || this.#takeSequence(bytes, from, end);
        if (skip && !this.#isRead(this.#typed)) return;
      }
    }
    this.#read = true;
    this.#walk.begin(this.#grammar.fields);
    this.#walk.feed(bytes, from, end);
  }

  /** A server or a proxy may write its `[DONE]` although the model has not finished. */
  #judgeDone(): void {
    const progress = this.#progress;
    if (progress.contentComplete || this.endedByError) return;
    // Other streams of this API have no choices, so nothing there that could be unfinished.
    if (this.sawEvent && progress.contentEvents === 0) return;
    if (this.#lenient && this.sawEvent) progress.lenientEnd = true;
    else progress.falseEnd = true;
  }

  #takeSequence(bytes: Uint8Array, from: number, end: number): boolean {
    this.#sequence = sequenceAfterType(bytes, from, end);
    return this.#sequence >= 0;
  }

  #isRead(kind: number): boolean {
    return (this.#grammar.read & (1 << kind)) !== 0;
  }

  /** The line just read was a whole chunk with nothing in it but content. */
  #isPlainChunk(): boolean {
    if (this.#plain.template === undefined || !this.#read || !this.#walk.closed) return false;
    const findings = this.#findings;
    findings.close();
    const quiet = !findings.hasError && !findings.hasUsage && !findings.finished;
    return quiet && findings.choices !== 0;
  }

  /** The data that was read is complete: it may tell what kind of event this is. */
  #readOver(): void {
    const findings = this.#findings;
    findings.close();
    if (findings.sequence >= 0 && this.#grammar.sequenced) this.#sequence = findings.sequence;
    if (this.#typed !== unknown) return;
    if (this.#grammar.unnamed === 'chat') {
      if (findings.hasError) this.#typed = error;
      else this.#typed = findings.choices === 0 ? aside : content;
    } else if (findings.type === undefined) this.#typed = content;
    else {
      const type = Buffer.from(findings.type, 'utf8');
      this.#typed = this.#grammar.names.kindOf(type, 0, type.length);
    }
  }

  /** Takes over what was read, if the kind of the event says that it may be believed. */
  #apply(): void {
    if (!this.#isRead(this.#readBy === unknown ? this.#typed : this.#readBy)) {
      this.#findings.reset();
      return;
    }
    const findings = this.#findings;
    const progress = this.#progress;
    findings.apply(progress);
    if (this.#grammar.unnamed !== 'chat') return;
    this.#choices |= findings.choices;
    this.#finishedChoices |= findings.finishedChoices;
    if (this.#finishedChoices === 0) return;
    progress.blockCompleted = true;
    progress.contentComplete = progress.terminal || this.#finishedChoices === this.#choices;
  }

  /** What the rarer kinds of event change. */
  #settle(kind: number): void {
    const progress = this.#progress;
    if (kind === ping) {
      progress.pings += 1;
      return;
    }
    // What claims to be the end and is not changes nothing.
    if (kind === terminal && progress.falseEnd) return;
    this.sawEvent = true;
    if (kind === aside) return;
    this.endedByError = kind === error;
    if (kind === blockEnd || kind === finish) progress.contentEvents += 1;
    if (kind === blockEnd) progress.blockCompleted = true;
    else if (kind === finish) {
      if (this.#findings.finished) progress.contentComplete = true;
    } else if (kind === error) progress.errorType = this.#findings.errorName('error');
    else if (kind === terminal || kind === failed) {
      progress.terminal = true;
      progress.contentComplete = true;
      if (kind === failed) progress.errorType = this.#findings.errorName('response.failed');
    }
  }
}
