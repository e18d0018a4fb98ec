import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Metrics } from '../../telemetry/metrics.ts';
import { mergedFamilies, printFamilies, readFamilies } from './merged-metrics.ts';
import { MetricsLedger } from './metrics-ledger.ts';

const merged = (...texts: string[]): string =>
  printFamilies(mergedFamilies(texts.map((text) => readFamilies(text))));

const family = (type: string, name: string, ...series: string[]): string =>
  `# HELP ${name} What it is.\n# TYPE ${name} ${type}\n${series.join('\n')}\n`;

describe('merged metrics', () => {
  it('read and print what prom-client prints, unchanged', async () => {
    const metrics = new Metrics();
    metrics.serverDuration.at('POST', '/v1/**', '200', '').record(0.3);
    metrics.serverRefused.at('BAD "quoted" \\ name').value = 3;
    metrics.leases.at().value = Number.NaN;
    const text = await metrics.text();
    metrics.close();
    assert.equal(merged(text), text);
  });

  it('add up counters, histograms and gauges', () => {
    const one = family('counter', 'c_total', 'c_total{a="x y"} 3', 'c_total{a="1"} 1');
    const two = family('counter', 'c_total', 'c_total{a="x y"} 4', 'c_total{a="2"} 5');
    assert.equal(
      merged(one, two),
      family('counter', 'c_total', 'c_total{a="x y"} 7', 'c_total{a="1"} 1', 'c_total{a="2"} 5'),
    );
    const bucket = (count: number): string =>
      family('histogram', 'h', `h_bucket{le="+Inf"} ${count}`, `h_sum ${count / 2}`);
    assert.equal(merged(bucket(2), bucket(4)), bucket(6));
  });

  it('take the worst of what does not add up', () => {
    const gauge = (name: string, value: string): string =>
      family('gauge', name, `${name} ${value}`);
    const cases = [
      ['nodejs_eventloop_delay_p99_seconds', '0.5', '0.1', '0.5'],
      ['nodejs_eventloop_lag_p99_seconds', 'Nan', '0.1', '0.1'],
      ['nodejs_eventloop_utilization_ratio', '0.5', '0.25', '0.375'],
      ['gw_guard_level', '0', '2', '2'],
      ['gw_upstream_idle_budget_seconds', '4', '60', '4'],
      ['process_start_time_seconds', '17', '19', '17'],
    ] as const;
    for (const [name, one, two, both] of cases) {
      assert.equal(merged(gauge(name, one), gauge(name, two)), gauge(name, both));
    }
  });

  it('keep in the sums what a dead worker had counted, but not what it held', () => {
    const ledger = new MetricsLedger();
    const text = (count: number): string =>
      family('counter', 'c_total', `c_total ${count}`) + family('gauge', 'held', `held ${count}`);
    ledger.printed(0, text(3));
    ledger.printed(1, text(4));
    ledger.left(0);
    const after = ledger.text(1);
    assert.match(after, /^c_total 7$/m);
    assert.match(after, /^held 4$/m);
    assert.match(after, /^gw_worker_deaths_total 1$/m);
    ledger.printed(0, text(1));
    assert.match(ledger.text(2), /^c_total 8$/m);
    assert.match(ledger.text(2), /^gw_workers 2$/m);
  });
});
