import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { Family, SERIES_MAX, Series } from './metric-family.ts';
import { metricTable } from './metric-table.ts';
import { Metrics } from './metrics.ts';

describe('metrics', () => {
  const metrics = new Metrics();
  after(() => metrics.close());

  it('prints counters and histograms in Prometheus text', async () => {
    metrics.upstreamRequests.at('e:1', 'new').value += 3;
    metrics.serverDuration.at('POST', 'r', '200', '').record(0.3);
    metrics.serverDuration.at('POST', 'r', '200', '').record(5_000);
    const text = await metrics.text();
    assert.match(text, /gw_upstream_requests_total\{endpoint="e:1",conn="new"\} 3/);
    const labels = 'http_request_method="POST",http_route="r",http_response_status_code="200"';
    assert.ok(text.includes(`_bucket{${labels},error_type="",le="0.25"} 0`));
    assert.ok(text.includes(`_bucket{${labels},error_type="",le="0.5"} 1`));
    assert.ok(text.includes(`_bucket{${labels},error_type="",le="+Inf"} 2`));
    assert.ok(text.includes(`_count{${labels},error_type=""} 2`));
  });

  it('runs collectors at each scrape', async () => {
    let runs = 0;
    metrics.collect(() => {
      runs += 1;
      metrics.leases.at().value = 7;
    });
    assert.match(await metrics.text(), /gw_leases 7/);
    assert.equal(runs, 1);
  });

  it('escapes label values', async () => {
    metrics.streamEnd.at('a"b\\c\nd', 'complete').value = 1;
    assert.match(await metrics.text(), /http_route="a\\"b\\\\c\\nd"/);
  });

  it('shows every row of the table with its help', async () => {
    const text = await metrics.text();
    for (const row of Object.values(metricTable)) {
      assert.ok(text.includes(`# TYPE ${row.name} ${row.type}`), row.name);
    }
  });

  it('stays bounded whatever labels are tried', () => {
    const family = new Family(metricTable.stale, () => new Series());
    for (let n = 0; n < 10_000; n += 1) family.at(`endpoint-${n}`, 'L1', 'true').value += 1;
    const all = [...family.entries()];
    assert.equal(all.length, SERIES_MAX + 1);
    const overflow = all.find(({ labels }) => labels['overflow'] === 'true');
    assert.equal(overflow?.series.value, 10_000 - SERIES_MAX);
  });
});
