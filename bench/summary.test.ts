// The arithmetic of the report: medians, ratios within a round, and what counts as a budget met.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { judge } from './budgets.ts';
import type { Round } from './measure.ts';
import { scenarios, type LoadScenario } from './scenarios.ts';
import { median, summarize } from './summary.ts';

const unary = scenarios.find((each) => each.name === 'unary') as LoadScenario;

function result(targetCpu: number, calls: number, p99: number, errors = 0): Round {
  const times = { count: calls, p50: p99 / 2, p90: p99, p99, p999: p99, max: p99 };
  return {
    seconds: 1,
    calls,
    callsPerSecond: calls,
    events: 0,
    bytes: 0,
    connects: 0,
    unsent: 0,
    backlog: 0,
    oldestMs: 0,
    errors: { total: errors },
    latency: times,
    firstByte: null,
    delay: null,
    upstreamConnects: 0,
    cpu: { target: targetCpu, origin: 0, load: 0 },
  };
}

test('the median leaves out what is no number', () => {
  assert.equal(median([3, Number.NaN, 1, 2]), 2);
  assert.equal(median([4, 1]), 2.5);
  assert.ok(Number.isNaN(median([])));
});

test('ratios compare what ran in the same round, so a slow round harms no one', () => {
  const rounds = new Map([
    ['nginx', [result(100, 10, 1), result(400, 10, 1), result(100, 10, 1)]],
    ['holdfast', [result(120, 10, 1), result(480, 10, 1), result(120, 10, 1)]],
  ]);
  const row = summarize(unary, rounds).find((each) => each.target === 'holdfast');
  assert.equal(row?.ratio, 1.2);
  assert.equal(row?.cpuPerUnit, 12);
});

test('added latency is the difference to direct', () => {
  const rounds = new Map([
    ['direct', [result(0, 10, 100)]],
    ['holdfast', [result(100, 10, 350)]],
  ]);
  const row = summarize(unary, rounds).find((each) => each.target === 'holdfast');
  assert.equal(row?.addedP99, 250);
});

test('a budget is met below its limit, missed above it, and not judged on failed calls', () => {
  const verdictOf = (cpu: number, errors: number) => {
    const rounds = new Map([
      ['nginx', [result(100, 10, 1)]],
      ['holdfast', [result(cpu, 10, 1, errors)]],
    ]);
    return judge([{ scenario: unary, rounds, rows: summarize(unary, rounds) }])[0];
  };
  assert.equal(verdictOf(125, 0)?.met, true);
  assert.equal(verdictOf(140, 0)?.met, false);
  assert.equal(verdictOf(125, 1)?.measured, undefined);
});
