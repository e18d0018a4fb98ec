import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { WholeLines } from './whole-lines.ts';

describe('the output of a worker', () => {
  it('is passed on in whole lines, whatever the pipe makes of it', () => {
    const text = 'one\ntwo é\n\nthree\n';
    const bytes = Buffer.from(text);
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length)), (cuts) => {
        const parts: string[] = [];
        const lines = new WholeLines((part) => parts.push(part));
        let from = 0;
        for (const to of [...cuts.toSorted((a, b) => a - b), bytes.length]) {
          lines.feed(bytes.subarray(from, to));
          from = to;
        }
        for (const part of parts) assert.ok(part.endsWith('\n'));
        assert.equal(parts.join(''), text);
      }),
    );
  });

  it('keeps a bounded part of a line that does not end', () => {
    let bytes = 0;
    const lines = new WholeLines((part) => (bytes += part.length));
    for (let n = 0; n < 40; n += 1) lines.feed(Buffer.alloc(100_000, 'x'));
    assert.ok(bytes >= 2_000_000, `${bytes}`);
  });
});
