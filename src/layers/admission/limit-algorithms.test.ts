import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AimdLimit } from './aimd-limit.ts';
import { Gradient2Limit } from './gradient2-limit.ts';
import { FixedLimit } from './limit-algorithm.ts';
import type { LimitAlgorithm } from './limit-algorithm.ts';

const bounds = { callsStart: 10, callsMin: 1, callsMax: 100, softShare: 0.8 };

/** Answers while as many calls are out as the limit lets. */
function answer(limit: LimitAlgorithm, count: number, now: number, latencyMs: number = 100): void {
  for (let at = 0; at < count; at += 1) {
    limit.answered(latencyMs, Math.floor(limit.limit), now);
  }
}

describe('the AIMD limit', () => {
  it('doubles each round until the first sign of overload', () => {
    const limit = new AimdLimit(bounds);
    answer(limit, 10, 0);
    assert.equal(limit.limit, 20);
    answer(limit, 20, 0);
    assert.equal(limit.limit, 40);
  });

  it('grows by one a round after it, once above half of where that was', () => {
    const limit = new AimdLimit(bounds);
    answer(limit, 30, 0);
    limit.overloaded(0, 0);
    assert.equal(limit.limit, 36);
    answer(limit, 36, 100);
    assert.ok(Math.abs(limit.limit - 37) < 0.02, `${limit.limit}`);
  });

  it('falls by a tenth at most once a round, and a round is at least a second', () => {
    const cases: [roundMs: number, sinceMs: number, falls: boolean][] = [
      [0, 999, false],
      [0, 1_000, true],
      [5_000, 4_999, false],
      [5_000, 5_000, true],
    ];
    for (const [roundMs, sinceMs, falls] of cases) {
      const limit = new AimdLimit(bounds);
      limit.overloaded(roundMs, 0);
      assert.equal(limit.limit, 9);
      limit.overloaded(roundMs, sinceMs);
      assert.equal(limit.limit, falls ? 9 * 0.9 : 9);
    }
  });

  it('does not grow while less than four fifths of it are in use', () => {
    const limit = new AimdLimit(bounds);
    for (let count = 0; count < 50; count += 1) limit.answered(100, 7, 0);
    assert.equal(limit.limit, 10);
    limit.answered(100, 8, 0);
    assert.equal(limit.limit, 11);
  });

  it('grows at the soft limit where calls go elsewhere from there on', () => {
    const limit = new AimdLimit({ ...bounds, softShare: 0.5 });
    limit.answered(100, 5, 0);
    assert.equal(limit.limit, 11);
  });

  it('stays within its bounds', () => {
    const limit = new AimdLimit(bounds);
    answer(limit, 500, 0);
    assert.equal(limit.limit, 100);
    for (let now = 0; now < 100_000; now += 1_000) limit.overloaded(0, now);
    assert.equal(limit.limit, 1);
  });

  it('comes back fast after an outage, to half of where it stood', () => {
    const limit = new AimdLimit(bounds);
    answer(limit, 70, 0);
    for (let now = 0; now < 60_000; now += 1_000) limit.overloaded(0, now);
    assert.equal(limit.limit, 1);
    answer(limit, 39, 61_000);
    assert.equal(limit.limit, 40);
    answer(limit, 40, 61_000);
    assert.ok(limit.limit < 42);
  });

  it('comes back slowly where answers and overload alternate', () => {
    const limit = new AimdLimit(bounds);
    for (let now = 0; now < 20_000; now += 1_000) {
      answer(limit, 1, now);
      limit.overloaded(0, now);
    }
    const before = limit.limit;
    assert.ok(before < 6);
    answer(limit, 12, 20_000);
    assert.ok(limit.limit - before < 4, `${before} to ${limit.limit}`);
  });

  it('may grow fast to its start again after a quiet minute', () => {
    const limit = new AimdLimit({ ...bounds, callsStart: 64 });
    for (let now = 0; now < 30_000; now += 1_000) {
      limit.answered(100, 0, now);
      limit.overloaded(0, now);
    }
    const before = limit.limit;
    answer(limit, 20, 91_000);
    assert.equal(limit.limit, before + 20);
  });

  it('goes on from a limit that it is given, within its bounds', () => {
    assert.equal(new AimdLimit(bounds, 33.5).limit, 33.5);
    assert.equal(new AimdLimit(bounds, 500).limit, 100);
  });
});

/** Windows of answers at full load, half a second each. */
function windows(limit: Gradient2Limit, count: number, from: number, latencyMs: number): number {
  let now = from;
  for (let window = 0; window < count; window += 1) {
    answer(limit, 10, now, latencyMs);
    now += 500;
    answer(limit, 1, now, latencyMs);
  }
  return now;
}

describe('the Gradient2 limit', () => {
  const own = { ...bounds, callsStart: 32, callsMin: 2, callsMax: 64 };

  it('grows to its maximum while latency stays where it is', () => {
    const limit = new Gradient2Limit(own);
    windows(limit, 100, 0, 100);
    assert.equal(limit.limit, 64);
  });

  it('goes down when latency rises beyond the tolerance, and further than to twenty', () => {
    const limit = new Gradient2Limit(own);
    const now = windows(limit, 100, 0, 100);
    windows(limit, 60, now, 1_000);
    assert.ok(limit.limit < 20, `${limit.limit}`);
    assert.ok(limit.limit >= 2);
  });

  it('bears half more latency', () => {
    const limit = new Gradient2Limit(own);
    const now = windows(limit, 100, 0, 100);
    windows(limit, 60, now, 145);
    assert.equal(limit.limit, 64);
  });

  it('comes back when latency does', () => {
    const limit = new Gradient2Limit(own);
    let now = windows(limit, 100, 0, 100);
    now = windows(limit, 60, now, 1_000);
    windows(limit, 100, now, 100);
    assert.equal(limit.limit, 64);
  });

  it('does not let one slow answer count alone', () => {
    const limit = new Gradient2Limit(own);
    const now = windows(limit, 100, 0, 100);
    limit.answered(500, 64, now + 10);
    windows(limit, 1, now + 20, 100);
    assert.equal(limit.limit, 64);
  });

  it('forgets a time of slow answers when they are fast again', () => {
    const limit = new Gradient2Limit(own);
    let now = windows(limit, 30, 0, 1_000);
    now = windows(limit, 40, now, 100);
    assert.equal(limit.limit, 64);
    windows(limit, 40, now, 600);
    assert.ok(limit.limit < 20, `${limit.limit}`);
  });

  it('looks at no fewer than ten answers, and at no less than half a second', () => {
    const rare = new Gradient2Limit(own);
    for (let count = 0; count < 9; count += 1) rare.answered(100, 32, count * 600);
    assert.equal(rare.limit, 32);
    rare.answered(100, 32, 9 * 600);
    assert.ok(rare.limit > 32);
    const dense = new Gradient2Limit(own);
    for (let now = 0; now < 500; now += 1) dense.answered(100, 32, now);
    assert.equal(dense.limit, 32);
    dense.answered(100, 32, 500);
    assert.ok(dense.limit > 32);
  });

  it('learns nothing from half load', () => {
    const limit = new Gradient2Limit(own);
    for (let now = 0; now < 60_000; now += 40) limit.answered(100, 15, now);
    assert.equal(limit.limit, 32);
  });

  it('falls by a tenth at a sign of overload, at most once a round', () => {
    const limit = new Gradient2Limit(own);
    limit.overloaded(0, 0);
    limit.overloaded(0, 900);
    assert.ok(Math.abs(limit.limit - 28.8) < 1e-9);
    for (let now = 1_000; now < 100_000; now += 1_000) limit.overloaded(0, now);
    assert.equal(limit.limit, 2);
  });

  it('knows nothing of answers without a latency', () => {
    const limit = new Gradient2Limit(own);
    for (let now = 0; now < 60_000; now += 40) limit.answered(-1, 32, now);
    assert.equal(limit.limit, 32);
  });
});

describe('a fixed limit', () => {
  it('does not move', () => {
    const limit: LimitAlgorithm = new FixedLimit(7);
    answer(limit, 100, 0);
    limit.overloaded(0, 5_000);
    assert.equal(limit.limit, 7);
  });
});
