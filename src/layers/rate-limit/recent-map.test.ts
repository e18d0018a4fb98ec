import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { RecentMap } from './recent-map.ts';

describe('a map of what is recent', () => {
  it('never holds more than its bound, and always what was used last', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 20 }),
        fc.array(fc.nat({ max: 60 }), { maxLength: 300 }),
        (max, uses) => {
          const map = new RecentMap<number, string>(max);
          const history: number[] = [];
          for (const key of uses) {
            if (map.get(key) === undefined) map.set(key, `v${key}`);
            history.push(key);
            assert.ok(map.size <= max, `${map.size} of ${max}`);
            assert.equal(new Set(map.values()).size, map.size);
            const recent = [...new Set(history.toReversed())].slice(0, Math.floor(max / 2));
            for (const kept of recent) assert.equal(map.peek(kept), `v${kept}`);
          }
        },
      ),
    );
  });

  it('keeps what is in use longer than what is not', () => {
    const map = new RecentMap<number, { busy: boolean }>(8, ({ busy }) => busy);
    map.set(0, { busy: true });
    for (let key = 1; key < 100; key += 1) map.set(key, { busy: false });
    assert.equal(map.peek(0)?.busy, true);
    assert.equal(map.peek(1), undefined);
    assert.ok(map.size <= 8);
  });

  it('stays within its bound even when everything is in use', () => {
    const map = new RecentMap<number, number>(8, () => true);
    for (let key = 0; key < 100; key += 1) {
      map.set(key, key);
      assert.ok(map.size <= 8);
    }
    assert.equal(map.peek(99), 99);
    assert.equal([...map.values()].length, map.size);
    assert.equal([...map.entries()].length, map.size);
  });
});
