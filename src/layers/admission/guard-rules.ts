// Decides from the state of this process whether it may take calls. First batch calls are refused,
// then all: a process that is late for its timers and writes harms every stream it carries, and one
// that runs out of memory ends them all. Numbers from the resilience reference, section 5.

/** What the process says about itself. */
export interface ProcessReading {
  /** Share of the time since the last reading that the event loop was at work, 0 to 1. */
  readonly loopUtilization: number;
  /** 99th percentile of how late the event loop was since the last reading, in ms. */
  readonly loopDelayP99Ms: number;
  /** Share of the heap limit in use, 0 to 1. */
  readonly heapShare: number;
}

/** `open`: all calls; `no-batch`: none of class batch; `closed`: none at all. */
export type GuardLevel = 'open' | 'no-batch' | 'closed';

/** From where on a level holds. */
export interface GuardMarks {
  readonly loopUtilization: number;
  readonly loopDelayP99Ms: number;
  readonly heapShare: number;
}

/** When the process counts as overloaded. */
export interface GuardOptions {
  readonly noBatch: GuardMarks;
  readonly closed: GuardMarks;
  /** For this long the event loop must be over a mark, in ms. The heap is believed at once. */
  readonly lastsMs: number;
  /** Utilisation counts only with at least this p99 of the loop delay, in ms. */
  readonly busyDelayMs: number;
  /** A level ends when all readings are below this share of its marks. */
  readonly releaseShare: number;
}

/** Defaults, each with its reason. */
export const defaultGuardOptions: GuardOptions = Object.freeze({
  // Batch can wait. At a tenth of the loop left, or a fifth of a second late, streams begin to
  // stutter; the last 15 % of the heap are spent on collecting it.
  noBatch: Object.freeze({ loopUtilization: 0.9, loopDelayP99Ms: 200, heapShare: 0.85 }),
  // Beyond this, calls that are taken harm those that run.
  closed: Object.freeze({ loopUtilization: 0.98, loopDelayP99Ms: 1_000, heapShare: 0.95 }),
  // One long collection or one large reload is no overload.
  lastsMs: 3_000,
  // A loop that is always at work but never late is a machine well used: a gateway on one core
  // under full load looks like that, and refusing calls there would only waste the core.
  busyDelayMs: 50,
  // Or the refusals themselves, which lower the load, would open and close it all the time.
  releaseShare: 0.95,
});

const NEVER = Number.POSITIVE_INFINITY;

/** The level over time. */
export class GuardRules {
  readonly #options: GuardOptions;
  #level: GuardLevel = 'open';
  /** Since when the loop has been over each of the marks. */
  #noBatchSince: number = NEVER;
  #closedSince: number = NEVER;

  constructor(options: GuardOptions = defaultGuardOptions) {
    this.#options = options;
  }

  get level(): GuardLevel {
    return this.#level;
  }

  /** Takes a reading of `now` into account and returns the level. */
  read(reading: ProcessReading, now: number): GuardLevel {
    const { noBatch, closed, lastsMs } = this.#options;
    this.#noBatchSince = this.#since(this.#noBatchSince, reading, noBatch, now);
    this.#closedSince = this.#since(this.#closedSince, reading, closed, now);
    const over = (marks: GuardMarks, since: number): boolean =>
      now - since >= lastsMs || reading.heapShare > marks.heapShare;
    if (over(closed, this.#closedSince)) this.#level = 'closed';
    else if (this.#level === 'closed' && this.#holds(reading, closed)) this.#level = 'closed';
    else if (over(noBatch, this.#noBatchSince)) this.#level = 'no-batch';
    else if (this.#level === 'open' || !this.#holds(reading, noBatch)) this.#level = 'open';
    else this.#level = 'no-batch';
    return this.#level;
  }

  #since(since: number, reading: ProcessReading, marks: GuardMarks, now: number): number {
    if (!this.#isLate(reading, marks, 1)) return NEVER;
    return since === NEVER ? now : since;
  }

  #isLate(reading: ProcessReading, marks: GuardMarks, share: number): boolean {
    const { loopUtilization, loopDelayP99Ms } = reading;
    if (loopDelayP99Ms > marks.loopDelayP99Ms * share) return true;
    const late = loopDelayP99Ms >= this.#options.busyDelayMs * share;
    return late && loopUtilization > marks.loopUtilization * share;
  }

  /** Not yet far enough below the marks of a level to leave it. */
  #holds(reading: ProcessReading, marks: GuardMarks): boolean {
    const { releaseShare } = this.#options;
    if (reading.heapShare > marks.heapShare * releaseShare) return true;
    return this.#isLate(reading, marks, releaseShare);
  }
}
