// How long first bytes took in the last five minutes, and the two quantiles that are asked for.
// 9 KB each. Pure: time is handed in.

import { KeptQuantile, QuantileWindow } from '../../core/quantile-window.ts';

/** Five minutes, with an error of at most 4.4 %. */
const SHAPE = { slots: 6, slotMs: 50_000, perDoubling: 16 };
/** Half of the answers is known sooner than the slow end. */
const P50 = { share: 0.5, samplesMin: 20, keepMs: 1_000 };
/** A 99th percentile of fewer is the largest of a few. */
const P99 = { share: 0.99, samplesMin: 50, keepMs: 1_000 };

/** First-byte times of one endpoint and kind of route. */
export class FirstByteWindow {
  readonly #times = new QuantileWindow(SHAPE);
  readonly #p50 = new KeptQuantile(this.#times, P50);
  readonly #p99 = new KeptQuantile(this.#times, P99);

  /** Samples in the window, as of the last time it moved. */
  get samples(): number {
    return this.#times.samples;
  }

  /** The p99 that was asked for last; it stands still while nobody asks. */
  get lastP99(): number | undefined {
    return this.#p99.last;
  }

  /** Records a first byte that took `ms`, at the monotonic time `now`. */
  record(ms: number, now: number): void {
    this.#times.add(ms, now);
  }

  /** The time within which half of the first bytes came, in ms; `undefined` = too few were seen. */
  p50(now: number): number | undefined {
    return this.#p50.at(now);
  }

  /** The time within which 99 % came, in ms; `undefined` = too few were seen. */
  p99(now: number): number | undefined {
    return this.#p99.at(now);
  }
}
