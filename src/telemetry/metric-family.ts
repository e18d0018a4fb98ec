// Counters, gauges and histograms whose hot side is a number in an object or a typed array. The
// text form is made by prom-client on scrape, which reads these through its metric interface.
// Invariant: at most `SERIES_MAX` label sets a family; the rest share one `overflow` series.

import type { MetricRow } from './metric-table.ts';

/** Label sets per family. */
export const SERIES_MAX = 2_000;

/** One sample as prom-client prints it. */
export interface Sample {
  readonly labels: Record<string, string | number>;
  readonly value: number;
  readonly metricName?: string;
}

/** What prom-client needs of a metric. */
export interface Exported {
  readonly name: string;
  readonly help: string;
  readonly type: MetricRow['type'];
  readonly aggregator: 'sum';
  readonly values: Sample[];
}

/** One counter or gauge. */
export class Series {
  value: number = 0;
}

/** One histogram; `counts` are per bucket, not cumulative. */
export class HistogramSeries {
  readonly counts: Float64Array;
  sum: number = 0;
  readonly #bounds: readonly number[];

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.counts = new Float64Array(bounds.length + 1);
  }

  /** Counts `value` once, or as often as told. */
  record(value: number, times: number = 1): void {
    const bounds = this.#bounds;
    let at = 0;
    while (at < bounds.length && value > (bounds[at] as number)) at += 1;
    this.counts[at] = (this.counts[at] as number) + times;
    this.sum += value * times;
  }
}

/** All series of one metric, found by label values in the order of the row's labels. */
export class Family<S> {
  readonly row: MetricRow;
  readonly #make: () => S;
  readonly #series = new Map<string, { labels: Record<string, string>; series: S }>();

  constructor(row: MetricRow, make: () => S) {
    this.row = row;
    this.#make = make;
  }

  get name(): string {
    return this.row.name;
  }

  /** The series for these label values, made when new. Keep it: looking up costs a string. */
  at(...values: string[]): S {
    const key = values.join('\u0001');
    const known = this.#series.get(key);
    if (known !== undefined) return known.series;
    if (this.#series.size >= SERIES_MAX) return this.#overflow();
    const labels: Record<string, string> = {};
    for (const [place, label] of this.row.labels.entries()) labels[label] = values[place] ?? '';
    return this.#add(key, labels);
  }

  /** Forgets a series whose subject is gone (an endpoint removed by a reload). */
  forget(...values: string[]): void {
    this.#series.delete(values.join('\u0001'));
  }

  *entries(): Generator<{ labels: Record<string, string>; series: S }> {
    yield* this.#series.values();
  }

  #overflow(): S {
    const known = this.#series.get('overflow');
    return known?.series ?? this.#add('overflow', { overflow: 'true' });
  }

  #add(key: string, labels: Record<string, string>): S {
    const series = this.#make();
    this.#series.set(key, { labels, series });
    return series;
  }
}

/** The samples of a counter or gauge family. */
export function exportSeries(family: Family<Series>): Exported {
  const values: Sample[] = [];
  for (const { labels, series } of family.entries()) values.push({ labels, value: series.value });
  return exported(family.row, values);
}

/** The samples of a histogram family: cumulative buckets, sum and count. */
export function exportHistogram(
  family: Family<HistogramSeries>,
  bounds: readonly number[],
): Exported {
  const { name } = family.row;
  const values: Sample[] = [];
  for (const { labels, series } of family.entries()) {
    let count = 0;
    for (const [at, bound] of bounds.entries()) {
      count += series.counts[at] as number;
      values.push({ metricName: `${name}_bucket`, labels: { ...labels, le: bound }, value: count });
    }
    count += series.counts[bounds.length] as number;
    values.push({ metricName: `${name}_bucket`, labels: { ...labels, le: '+Inf' }, value: count });
    values.push({ metricName: `${name}_sum`, labels, value: series.sum });
    values.push({ metricName: `${name}_count`, labels, value: count });
  }
  return exported(family.row, values);
}

function exported(row: MetricRow, values: Sample[]): Exported {
  return { name: row.name, help: row.help, type: row.type, aggregator: 'sum', values };
}
