import { deepEqual, notDeepEqual, ok } from 'node:assert/strict';
import { describe, it } from 'node:test';
import { jittered, seededRandom, systemRandom } from './random.ts';

const draw = (seed: number, count: number): number[] => {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => random.next());
};

describe('random', () => {
  it('repeats itself from the same seed and differs from another', () => {
    deepEqual(draw(7, 100), draw(7, 100));
    notDeepEqual(draw(7, 100), draw(8, 100));
  });

  it('is spread evenly over [0, 1)', () => {
    const tenths = Array.from({ length: 10 }, () => 0);
    for (const value of draw(1, 100_000)) {
      ok(value >= 0 && value < 1);
      const at = Math.floor(value * 10);
      tenths[at] = (tenths[at] ?? 0) + 1;
    }
    for (const count of tenths) ok(Math.abs(count - 10_000) < 500, `${count}`);
  });

  it('jitters by the share it is given and not more', () => {
    const random = seededRandom(3);
    const values = Array.from({ length: 1_000 }, () => jittered(200, 0.1, random));
    ok(values.every((value) => value >= 180 && value < 220));
    ok(Math.min(...values) < 182 && Math.max(...values) > 218);
    ok(jittered(1, 0, systemRandom) === 1);
  });
});
