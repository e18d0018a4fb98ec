import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { tierFor } from './tiers.ts';

const DRAWS = 1_000;

/** Per cent of calls that each tier gets; tiers are given as `usable/size`. */
function shares(...tiers: readonly string[]): number[] {
  const health = tiers.map((text) => {
    const [usable = 0, size = 0] = text.split('/').map(Number);
    return { usable, size };
  });
  const counts = health.map(() => 0);
  for (let draw = 0; draw < DRAWS; draw += 1) {
    const tier = tierFor(health, 1.4, (draw + 0.5) / DRAWS);
    if (tier >= 0) counts[tier] = (counts[tier] ?? 0) + 1;
  }
  return counts.map((count) => Math.round((count * 100) / DRAWS));
}

describe('tiers', () => {
  const table: readonly (readonly [name: string, tiers: readonly string[], per: number[]])[] = [
    ['keep all calls while healthy', ['4/4', '4/4'], [100, 0]],
    ['keep all calls with a quarter gone', ['3/4', '4/4'], [100, 0]],
    ['spill what 1.4 times the rest cannot carry', ['1/2', '1/1'], [70, 30]],
    ['spill nearly all when nearly all is gone', ['1/10', '1/1'], [14, 86]],
    ['leave a tier with nothing usable', ['0/2', '1/1'], [0, 100]],
    ['fill the lower ones in order', ['1/4', '1/4', '1/1'], [35, 35, 30]],
    ['share the shortage when all together fall short', ['1/4', '1/8'], [67, 33]],
    ['give a tier that has nothing nothing', ['0/0', '1/1'], [0, 100]],
    ['have nowhere to go when nothing is usable', ['0/2', '0/1'], [0, 0]],
  ];
  for (const [name, tiers, per] of table) {
    it(name, () => assert.deepEqual(shares(...tiers), per));
  }

  it('name no tier when nothing is usable', () => {
    assert.equal(tierFor([{ usable: 0, size: 3 }], 1.4, 0.5), -1);
    assert.equal(tierFor([], 1.4, 0), -1);
  });
});
