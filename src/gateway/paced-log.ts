// Warnings that may come in swarms, written seldom: what is said of one thing is said at once, and
// then not again for a while, unless it has become worse. What came meanwhile is counted, and the
// last of it is written when that while is over, so that the log ends with how things are. The
// while doubles as long as it goes on.
// Invariant: one timer for each thing that was spoken of lately, none for all others; in one while
// at most one line for each rank.

import type { Clock, Timer } from '../core/clock.ts';
import type { ProcessLog } from './process-log.ts';

/** How long one thing is not spoken of again, in ms. */
export interface LogPace {
  readonly quietMs: number;
  /** The most it is doubled to. */
  readonly quietMsMax: number;
}

/** One warning. */
export interface Notice {
  /** What it is about; from configuration or a closed list. */
  readonly about: string;
  /** A notice of a higher rank than the last one written is written at once. */
  readonly rank: number;
  readonly facts: Readonly<Record<string, unknown>>;
  readonly text: string;
}

interface Topic {
  rank: number;
  quietMs: number;
  timer: Timer;
  /** The last notice that was not written, and how many there were. */
  last: Notice | undefined;
  withheld: number;
}

/** Writes warnings at a pace. Ends by `close`. */
export class PacedLog {
  readonly #clock: Clock;
  readonly #log: Pick<ProcessLog, 'warn'>;
  readonly #pace: LogPace;
  readonly #topics = new Map<string, Topic>();

  constructor(clock: Clock, log: Pick<ProcessLog, 'warn'>, pace: LogPace) {
    this.#clock = clock;
    this.#log = log;
    this.#pace = pace;
  }

  /** Writes a warning, at once or later together with others of its kind. */
  warn(notice: Notice): void {
    const { about, rank } = notice;
    const topic = this.#topics.get(about);
    if (topic === undefined) {
      const { quietMs } = this.#pace;
      const timer = this.#wait(about, quietMs);
      this.#topics.set(about, { rank, quietMs, timer, last: undefined, withheld: 0 });
      this.#log.warn(notice.facts, notice.text);
      return;
    }
    topic.last = notice;
    if (rank <= topic.rank) {
      topic.withheld += 1;
      return;
    }
    topic.timer.cancel();
    topic.timer = this.#wait(about, topic.quietMs);
    this.#writeLast(topic);
  }

  /** Writes nothing more. */
  close(): void {
    for (const { timer } of this.#topics.values()) timer.cancel();
    this.#topics.clear();
  }

  #wait(about: string, ms: number): Timer {
    return this.#clock.after(ms, () => this.#quietOver(about));
  }

  #quietOver(about: string): void {
    const topic = this.#topics.get(about);
    if (topic === undefined) return;
    if (topic.last === undefined) {
      this.#topics.delete(about);
      return;
    }
    // This line stands for one of those that were withheld.
    topic.withheld -= 1;
    topic.quietMs = Math.min(topic.quietMs * 2, this.#pace.quietMsMax);
    topic.timer = this.#wait(about, topic.quietMs);
    this.#writeLast(topic);
  }

  #writeLast(topic: Topic): void {
    const { last, withheld } = topic;
    if (last === undefined) return;
    topic.rank = last.rank;
    topic.last = undefined;
    topic.withheld = 0;
    this.#log.warn(withheld === 0 ? last.facts : { ...last.facts, withheld }, last.text);
  }
}
