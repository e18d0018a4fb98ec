import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Linger, LINGER_BYTES_MAX } from './linger.ts';

describe('lingering', () => {
  it('ends two seconds after nothing of the answer waits any more', () => {
    const linger = new Linger(1_000);
    assert.ok(!linger.isOver(3_000, 0));
    assert.ok(linger.isOver(3_001, 0));
  });

  it('lasts for as long as the answer is on its way', () => {
    const linger = new Linger(0);
    assert.ok(!linger.isOver(60_000, 1));
    assert.ok(!linger.isOver(62_000, 0));
    assert.ok(linger.isOver(62_001, 0));
  });

  it('reads no more than its share of the upload', () => {
    const linger = new Linger(0);
    assert.ok(linger.takes(LINGER_BYTES_MAX));
    assert.ok(!linger.takes(1));
  });
});
