// Says when renewals are a matter for a person: too many of them, or too many failures in a row.
// Pure. Bounded: it remembers as many renewals as are too many.

const HOUR_MS = 3_600_000;

/** What is wrong. `opaque-token`: the upstream takes JSON Web Tokens alone, and this is none. */
export type RenewalWarning = 'many-refreshes' | 'many-failures' | 'clock-skew' | 'opaque-token';

/** The renewals of one credential. */
export class RenewalTally {
  refreshes: number = 0;
  failures: number = 0;
  readonly #perHourMax: number;
  readonly #failuresMax: number;
  #recent: number[] = [];
  #warnedAt: number = Number.NEGATIVE_INFINITY;

  constructor(perHourMax: number, failuresInARow: number) {
    this.#perHourMax = perHourMax;
    this.#failuresMax = failuresInARow;
  }

  /** A renewal went well. Warns at most once an hour. */
  renewed(now: number): RenewalWarning | undefined {
    this.refreshes += 1;
    this.#recent = this.#recent.filter((at) => at > now - HOUR_MS).slice(-this.#perHourMax);
    this.#recent.push(now);
    if (this.#recent.length <= this.#perHourMax || now < this.#warnedAt + HOUR_MS) return undefined;
    this.#warnedAt = now;
    return 'many-refreshes';
  }

  /** A renewal failed, the last of so many. Warns once in a row. */
  failed(inARow: number): RenewalWarning | undefined {
    this.failures += 1;
    return inARow === this.#failuresMax ? 'many-failures' : undefined;
  }
}
