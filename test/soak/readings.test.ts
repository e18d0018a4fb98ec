import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { anthropicEvents } from '../../src/dialects/samples.ts';
import { readScrape } from './metrics-text.ts';
import { lowest, median, robustSlope, scatter } from './trend.ts';
import { isHonest } from './troubled-calls.ts';

describe('a scrape', () => {
  const scrape = readScrape(`# HELP calls_total Calls.
# TYPE calls_total counter
calls_total{route="a b",code="1"} 3
calls_total{route="c",code="} 9"} 4
# TYPE odd_sum gauge
odd_sum 1.5
# TYPE took_seconds histogram
took_seconds_bucket{le="0.1",route="a"} 1
took_seconds_bucket{le="+Inf",route="a"} 2
took_seconds_sum{route="a"} 0.4
took_seconds_count{route="a"} 2
took_seconds_bucket{le="+Inf",overflow="true"} 2
took_seconds_sum{overflow="true"} 0.4
took_seconds_count{overflow="true"} 2
`);

  it('counts label sets, a histogram once for each', () => {
    assert.equal(scrape.labelSets, 2 + 1 + 2);
  });

  it('sums the samples of a metric', () => {
    assert.equal(scrape.sum('calls_total'), 7);
    assert.equal(scrape.sum('odd_sum'), 1.5);
    assert.equal(scrape.sum('nothing'), 0);
  });

  it('names metrics that ran out of series', () => {
    assert.ok(scrape.overflowed.every((name) => name.startsWith('took_seconds')));
    assert.ok(scrape.overflowed.length > 0);
  });
});

describe('a trend', () => {
  const line = Array.from({ length: 40 }, (_none, at) => ({ atMs: at * 10, value: 5 + at }));

  it('is the slope of a line', () => {
    assert.equal(robustSlope(line), 0.1);
    assert.equal(robustSlope(line.slice(0, 1)), 0);
  });

  it('does not follow a quarter of wild points', () => {
    const wild = line.map((point, at) => (at % 4 === 3 ? { ...point, value: 9_999 } : point));
    assert.ok(Math.abs(robustSlope(wild) - 0.1) < 0.01);
  });

  it('is seen in the low marks of a row that goes up and down', () => {
    const saw = line.map((point, at) => ({ ...point, value: point.value + (at % 5) * 100 }));
    const marks = lowest(saw, 50);
    assert.equal(marks.length, 8);
    assert.ok(Math.abs(robustSlope(marks) - 0.1) < 1e-9);
  });

  it('has a scatter of 0 on its line, and that of its points beside it', () => {
    assert.ok(scatter(line, 0.1) < 1e-9);
    const beside = line.map((point, at) => ({ ...point, value: point.value + (at % 2) * 2 }));
    assert.ok(Math.abs(scatter(beside, 0.1) - 1 / 0.6745) < 1e-6);
  });

  it('has the middle of an even number of values between two', () => {
    assert.equal(median([4, 1, 3, 2]), 2.5);
  });
});

describe('an answer of a troubled upstream', () => {
  const whole = anthropicEvents.join('');
  const cut = anthropicEvents.slice(0, 6).join('');
  const error = 'event: error\ndata: {"type":"error"}\n\n';

  it('is honest when it is all there, told as an error, or visibly broken', () => {
    assert.ok(isHonest({ end: 'whole', status: 200, text: whole }));
    assert.ok(isHonest({ end: 'whole', status: 200, text: cut + error }));
    assert.ok(isHonest({ end: 'broken', status: 200, text: cut }));
    assert.ok(isHonest({ end: 'whole', status: 503, text: '{}' }));
  });

  it('is not when it looks finished and is not, or never ends', () => {
    assert.equal(isHonest({ end: 'whole', status: 200, text: cut }), false);
    assert.equal(isHonest({ end: 'whole', status: 200, text: '' }), false);
    assert.equal(isHonest({ end: 'whole', status: 502, text: '' }), false);
    assert.equal(isHonest({ end: 'failed', status: 0, text: '' }), false);
    assert.equal(isHonest({ end: 'hung', status: 200, text: cut }), false);
  });
});
