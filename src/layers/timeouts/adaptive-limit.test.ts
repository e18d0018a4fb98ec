import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { adaptiveLimitMs } from './adaptive-limit.ts';

describe('the learned limit', () => {
  const bounds = { floorMs: 2_000, ceilingMs: 30_000, completions: false };
  const table: readonly (readonly [string, number | undefined, number, number])[] = [
    ['is that of the route while too little is known', undefined, 45_000, 45_000],
    ['is three times the p99', 3_000, 45_000, 9_000],
    ['is rounded up to whole ms', 1_000.1, 45_000, 3_001],
    ['has a floor', 10, 45_000, 2_000],
    ['has a ceiling', 29_000, 45_000, 30_000],
    ['is never longer than that of the route', 9_000, 20_000, 20_000],
    ['is never longer than that of the route, not even by its floor', 10, 500, 500],
    ['replaces having none', 29_000, Infinity, 30_000],
  ];
  for (const [what, p99, staticMs, limitMs] of table) {
    it(what, () => assert.equal(adaptiveLimitMs(p99, bounds, staticMs), limitMs));
  }
});
