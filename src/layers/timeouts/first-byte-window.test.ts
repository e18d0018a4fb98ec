import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { FirstByteWindow } from './first-byte-window.ts';

/** A bucket is this much wider than it begins: the error of every quantile, upwards. */
const ERROR = 2 ** (1 / 16);

function filled(samples: readonly number[], now: number): FirstByteWindow {
  const window = new FirstByteWindow();
  for (const ms of samples) window.record(ms, now);
  return window;
}

describe('the window of first-byte times', () => {
  it('knows half after 20 samples and the slow end after 50', () => {
    const at = (samples: number) => filled(Array<number>(samples).fill(100), 0);
    assert.equal(at(19).p50(0), undefined);
    assert.notEqual(at(20).p50(0), undefined);
    assert.equal(at(49).p99(0), undefined);
    assert.notEqual(at(50).p99(0), undefined);
  });

  it('computes a quantile at most once a second', () => {
    const window = filled(Array<number>(100).fill(10), 0);
    const before = window.p99(0);
    for (let sample = 0; sample < 100; sample += 1) window.record(5_000, 10);
    assert.equal(window.p99(999), before);
    assert.ok((window.p99(1_000) ?? 0) >= 5_000);
  });

  it('keeps the last p99 for those who do not want to ask again', () => {
    const window = filled(Array<number>(50).fill(10), 0);
    assert.equal(window.lastP99, undefined);
    const p99 = window.p99(0);
    assert.equal(window.p50(900_000), undefined);
    assert.equal(window.lastP99, p99);
    assert.equal(window.p99(900_000), undefined);
  });

  it('forgets a sample between 250 and 300 s after it came', () => {
    for (const at of [0, 20_000, 49_999]) {
      const window = filled(Array<number>(50).fill(100), at);
      assert.notEqual(window.p99(at + 250_000), undefined);
      assert.equal(window.p99(at + 300_000), undefined);
      assert.equal(window.samples, 0);
    }
  });

  it('takes anything for a sample, however short or long', () => {
    const window = filled([0, 0.2, 1, ...Array<number>(60).fill(1e12)], 0);
    assert.equal(window.samples, 63);
    assert.equal(window.p99(0), 2 ** 20);
  });

  it('is never below the exact quantile of what is in it, and at most a bucket above', () => {
    const sample = fc.record({
      ms: fc.double({ min: 1, max: 1_000_000, noNaN: true }),
      afterMs: fc.oneof(
        { weight: 40, arbitrary: fc.integer({ min: 0, max: 4_000 }) },
        { weight: 1, arbitrary: fc.integer({ min: 0, max: 400_000 }) },
      ),
    });
    fc.assert(
      fc.property(fc.array(sample, { minLength: 40, maxLength: 300 }), (samples) => {
        const window = new FirstByteWindow();
        const all: { ms: number; slot: number }[] = [];
        let now = 0;
        for (const { ms, afterMs } of samples) {
          now += afterMs;
          window.record(ms, now);
          all.push({ ms, slot: Math.floor(now / 50_000) });
        }
        const newest = Math.floor(now / 50_000);
        const inside = all.filter(({ slot }) => slot > newest - 6).map(({ ms }) => ms);
        assert.equal(window.samples, inside.length);
        inside.sort((a, b) => a - b);
        for (const [share, min, found] of [
          [0.5, 20, window.p50(now)],
          [0.99, 50, window.p99(now)],
        ] as const) {
          assert.equal(found === undefined, inside.length < min);
          if (found === undefined) continue;
          const exact = inside[Math.ceil(inside.length * share) - 1] ?? 0;
          assert.ok(found >= exact * 0.999999 && found <= exact * ERROR * 1.000001);
        }
      }),
    );
  });
});
