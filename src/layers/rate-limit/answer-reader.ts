// Collects the readings of one answer from all forms of headers. One reader serves all answers, one
// after the other, since reading is one synchronous run; most answers have no reading worth keeping
// and cost a few look-ups.

import type { Clock } from '../../core/clock.ts';
import { HeaderList } from '../../core/header-list.ts';
import { readIetfLimits } from './ietf-limits.ts';
import type { AnswerFields, LimitKind, LimitReading, ReadingTaker } from './limit-reading.ts';
import { readNamedLimits } from './named-limits.ts';
import { readWindowLimits } from './window-limits.ts';

const none: readonly LimitReading[] = [];

/** Is told what is left of each limit, and knows whether even healthy ones are of interest. */
export interface RatioListener {
  readonly concernedUntil: number;
  noteRatio(kind: LimitKind, ratio: number, now: number): void;
}

/** Reads answers. */
export class AnswerReader implements AnswerFields, ReadingTaker {
  headers: HeaderList = HeaderList.empty;
  throttled: boolean = false;
  readonly #clock: Clock;
  readonly #below: number;
  #listener: RatioListener | undefined = undefined;
  #now: number = 0;
  /** NaN until it was looked for in this answer. */
  #saidAt: number = NaN;
  #readings: LimitReading[] | undefined = undefined;

  /** Readings of limits with more than the share `below` left are left out while all is well. */
  constructor(clock: Clock, below: number) {
    this.#clock = clock;
    this.#below = below;
  }

  /** The readings of one answer that matter. */
  read(
    headers: HeaderList,
    throttled: boolean,
    listener: RatioListener,
    now: number,
  ): readonly LimitReading[] {
    this.headers = headers;
    this.throttled = throttled;
    this.#listener = listener;
    this.#now = now;
    this.#saidAt = NaN;
    this.#readings = undefined;
    readNamedLimits(this, this);
    readWindowLimits(this, this);
    readIetfLimits(this, this);
    // Nothing of the answer may be held longer than it lasts.
    this.headers = HeaderList.empty;
    this.#listener = undefined;
    return this.#readings ?? none;
  }

  saidAt(): number {
    if (Number.isNaN(this.#saidAt)) {
      const said = Date.parse(this.headers.get('date') ?? '');
      this.#saidAt = Number.isNaN(said) ? this.#clock.wallNow() : said;
    }
    return this.#saidAt;
  }

  wants(kind: LimitKind, ratio: number): boolean {
    const listener = this.#listener;
    if (listener === undefined) return false;
    listener.noteRatio(kind, ratio, this.#now);
    return ratio < this.#below || listener.concernedUntil > this.#now;
  }

  take(reading: LimitReading): void {
    (this.#readings ??= []).push(reading);
  }
}
