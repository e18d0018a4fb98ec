import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { mergedPage } from './merged-pages.ts';

describe('debug views of several workers', () => {
  it('join leases, oldest first, and say whose they are', () => {
    const merged = mergedPage('leases', [
      { worker: 0, value: [{ kind: 'call', ageMs: 5 }] },
      { worker: 1, value: [{ kind: 'call', ageMs: 9 }] },
      { worker: 2, value: undefined },
    ]);
    assert.deepEqual(merged, [
      { worker: 1, kind: 'call', ageMs: 9 },
      { worker: 0, kind: 'call', ageMs: 5 },
    ]);
  });

  it('add up endpoints, and take the least of what is no count', () => {
    const part = (open: number, idleBudgetMs: number, rttMinMs: number, sentinelAgeMs: number) => [
      { key: 'a', open, idleBudgetMs, rttMinMs, sentinelAgeMs },
    ];
    const merged = mergedPage('endpoints', [
      { worker: 0, value: part(2, 4_000, 0, -1) },
      { worker: 1, value: part(3, 60_000, 12, 70) },
    ]);
    const [sum] = part(5, 4_000, 12, 70);
    assert.deepEqual(merged, [sum]);
  });
});
