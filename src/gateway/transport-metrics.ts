// What the transport tells, as numbers for a scrape. On the data path: each report finds its series
// by endpoint once and adds to it.

import type { Metrics } from '../telemetry/metrics.ts';
import type { Series } from '../telemetry/metric-family.ts';
import type { EndpointView } from '../transport/endpoint-pool.ts';
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
    this.#metrics.dialsFailed.at(endpoint).value += 1;
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

  /** Sets what is only true at a moment: connections and requests under way. */
  show(endpoints: readonly EndpointView[]): void {
    const { clientActive, openConnections } = this.#metrics;
    for (const { key, open, active, waiting } of endpoints) {
      openConnections.at(key, 'active').value = active;
      // The one that is only watched rests as well.
      openConnections.at(key, 'idle').value = open - active;
      clientActive.at(key).value = active + waiting;
    }
  }

  /** Forgets what is known of an endpoint that a reload removed. */
  forget(endpoint: string): void {
    const { clientActive, idleBudget, openConnections } = this.#metrics;
    this.#byEndpoint.delete(endpoint);
    idleBudget.forget(endpoint);
    clientActive.forget(endpoint);
    for (const state of ['active', 'idle']) openConnections.forget(endpoint, state);
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
