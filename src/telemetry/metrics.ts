// The gateway's numbers: one family per row of the metric table, and their text for a scrape.
// Bounded by construction: fixed buckets, capped label sets, nothing per call.

import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { Registry, collectDefaultMetrics } from 'prom-client';
import type { Metric } from 'prom-client';
import { Family, HistogramSeries, Series, exportHistogram, exportSeries } from './metric-family.ts';
import type { Exported } from './metric-family.ts';
import { durationBuckets, metricTable } from './metric-table.ts';
import type { MetricRow } from './metric-table.ts';

/** Sets gauges from the state they describe, just before a scrape. */
export type Collector = () => void;

/** Every metric family, and the scrape. One per gateway; `close` ends its loop monitor. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #collectors: Collector[] = [];
  readonly #delay = monitorEventLoopDelay({ resolution: 20 });
  #lastUtilization = performance.eventLoopUtilization();

  readonly serverDuration: Family<HistogramSeries> = this.histogram(metricTable.serverDuration);
  readonly serverActive: Family<Series> = this.series(metricTable.serverActive);
  readonly serverConnections: Family<Series> = this.series(metricTable.serverConnections);
  readonly serverRefused: Family<Series> = this.series(metricTable.serverRefused);
  readonly clientDuration: Family<HistogramSeries> = this.histogram(metricTable.clientDuration);
  readonly clientActive: Family<Series> = this.series(metricTable.clientActive);
  readonly openConnections: Family<Series> = this.series(metricTable.openConnections);
  readonly connectionDuration: Family<HistogramSeries> = this.histogram(
    metricTable.connectionDuration,
  );
  readonly aiDuration: Family<HistogramSeries> = this.histogram(metricTable.aiDuration);
  readonly aiFirstChunk: Family<HistogramSeries> = this.histogram(metricTable.aiFirstChunk);
  readonly aiPerChunk: Family<HistogramSeries> = this.histogram(metricTable.aiPerChunk);
  readonly aiTokens: Family<Series> = this.series(metricTable.aiTokens);
  readonly upstreamRequests: Family<Series> = this.series(metricTable.upstreamRequests);
  readonly dialsFailed: Family<Series> = this.series(metricTable.dialsFailed);
  readonly connectionsClosed: Family<Series> = this.series(metricTable.connectionsClosed);
  readonly stale: Family<Series> = this.series(metricTable.stale);
  readonly idleBudget: Family<Series> = this.series(metricTable.idleBudget);
  readonly attempts: Family<Series> = this.series(metricTable.attempts);
  readonly streamEnd: Family<Series> = this.series(metricTable.streamEnd);
  readonly lenientEnds: Family<Series> = this.series(metricTable.lenientEnds);
  readonly leases: Family<Series> = this.series(metricTable.leases);
  readonly loopDelay: Family<Series> = this.series(metricTable.loopDelay);
  readonly loopUtilization: Family<Series> = this.series(metricTable.loopUtilization);

  constructor() {
    this.#delay.enable();
    collectDefaultMetrics({ register: this.#registry, eventLoopMonitoringPrecision: 100 });
  }

  /** Adds a collector, run at each scrape. */
  collect(collector: Collector): void {
    this.#collectors.push(collector);
  }

  /** The scrape in Prometheus text. */
  async text(): Promise<string> {
    this.#readLoop();
    for (const collector of this.#collectors) collector();
    return this.#registry.metrics();
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  close(): void {
    this.#delay.disable();
    this.#registry.clear();
  }

  #readLoop(): void {
    this.loopDelay.at().value = this.#delay.percentile(99) / 1e9;
    this.#delay.reset();
    const utilization = performance.eventLoopUtilization();
    const since = performance.eventLoopUtilization(utilization, this.#lastUtilization);
    this.#lastUtilization = utilization;
    this.loopUtilization.at().value = since.utilization;
  }

  /** A family of counters or gauges, shown from now on. */
  series(row: MetricRow): Family<Series> {
    const family = new Family(row, () => new Series());
    this.#register(row, () => exportSeries(family));
    return family;
  }

  /** A family of histograms of seconds, shown from now on. */
  histogram(row: MetricRow): Family<HistogramSeries> {
    const family = new Family(row, () => new HistogramSeries(durationBuckets));
    this.#register(row, () => exportHistogram(family, durationBuckets));
    return family;
  }

  #register(row: MetricRow, get: () => Exported): void {
    // prom-client asks a metric for nothing but its name and these three; its type says more.
    const metric = { name: row.name, get, reset() {} };
    this.#registry.registerMetric(metric as unknown as Metric);
  }
}
