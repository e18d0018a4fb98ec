// Counts what the layers report. The layers know observers, not metrics; this is where they meet.
// Series are looked up by text, which is too dear for the path of every call, so attempts have a
// file of their own (attempt-metrics.ts).

import type { AttemptObserver } from '../core/target.ts';
import { silentAdmissionObserver } from '../layers/admission/admission-observer.ts';
import type { AdmissionObserver } from '../layers/admission/admission-observer.ts';
import type { BalanceObserver } from '../layers/balance/balance-observer.ts';
import type { TwinsObserver } from '../layers/cache/twins-observer.ts';
import type { BreakerObserver } from '../layers/breaker/breaker-observer.ts';
import type { ConvertObserver } from '../layers/convert/convert.ts';
import { silentCredentialsObserver } from '../layers/credentials/credentials-observer.ts';
import type { CredentialsObserver } from '../layers/credentials/credentials-observer.ts';
import type { DeadlineObserver } from '../layers/deadline/deadline-observer.ts';
import type { HeartbeatObserver } from '../layers/heartbeat/observer.ts';
import type { PacerObserver } from '../layers/rate-limit/pacer-observer.ts';
import { silentRateLimitObserver } from '../layers/rate-limit/rate-limit-observer.ts';
import type { RateLimitObserver } from '../layers/rate-limit/rate-limit-observer.ts';
import type { RetryObserver } from '../layers/retry/retry-observer.ts';
import type { AccessObserver } from './access/access-observer.ts';
import { admissionWatch } from './admission-watch.ts';
import type { PacedLog } from './paced-log.ts';
import { AttemptMetrics } from './attempt-metrics.ts';
import { silentWebSocketObserver } from '../edges/web-socket/web-socket-observer.ts';
import type { WebSocketObserver } from '../edges/web-socket/web-socket-observer.ts';
import { layerMetricTable } from '../telemetry/layer-metric-table.ts';
import type { Family, Series } from '../telemetry/metric-family.ts';
import type { Metrics } from '../telemetry/metrics.ts';

/** The families of all layers, and the observers that fill them. */
export class LayerMetrics {
  readonly attempts: AttemptObserver;
  readonly balance: BalanceObserver;
  readonly breaker: BreakerObserver;
  readonly convert: ConvertObserver;
  readonly credentials: CredentialsObserver;
  readonly twins: TwinsObserver;
  readonly credentialLife: Family<Series>;
  readonly heartbeat: HeartbeatObserver;
  readonly admission: AdmissionObserver;
  readonly guardLevel: Family<Series>;
  readonly retry: RetryObserver;
  readonly rateLimit: RateLimitObserver;
  readonly pacer: PacerObserver;
  readonly deadline: DeadlineObserver;
  readonly access: AccessObserver;
  readonly webSocket: WebSocketObserver;
  readonly webSocketsOpen: Family<Series>;
  readonly draining: Family<Series>;
  readonly breakerState: Family<Series>;
  readonly retryBudget: Family<Series>;
  readonly remaining: Family<Series>;
  readonly limit: Family<Series>;
  readonly inFlight: Family<Series>;
  readonly headroom: Family<Series>;
  readonly queueDepth: Family<Series>;

  /** `warnings` hears what a person should know of limits; without it nobody wants to. */
  constructor(metrics: Metrics, warnings?: Pick<PacedLog, 'warn'>) {
    this.attempts = new AttemptMetrics(metrics);
    this.breakerState = metrics.series(layerMetricTable.breakerState);
    this.limit = metrics.series(layerMetricTable.limit);
    this.inFlight = metrics.series(layerMetricTable.inFlight);
    this.headroom = metrics.series(layerMetricTable.headroom);
    this.queueDepth = metrics.series(layerMetricTable.queueDepth);
    const admission = admissionCounts(metrics);
    this.admission = warnings === undefined ? admission : admissionWatch(admission, warnings);
    this.guardLevel = metrics.series(layerMetricTable.guardLevel);
    this.remaining = metrics.series(layerMetricTable.remaining);
    this.rateLimit = quotaCounts(metrics);
    this.pacer = pacerCounts(metrics);
    this.webSocket = webSocketCounts(metrics);
    this.draining = metrics.series(layerMetricTable.draining);
    this.webSocketsOpen = metrics.series(layerMetricTable.webSocketsOpen);
    this.retryBudget = metrics.series(layerMetricTable.retryBudget);
    this.retry = retryCounts(metrics);
    this.deadline = deadlineCounts(metrics);
    this.access = accessCounts(metrics);
    this.balance = balanceCounts(metrics);
    this.breaker = breakerCounts(metrics);
    this.heartbeat = heartbeatCounts(metrics);
    this.convert = conversionCounts(metrics);
    this.credentials = credentialCounts(metrics);
    this.twins = twinCounts(metrics);
    this.credentialLife = metrics.series(layerMetricTable.credentialLife);
  }
}

function balanceCounts(metrics: Metrics): BalanceObserver {
  const panics = metrics.series(layerMetricTable.panics);
  const spills = metrics.series(layerMetricTable.spills);
  const refused = metrics.series(layerMetricTable.noTarget);
  return {
    spilled: (route, upstream) => {
      spills.at(route, upstream).value += 1;
    },
    panicked: (route) => {
      panics.at(route).value += 1;
    },
    refused: (route) => {
      refused.at(route).value += 1;
    },
  };
}

function admissionCounts(metrics: Metrics): AdmissionObserver {
  const shed = metrics.series(layerMetricTable.shed);
  const queueWait = metrics.histogram(layerMetricTable.queueWait);
  const near = metrics.series(layerMetricTable.nearLimit);
  return {
    ...silentAdmissionObserver,
    shed: (upstream, cause) => {
      shed.at(upstream, cause).value += 1;
    },
    queueWait: (upstream, priority, waitedMs) => {
      queueWait.at(upstream, priority).record(waitedMs / 1_000);
    },
    nearLimit: (upstream) => {
      near.at(upstream).value += 1;
    },
  };
}

function quotaCounts(metrics: Metrics): RateLimitObserver {
  const refused = metrics.series(layerMetricTable.quotaRefused);
  return {
    ...silentRateLimitObserver,
    refused: (scope, name, kind) => {
      refused.at(scope, name, kind).value += 1;
    },
  };
}

function pacerCounts(metrics: Metrics): PacerObserver {
  const paced = metrics.series(layerMetricTable.paced);
  return {
    paced: ({ endpoint }, kind) => {
      paced.at(endpoint.key, kind).value += 1;
    },
    closed: ({ endpoint }, reason) => {
      paced.at(endpoint.key, reason).value += 1;
    },
  };
}

function webSocketCounts(metrics: Metrics): WebSocketObserver {
  const closed = metrics.series(layerMetricTable.webSocketsClosed);
  const zombies = metrics.series(layerMetricTable.zombies);
  return {
    ...silentWebSocketObserver,
    closed: (upstream, code, by) => {
      closed.at(upstream, code, by).value += 1;
    },
    zombie: (upstream, leg) => {
      zombies.at(upstream, leg).value += 1;
    },
  };
}

function retryCounts(metrics: Metrics): RetryObserver {
  const retries = metrics.series(layerMetricTable.retries);
  const denied = metrics.series(layerMetricTable.retryDenied);
  return {
    retried: (upstream, cause) => {
      retries.at(upstream, cause).value += 1;
    },
    denied: (upstream, why) => {
      denied.at(upstream, why).value += 1;
    },
  };
}

function deadlineCounts(metrics: Metrics): DeadlineObserver {
  const deadlines = metrics.series(layerMetricTable.deadlines);
  return {
    fieldIgnored: () => {
      deadlines.at('ignored').value += 1;
    },
    refused: (why) => {
      deadlines.at(why).value += 1;
    },
    spared: () => {
      deadlines.at('spared').value += 1;
    },
    cut: (phase) => {
      deadlines.at(phase).value += 1;
    },
  };
}

function accessCounts(metrics: Metrics): AccessObserver {
  const refused = metrics.series(layerMetricTable.accessRefused);
  return {
    keyMissing: () => {
      refused.at('missing').value += 1;
    },
    keyUnknown: (field) => {
      refused.at(field).value += 1;
    },
  };
}

function breakerCounts(metrics: Metrics): BreakerObserver {
  const trips = metrics.series(layerMetricTable.breakerTrips);
  return {
    opened: ({ endpoint }, reason) => {
      trips.at(endpoint, reason).value += 1;
    },
    halfOpened() {},
    closed() {},
    refused() {},
  };
}

function twinCounts(metrics: Metrics): TwinsObserver {
  const twins = metrics.series(layerMetricTable.twins);
  const evicted = metrics.series(layerMetricTable.twinsEvicted);
  const counting = (event: string) => (route: string) => {
    twins.at(route, event).value += 1;
  };
  return {
    attached: counting('attached'),
    lingered: counting('lingered'),
    expired: counting('expired'),
    outrun: counting('outrun'),
    evicted: (why) => {
      evicted.at(why).value += 1;
    },
  };
}

function credentialCounts(metrics: Metrics): CredentialsObserver {
  const refreshes = metrics.series(layerMetricTable.credentialRefreshes);
  const failures = metrics.series(layerMetricTable.credentialFailures);
  const replays = metrics.series(layerMetricTable.credentialReplays);
  const waits = metrics.histogram(layerMetricTable.credentialWait);
  return {
    ...silentCredentialsObserver,
    refreshed: (name) => {
      refreshes.at(name).value += 1;
    },
    refreshFailed: (name, { cause }) => {
      failures.at(name, cause).value += 1;
    },
    replayedAfter401: (name) => {
      replays.at(name).value += 1;
    },
    waited: (name, ms) => {
      waits.at(name).record(ms / 1_000);
    },
  };
}

function conversionCounts(metrics: Metrics): ConvertObserver {
  const dropped = metrics.series(layerMetricTable.dropped);
  const refused = metrics.series(layerMetricTable.notConverted);
  return {
    dropped: (upstream, fields) => {
      for (const field of fields) dropped.at(upstream, field).value += 1;
    },
    refused: (upstream) => {
      refused.at(upstream).value += 1;
    },
  };
}

function heartbeatCounts(metrics: Metrics): HeartbeatObserver {
  const heartbeats = metrics.series(layerMetricTable.heartbeats);
  const early = metrics.series(layerMetricTable.earlyHeads);
  return {
    sent: (dialect) => {
      heartbeats.at(dialect).value += 1;
    },
    committed: (route) => {
      early.at(route).value += 1;
    },
  };
}
