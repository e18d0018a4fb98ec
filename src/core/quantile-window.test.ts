import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { KeptQuantile, QuantileWindow } from './quantile-window.ts';

const fine = { slots: 6, slotMs: 50_000, perDoubling: 16 };
const coarse = { slots: 3, slotMs: 10_000, perDoubling: 4 };

function filled(samples: readonly number[], now: number, shape = coarse): QuantileWindow {
  const window = new QuantileWindow(shape);
  for (const ms of samples) window.add(ms, now);
  return window;
}

describe('a window of durations', () => {
  it('says nothing of fewer samples than asked for', () => {
    const window = filled([100, 100, 100], 0);
    assert.equal(window.quantile(0.5, 4, 0), undefined);
    assert.notEqual(window.quantile(0.5, 3, 0), undefined);
  });

  it('answers the upper end of a bucket', () => {
    const samples = [...Array<number>(9).fill(10), 1_000];
    assert.equal(filled(samples, 0).quantile(0.9, 1, 0), 2 ** (14 / 4));
    assert.equal(filled(samples, 0).quantile(0.91, 1, 0), 2 ** (40 / 4));
    assert.equal(filled(samples, 0, fine).quantile(0.9, 1, 0), 2 ** (54 / 16));
  });

  it('forgets a sample when the slot it came in leaves the ring', () => {
    for (const at of [0, 3_000, 9_999]) {
      const window = filled([100], at);
      assert.notEqual(window.quantile(0.5, 1, 29_999), undefined);
      assert.equal(window.quantile(0.5, 1, 30_000), undefined);
      assert.equal(window.samples, 0);
    }
  });

  it('forgets everything at once after a long silence', () => {
    const window = filled([100], 0);
    for (const now of [10_000, 20_000]) window.add(100, now);
    window.add(10, 1e9);
    assert.equal(window.samples, 1);
    assert.ok((window.quantile(1, 1, 1e9) ?? 0) < 12);
  });

  it('takes a sample that comes late for one of the newest slot', () => {
    const window = filled([100], 25_000);
    window.add(100, 4_000);
    assert.equal(window.quantile(0.5, 2, 49_999), 2 ** (27 / 4));
    assert.equal(window.quantile(0.5, 1, 50_000), undefined);
  });

  it('takes anything for a sample, however short or long', () => {
    const window = filled([0, 0.2, 1, ...Array<number>(60).fill(1e12)], 0);
    assert.equal(window.samples, 63);
    assert.equal(window.quantile(0.01, 1, 0), 2 ** (1 / 4));
    assert.equal(window.quantile(0.99, 1, 0), 2 ** 20);
  });

  it('is never below the exact quantile of what is in it, and at most a bucket above', () => {
    const sample = fc.record({
      ms: fc.double({ min: 1, max: 1_000_000, noNaN: true }),
      afterMs: fc.oneof(
        { weight: 40, arbitrary: fc.integer({ min: 0, max: 4_000 }) },
        { weight: 1, arbitrary: fc.integer({ min: 0, max: 400_000 }) },
      ),
    });
    const samples = fc.array(sample, { minLength: 40, maxLength: 300 });
    fc.assert(
      fc.property(fc.constantFrom(fine, coarse), samples, (shape, added) => {
        const { slots, slotMs, perDoubling } = shape;
        const window = new QuantileWindow(shape);
        const all: { ms: number; slot: number }[] = [];
        let now = 0;
        for (const { ms, afterMs } of added) {
          now += afterMs;
          window.add(ms, now);
          all.push({ ms, slot: Math.floor(now / slotMs) });
        }
        const newest = Math.floor(now / slotMs);
        const inside = all.filter(({ slot }) => slot > newest - slots).map(({ ms }) => ms);
        assert.equal(window.samples, inside.length);
        inside.sort((a, b) => a - b);
        for (const share of [0.5, 0.95, 0.99]) {
          const found = window.quantile(share, 20, now);
          assert.equal(found === undefined, inside.length < 20);
          if (found === undefined) continue;
          const exact = inside[Math.ceil(inside.length * share) - 1] ?? 0;
          assert.ok(found >= exact * 0.999999);
          assert.ok(found <= exact * 2 ** (1 / perDoubling) * 1.000001);
        }
      }),
    );
  });
});

describe('a kept quantile', () => {
  const rule = { share: 0.5, samplesMin: 2, keepMs: 1_000 };

  it('is computed again only when it is old', () => {
    const window = filled([10, 10], 0);
    const median = new KeptQuantile(window, rule);
    const before = median.at(0);
    assert.ok(before !== undefined);
    for (let sample = 0; sample < 10; sample += 1) window.add(1_000, 10);
    assert.equal(median.at(999), before);
    assert.ok((median.at(1_000) ?? 0) >= 1_000);
  });

  it('keeps silence as well', () => {
    const window = filled([10], 0);
    const median = new KeptQuantile(window, rule);
    assert.equal(median.at(0), undefined);
    window.add(10, 10);
    assert.equal(median.at(999), undefined);
    assert.notEqual(median.at(1_000), undefined);
  });

  it('tells what it answered last, however old that is', () => {
    const window = filled([10, 10], 0);
    const median = new KeptQuantile(window, rule);
    assert.equal(median.last, undefined);
    const answered = median.at(0);
    assert.equal(window.quantile(0.5, 1, 900_000), undefined);
    assert.equal(median.last, answered);
    median.at(900_000);
    assert.equal(median.last, undefined);
  });
});
