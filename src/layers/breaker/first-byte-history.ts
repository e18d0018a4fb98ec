// What first bytes usually took in the last hour, for the slow rule. 2 KB each.

import { KeptQuantile, QuantileWindow } from '../../core/quantile-window.ts';

/** An hour; a rule that looks for many times the usual needs no finer buckets. */
const SHAPE = { slots: 6, slotMs: 600_000, perDoubling: 4 };
/** Fewer answers than this say nothing about the rare slow one. */
const P95 = { share: 0.95, samplesMin: 50, keepMs: 10_000 };

/** First-byte times of one endpoint. Pure: time is handed in. */
export class FirstByteHistory {
  readonly #times = new QuantileWindow(SHAPE);
  readonly #p95 = new KeptQuantile(this.#times, P95);

  /** Records a first byte that took `ms`. */
  record(ms: number, now: number): void {
    this.#times.add(ms, now);
  }

  /** The time within which 95 % came, in ms; `undefined` while too few were seen. */
  p95(now: number): number | undefined {
    return this.#p95.at(now);
  }
}
