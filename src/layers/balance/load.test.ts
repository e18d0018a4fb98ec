import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Load } from './load.ts';
import { Loads } from './loads.ts';
import { defaultLoadOptions } from './options.ts';

/** What is expected at `now` after `samples` of [ms, at]. */
function expected(samples: readonly (readonly [ms: number, at: number])[], now: number): number {
  const load = new Load(defaultLoadOptions, 0);
  for (const [ms, at] of samples) load.answered(ms, at);
  return Math.round(load.expectedMs(now));
}

describe('the load of a target', () => {
  it('begins at a second and fades, so that a newcomer is tried', () => {
    assert.equal(expected([], 0), 1_000);
    assert.equal(expected([], 10_000), 368);
    assert.equal(expected([], 60_000), 2);
  });

  it('takes the first answer for what it is', () => {
    assert.equal(expected([[40, 10]], 10), 40);
    assert.equal(expected([[4_000, 10]], 10), 4_000);
  });

  it('follows a slow answer at once and a fast one little by little', () => {
    const slow = [
      [100, 0],
      [2_000, 1_000],
    ] as const;
    assert.equal(expected(slow, 1_000), 2_000);
    // After 1 s a fast sample has 1 - e^-0.1 of the say: 2000 x 0.905 + 100 x 0.095.
    assert.equal(expected([...slow, [100, 2_000]], 2_000), 1_819);
    // After 10 s it has 63 %: 2000 x 0.368 + 100 x 0.632.
    assert.equal(expected([...slow, [100, 11_000]], 11_000), 799);
  });

  it('fades without answers, but never to nothing', () => {
    assert.equal(expected([[2_000, 0]], 10_000), 736);
    assert.equal(expected([[2_000, 0]], 1_000_000), 1);
  });

  it('does not grow when an answer is noted after a later one', () => {
    const load = new Load(defaultLoadOptions, 0);
    load.answered(100, 1_000);
    load.answered(50, 900);
    assert.equal(load.expectedMs(1_000), 100);
    assert.equal(load.expectedMs(900), 100);
  });

  it('records a failure as five seconds, or as what was asked, up to five minutes', () => {
    for (const [retryAfterMs, penalty] of [
      [0, 5_000],
      [2_000, 5_000],
      [20_000, 20_000],
      [86_400_000, 300_000],
    ] as const) {
      const load = new Load(defaultLoadOptions, 0);
      load.answered(10, 0);
      load.failed(retryAfterMs, 0);
      assert.equal(load.expectedMs(0), penalty);
    }
  });

  it('does not flatter one that is slower than the penalty', () => {
    const load = new Load(defaultLoadOptions, 0);
    load.answered(60_000, 0);
    load.failed(0, 0);
    assert.equal(load.expectedMs(0), 60_000);
  });

  it('costs by what waits there and by weight', () => {
    const load = new Load(defaultLoadOptions, 0);
    load.answered(100, 0);
    assert.equal(load.cost(0, 1), 100);
    load.inFlight = 3;
    assert.equal(load.cost(0, 1), 400);
    assert.equal(load.cost(0, 2), 200);
  });
});

describe('the loads of a gateway', () => {
  it('are shared by key, and forgotten with their target', () => {
    const loads = new Loads();
    const first = loads.of('a', 0);
    loads.of('b', 0).inFlight = 2;
    assert.equal(loads.of('a', 5), first);
    loads.retain(new Set(['b']));
    assert.deepEqual(loads.view(0), [{ key: 'b', inFlight: 2, expectedMs: 1_000 }]);
    assert.notEqual(loads.of('a', 0), first);
  });
});
