// When a worker that died is started again, as a pure machine. A worker that dies as soon as it
// lives is started more and more rarely, or it would eat the machine its neighbours need.

/** Pauses and judgements, in ms. */
export interface PaceOptions {
  /** The first pause; each further one doubles. */
  readonly pauseMsMin: number;
  readonly pauseMsMax: number;
  /** A worker that lived this long died of something else than its predecessor. */
  readonly healthyMs: number;
  /** Deaths in quick succession that make a loop worth telling about. */
  readonly loopDeaths: number;
}

/** Systemd gives up after five starts in ten seconds; we go on, but slowly, and say so. */
export const defaultPaceOptions: PaceOptions = {
  pauseMsMin: 1_000,
  pauseMsMax: 30_000,
  healthyMs: 60_000,
  loopDeaths: 5,
};

/** The deaths of one worker and its successors. */
export class RestartPace {
  readonly #options: PaceOptions;
  #deaths: number = 0;

  constructor(options: PaceOptions = defaultPaceOptions) {
    this.#options = options;
  }

  /** Deaths in quick succession so far. */
  get deaths(): number {
    return this.#deaths;
  }

  /** It dies as often as it is started. */
  get looping(): boolean {
    return this.#deaths >= this.#options.loopDeaths;
  }

  /** A worker lived for `livedMs` and died; answers the pause before the next, in ms. */
  died(livedMs: number): number {
    const { pauseMsMin, pauseMsMax, healthyMs } = this.#options;
    this.#deaths = livedMs >= healthyMs ? 1 : this.#deaths + 1;
    return Math.min(pauseMsMax, pauseMsMin * 2 ** (this.#deaths - 1));
  }

  /** The present worker has lived for `livedMs`; what its predecessors died of is over. */
  lives(livedMs: number): void {
    if (livedMs >= this.#options.healthyMs) this.#deaths = 0;
  }
}
