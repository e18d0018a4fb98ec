// What the transport tells, as numbers for a scrape. On the data path: each report finds its series
// by endpoint once and adds to it.

import type { Metrics } from '../telemetry/metrics.ts';
import type { Series } from '../telemetry/metric-family.ts';
import type {
  CloseReason,
  LadderLevel,
  TransportObserver,
} from '../transport/transport-observer.ts';

/** Series of one endpoint that a call touches. */
interface EndpointSeries {
  readonly fresh: Series;
  readonly reused: Series;
}

/** Counts for the metrics of one gateway. */
export class TransportMetrics implements TransportObserver {
  readonly #metrics: Metrics;
  readonly #byEndpoint = new Map<string, EndpointSeries>();

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
  }

  connectionOpened(): void {}

  connectionClosed(endpoint: string, reason: CloseReason, lifeMs: number): void {
    this.#metrics.connectionsClosed.at(endpoint, reason).value += 1;
    this.#metrics.connectionDuration.at(endpoint).record(lifeMs / 1_000);
  }

  dialFailed(endpoint: string): void {
    this.#metrics.attempts.at(endpoint, 'dial_failed').value += 1;
  }

  requestSent(endpoint: string, reused: boolean): void {
    const series = this.#seriesOf(endpoint);
    (reused ? series.reused : series.fresh).value += 1;
  }

  staleFailure(endpoint: string, level: LadderLevel, replayed: boolean): void {
    this.#metrics.stale.at(endpoint, level, String(replayed)).value += 1;
  }

  sentinelClosed(): void {}

  idleBudget(endpoint: string, budgetMs: number): void {
    this.#metrics.idleBudget.at(endpoint).value = budgetMs / 1_000;
  }

  /** Forgets what is known of an endpoint that a reload removed. */
  forget(endpoint: string): void {
    this.#byEndpoint.delete(endpoint);
    this.#metrics.idleBudget.forget(endpoint);
  }

  #seriesOf(endpoint: string): EndpointSeries {
    let known = this.#byEndpoint.get(endpoint);
    if (known === undefined) {
      const { upstreamRequests } = this.#metrics;
      known = {
        fresh: upstreamRequests.at(endpoint, 'new'),
        reused: upstreamRequests.at(endpoint, 'reused'),
      };
      this.#byEndpoint.set(endpoint, known);
    }
    return known;
  }
}
