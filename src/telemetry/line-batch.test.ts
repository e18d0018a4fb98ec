import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { VirtualClock } from '../testing/virtual-clock.ts';
import { LineBatch } from './line-batch.ts';

describe('a line batch', () => {
  it('passes lines on together, in order, after a short wait', () => {
    const clock = new VirtualClock();
    const written: string[] = [];
    const batch = new LineBatch({ write: (bytes) => written.push(bytes.toString()) }, clock);
    batch.write('a\n');
    batch.write('b\n');
    assert.deepEqual(written, []);
    clock.advance(200);
    assert.deepEqual(written, ['a\nb\n']);
    batch.write('c\n');
    clock.advance(200);
    assert.deepEqual(written, ['a\nb\n', 'c\n']);
  });

  it('does not wait when many lines came', () => {
    const written: string[] = [];
    const batch = new LineBatch(
      { write: (bytes) => written.push(bytes.toString()) },
      new VirtualClock(),
    );
    for (let n = 0; n < 300; n += 1) batch.write('x');
    assert.equal(written.join('').length, 256);
    batch.flush();
    assert.equal(written.join('').length, 300);
  });
});
