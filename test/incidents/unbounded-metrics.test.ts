// Incident: metrics whose labels came from callers, and a list of response times that was never
// cut, grew for days until the process died. No option takes the bounds away, as nobody could want
// that: so the bad case is the library below our metrics, used as it invites one to.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Histogram, Registry } from 'prom-client';
import { MisbehavingUpstream } from '../../src/testing/index.ts';
import { SERIES_MAX } from '../../src/telemetry/metric-family.ts';
import { Metrics } from '../../src/telemetry/metrics.ts';
import { startHoldfast } from '../support/holdfast.ts';

const CALLS = 2_000;

/** A name nobody has used before. */
function madeUp(at: number): string {
  return `name-${at}-${(at * 7_919).toString(36)}`;
}

describe('metrics under callers who make up names', () => {
  it('grow without end where a label is what the caller wrote', async () => {
    const registry = new Registry();
    const times = new Histogram({
      name: 'times',
      help: 'By path.',
      labelNames: ['path'],
      registers: [registry],
    });
    const sizes: number[] = [];
    for (let at = 0; at < CALLS; at += 1) {
      times.observe({ path: madeUp(at) }, 0.1);
      if (at % (CALLS / 2) === CALLS / 2 - 1) sizes.push((await registry.metrics()).length);
    }
    const [half = 0, all = 0] = sizes;
    assert.ok(all > 1.8 * half, `${half} then ${all} bytes`);
  });

  it('stop growing here even where a label is what the caller wrote', async () => {
    const metrics = new Metrics();
    const help = 'By path.';
    const times = metrics.histogram({ name: 'times', type: 'histogram', help, labels: ['path'] });
    const sizes: number[] = [];
    for (let at = 0; at < 4 * SERIES_MAX; at += 1) {
      times.at(madeUp(at)).record(0.1);
      if (at % SERIES_MAX === SERIES_MAX - 1) sizes.push(seriesOf('times', await metrics.text()));
    }
    metrics.close();
    const [full = 0, ...later] = sizes;
    const perSet = full / SERIES_MAX;
    // One more set of labels for all who came too late.
    assert.deepEqual(later, [full + perSet, full + perSet, full + perSet]);
  });

  it('stay the size they are here', async () => {
    const upstream = await MisbehavingUpstream.listen({}, { keep: { records: 1 } });
    const gateway = await startHoldfast(upstream.url, { dialect: 'openai-chat' });
    const sizes: number[] = [];
    const call = async (at: number): Promise<void> => {
      const name = madeUp(at);
      const answer = await fetch(`${gateway.url}/${name}?q=${name}`, {
        method: at % 3 === 0 ? 'POST' : `X-${name}`.toUpperCase().slice(0, 20),
        headers: { 'x-api-key': name, 'user-agent': name, 'x-tenant': name },
        ...(at % 3 === 0 ? { body: JSON.stringify({ model: name, stream: true }) } : {}),
      });
      await answer.arrayBuffer();
    };
    for (let at = 0; at < CALLS; at += 20) {
      await Promise.all(Array.from({ length: 20 }, (_none, more) => call(at + more)));
      if (at === CALLS / 2 || at === CALLS - 20) sizes.push(seriesIn(await gateway.metricsText()));
    }
    await gateway.close();
    await upstream.close();
    const [half = 0, all = 0] = sizes;
    assert.ok(half > 50, 'there are series at all');
    assert.equal(all, half);
  });
});

/** Series of one metric in a scrape. */
function seriesOf(name: string, text: string): number {
  return text.split('\n').filter((line) => line.startsWith(`${name}_`)).length;
}

/** Series in a scrape. */
function seriesIn(text: string): number {
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length;
}
