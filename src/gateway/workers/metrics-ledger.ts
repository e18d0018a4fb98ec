// The numbers of all workers, the dead included: what only grows stays in the sums when a worker
// dies, as of its last scrape. Bounded by the series of one gateway: the dead share one entry.

import { lastingFamilies, mergedFamilies, printFamilies, readFamilies } from './merged-metrics.ts';
import type { Families } from './merged-metrics.ts';

/** Keeps what each worker printed last. */
export class MetricsLedger {
  readonly #living = new Map<number, Families>();
  #dead: Families = new Map();
  #deaths: number = 0;

  /** A worker printed its metrics. */
  printed(worker: number, text: string): void {
    this.#living.set(worker, readFamilies(text));
  }

  /** A worker is gone. */
  left(worker: number): void {
    this.#deaths += 1;
    const last = this.#living.get(worker);
    this.#living.delete(worker);
    if (last !== undefined) this.#dead = mergedFamilies([this.#dead, lastingFamilies(last)]);
  }

  /** The text for a scrape. */
  text(listening: number): string {
    const merged = mergedFamilies([...this.#living.values(), this.#dead]);
    const own = readFamilies(
      '# HELP gw_workers Worker processes that take calls.\n' +
        `# TYPE gw_workers gauge\ngw_workers ${listening}\n` +
        '# HELP gw_worker_deaths_total Worker processes that ended.\n' +
        `# TYPE gw_worker_deaths_total counter\ngw_worker_deaths_total ${this.#deaths}\n`,
    );
    return printFamilies(new Map([...merged, ...own]));
  }
}
