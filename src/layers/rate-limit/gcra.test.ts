// The budget against models that know only the rule: what was let through within any span of time,
// and a bucket of tokens that is refilled step by step.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Gcra } from './gcra.ts';
import type { Rate } from './quota.ts';

const rates: fc.Arbitrary<Rate> = fc.record({
  count: fc.integer({ min: 1, max: 5_000 }),
  perMs: fc.constantFrom(1_000, 60_000, 3_600_000),
});

/** A time between calls and what the call costs, as a share of the burst. */
const calls = fc.array(
  fc.record({
    afterMs: fc.oneof(
      fc.constant(0),
      fc.double({ min: 0, max: 50, noNaN: true }),
      fc.integer({ min: 0, max: 30_000 }),
    ),
    share: fc.double({ min: 0.01, max: 1, noNaN: true }),
  }),
  { maxLength: 120 },
);

describe('a budget', () => {
  it('never lets more than the burst and the rate through, within any span of time', () => {
    fc.assert(
      fc.property(rates, fc.integer({ min: 1, max: 100 }), calls, (rate, burst, sequence) => {
        const budget = new Gcra();
        const taken: { at: number; cost: number }[] = [];
        let now = 1_000;
        for (const { afterMs, share } of sequence) {
          now += afterMs;
          const cost = Math.max(1, Math.round(share * burst));
          if (budget.waitMs(rate, burst, cost, now) > 0) continue;
          budget.take(rate, cost, now);
          taken.push({ at: now, cost });
        }
        for (const [first, { at: from }] of taken.entries()) {
          let sum = 0;
          for (const { at, cost } of taken.slice(first)) {
            sum += cost;
            const most = burst + ((at - from) * rate.count) / rate.perMs;
            assert.ok(sum <= most + 0.1, `${sum} of ${most} within ${at - from} ms`);
          }
        }
      }),
    );
  });

  it('lets a caller who waits as told in, and refuses one who comes a millisecond early', () => {
    fc.assert(
      fc.property(rates, fc.integer({ min: 1, max: 100 }), calls, (rate, burst, sequence) => {
        const budget = new Gcra();
        let now = 0;
        for (const { afterMs, share } of sequence) {
          now += afterMs;
          const cost = Math.max(1, Math.round(share * burst));
          const waitMs = budget.waitMs(rate, burst, cost, now);
          if (waitMs > 0) {
            assert.equal(budget.waitMs(rate, burst, cost, now + waitMs), 0);
            if (waitMs > 1) assert.ok(budget.waitMs(rate, burst, cost, now + waitMs - 1) > 0);
          } else budget.take(rate, cost, now);
        }
      }),
    );
  });

  it('decides like a bucket that is refilled every millisecond', () => {
    const steps = fc.array(
      fc.record({ afterMs: fc.nat({ max: 40 }), cost: fc.integer({ min: -3, max: 4 }) }),
      { maxLength: 200 },
    );
    // 100 a second: a tenth of a unit each millisecond, counted in tenths.
    const rate: Rate = { count: 100, perMs: 1_000 };
    fc.assert(
      fc.property(steps, (sequence) => {
        const burst = 4;
        const budget = new Gcra();
        let tenths = burst * 10;
        let now = 0;
        for (const { afterMs, cost } of sequence) {
          now += afterMs;
          for (let ms = 0; ms < afterMs; ms += 1) tenths = Math.min(burst * 10, tenths + 1);
          const fits = cost <= 0 || tenths >= cost * 10;
          if (cost > 0) assert.equal(budget.waitMs(rate, burst, cost, now) === 0, fits);
          if (!fits) continue;
          budget.take(rate, cost, now);
          tenths = Math.min(burst * 10, tenths - cost * 10);
          assert.ok(Math.abs(budget.left(rate, burst, now) - tenths / 10) < 1e-6);
        }
      }),
    );
  });

  it('keeps a debt that was made, and pays it back at the rate', () => {
    const rate: Rate = { count: 60, perMs: 60_000 };
    const budget = new Gcra();
    budget.take(rate, 90, 0);
    assert.equal(budget.left(rate, 60, 0), -30);
    assert.equal(budget.waitMs(rate, 60, 1, 0), 31_000);
    assert.equal(budget.waitMs(rate, 60, 1, 31_000), 0);
  });

  it('takes nothing by being asked', () => {
    const rate: Rate = { count: 1, perMs: 1_000 };
    const budget = new Gcra();
    for (let asked = 0; asked < 10; asked += 1) assert.equal(budget.waitMs(rate, 1, 1, 0), 0);
    budget.take(rate, 1, 0);
    assert.equal(budget.waitMs(rate, 1, 1, 0), 1_000);
  });
});
