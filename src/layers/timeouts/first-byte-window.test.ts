import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FirstByteWindow } from './first-byte-window.ts';

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

  it('errs by at most 4.4 %, upwards', () => {
    for (const ms of [1.5, 100, 999, 60_000]) {
      const error = (filled(Array<number>(50).fill(ms), 0).p99(0) ?? 0) / ms;
      assert.ok(error >= 1 && error <= 1.0443);
    }
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
});
