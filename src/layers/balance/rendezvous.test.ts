import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hashText, rendezvousScore } from './rendezvous.ts';

const names = ['http://10.0.0.1:80', 'http://10.0.0.2:80', 'http://10.0.0.3:80'];
const values = Array.from({ length: 3_000 }, (_, index) => `session-${index}`);

function ownerOf(value: string, targets: readonly string[], weights: Record<string, number> = {}) {
  const scores = targets.map((name) => rendezvousScore(value, hashText(name), weights[name] ?? 1));
  return targets[scores.indexOf(Math.max(...scores))] ?? '';
}

function countsOf(owners: readonly string[], targets: readonly string[]): number[] {
  return targets.map((name) => owners.filter((owner) => owner === name).length);
}

describe('rendezvous hashing', () => {
  it('spreads values evenly, also over names that differ in one character', () => {
    const counts = countsOf(
      values.map((value) => ownerOf(value, names)),
      names,
    );
    for (const count of counts) assert.ok(Math.abs(count - 1_000) < 100, `${count}`);
  });

  it('gives a target of twice the weight twice as many', () => {
    const weights = { [names[0] ?? '']: 2 };
    const owners = values.map((value) => ownerOf(value, names, weights));
    const [heavy = 0, ...light] = countsOf(owners, names);
    assert.ok(Math.abs(heavy - 1_500) < 120, `${heavy}`);
    for (const count of light) assert.ok(Math.abs(count - 750) < 90, `${count}`);
  });

  it('moves only the values of a target that goes', () => {
    const rest = names.slice(1);
    for (const value of values) {
      const before = ownerOf(value, names);
      if (before !== names[0]) assert.equal(ownerOf(value, rest), before);
    }
  });
});
