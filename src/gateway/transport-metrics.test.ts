import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { Metrics } from '../telemetry/metrics.ts';
import type { EndpointView } from '../transport/endpoint-pool.ts';
import { TransportMetrics } from './transport-metrics.ts';

const key = 'http://127.0.0.1:8900';

/** Six connections: three with a call, two at rest, one only watched. */
const view: EndpointView = {
  key,
  open: 6,
  idle: 2,
  active: 3,
  connecting: 1,
  waiting: 4,
  idleBudgetMs: 1,
  rttMinMs: 1,
  sentinelAgeMs: 5,
};

describe('the metrics of the transport', () => {
  let metrics: Metrics;
  let transport: TransportMetrics;
  beforeEach(() => {
    metrics = new Metrics();
    transport = new TransportMetrics(metrics);
  });
  afterEach(() => metrics.close());

  it('show connections by state, and requests with those that wait for one', () => {
    transport.show([view]);
    assert.equal(metrics.openConnections.at(key, 'active').value, 3);
    assert.equal(metrics.openConnections.at(key, 'idle').value, 3);
    assert.equal(metrics.clientActive.at(key).value, 7);
  });

  it('forget the gauges of an endpoint that is gone', async () => {
    transport.show([view]);
    transport.idleBudget(key, 5);
    transport.forget(key);
    assert.doesNotMatch(await metrics.text(), /8900/);
  });

  it('do not count a connection that could not be made as an attempt', async () => {
    transport.dialFailed(key);
    const text = await metrics.text();
    assert.match(text, /^gw_upstream_dials_failed_total\{endpoint="[^"]*8900"\} 1$/m);
    assert.doesNotMatch(text, /^gw_attempts_total\{/m);
  });

  it('tell requests on used connections from those on new ones', () => {
    transport.requestSent(key, false);
    transport.requestSent(key, true);
    transport.requestSent(key, true);
    assert.equal(metrics.upstreamRequests.at(key, 'new').value, 1);
    assert.equal(metrics.upstreamRequests.at(key, 'reused').value, 2);
  });
});
