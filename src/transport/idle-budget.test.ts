import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { IdleBudget } from './idle-budget.ts';
import { defaultTransportOptions } from './transport-options.ts';

const options = defaultTransportOptions.idle;
const TEN_MINUTES = 600_000;

describe('the idle budget', () => {
  it('starts at 4 s', () => {
    assert.equal(new IdleBudget(options).budgetMs(0, 20), 4_000);
  });

  it('stays where it starts when learning is off', () => {
    const budget = new IdleBudget({ ...options, learn: false, startMs: 30_000 });
    budget.closed(0, 1_000, 4);
    budget.stale(0, 2_000);
    budget.hint(5_000);
    for (let n = 0; n < 20; n += 1) budget.lost(0);
    assert.equal(budget.budgetMs(0, 0), 30_000);
    assert.equal(budget.mayReuse(0), true);
  });

  describe('of a peer that loses every connection that is used again', () => {
    it('is nothing for ten seconds after five in a row', () => {
      const budget = new IdleBudget(options);
      for (let n = 0; n < 4; n += 1) budget.lost(0);
      assert.equal(budget.budgetMs(0, 0), 4_000);
      budget.lost(0);
      assert.equal(budget.budgetMs(9_999, 0), 0);
      assert.equal(budget.budgetMs(10_000, 0), 4_000);
    });

    it('is as before when one of them was answered', () => {
      const budget = new IdleBudget(options);
      for (let n = 0; n < 20; n += 1) {
        budget.lost(0);
        if (n % 4 === 3) budget.kept();
      }
      assert.equal(budget.budgetMs(0, 0), 4_000);
    });
  });

  describe('with a hint', () => {
    const cases: readonly (readonly [number, number, number])[] = [
      // timeout, round trip, budget
      [2_000, 0, 1_500],
      [5_000, 20, 4_480],
      [15_000, 0, 13_500],
      [60_000, 80, 54_920],
      [400_000, 0, 110_000],
      [1_000, 0, 500],
      [500, 80, 0],
    ];
    for (const [timeoutMs, rttMs, expected] of cases) {
      it(`of ${timeoutMs} ms and a round trip of ${rttMs} ms is ${expected} ms`, () => {
        const budget = new IdleBudget(options);
        budget.hint(timeoutMs);
        assert.equal(budget.budgetMs(0, rttMs), expected);
      });
    }

    it('follows the latest hint', () => {
      const budget = new IdleBudget(options);
      budget.hint(60_000);
      budget.hint(5_000);
      assert.equal(budget.budgetMs(0, 0), 4_500);
    });

    it('believes a close that came sooner than the hint', () => {
      const budget = new IdleBudget(options);
      budget.hint(60_000);
      budget.closed(0, 10_000, 5);
      assert.equal(budget.budgetMs(0, 0), 8_000);
    });

    it('is not raised beyond the hint by a connection that lives longer', () => {
      const budget = new IdleBudget(options);
      budget.hint(5_000);
      budget.survived(60_000);
      assert.equal(budget.budgetMs(0, 0), 4_500);
    });
  });

  describe('watching a sentinel', () => {
    it('grows to four fifths of the age it is alive at, up to the cap', () => {
      const budget = new IdleBudget(options);
      budget.survived(4_500);
      assert.equal(budget.budgetMs(0, 0), 4_000);
      budget.survived(20_000);
      assert.equal(budget.budgetMs(0, 0), 16_000);
      budget.survived(300_000);
      assert.equal(budget.budgetMs(0, 0), 110_000);
    });

    it('falls to four fifths of the age at which it was closed', () => {
      const budget = new IdleBudget(options);
      budget.survived(59_000);
      budget.closed(0, 60_000, 3);
      assert.equal(budget.budgetMs(0, 0), 48_000);
    });

    it('follows the shortest of the last eight closes', () => {
      const budget = new IdleBudget(options);
      budget.closed(0, 10_000, 9);
      for (let at = 1; at <= 7; at += 1) budget.closed(at * 20_000, 30_000, 9);
      assert.equal(budget.budgetMs(200_000, 0), 8_000);
      budget.closed(200_000, 30_000, 9);
      assert.equal(budget.budgetMs(200_000, 0), 24_000);
    });

    it('recovers without a jump when the peer begins to wait longer', () => {
      const budget = new IdleBudget(options);
      budget.closed(0, 1_000, 3);
      assert.equal(budget.budgetMs(0, 0), 800);
      budget.survived(1_010);
      assert.equal(budget.budgetMs(0, 0), 808);
      budget.survived(4_900);
      budget.closed(10_000, 5_000, 3);
      assert.equal(budget.budgetMs(10_000, 0), 4_000);
    });

    it('knows when there is nothing left to learn', () => {
      const budget = new IdleBudget(options);
      assert.equal(budget.isKnownAt(137_000), false);
      assert.equal(budget.isKnownAt(137_500), true);
      const farther = new IdleBudget({ ...options, capMs: 1_000_000 });
      assert.equal(farther.isKnownAt(449_999), false);
      assert.equal(farther.isKnownAt(450_000), true);
    });
  });

  describe('when many connections end together', () => {
    it('takes a restart for what it is', () => {
      const budget = new IdleBudget(options);
      budget.survived(60_000);
      const before = budget.budgetMs(0, 0);
      let open = 6;
      for (const age of [300, 2_500, 9_000, 31_000]) {
        budget.closed(1, age, open);
        open -= 1;
      }
      assert.equal(budget.budgetMs(10, 0), before);
    });

    it('counts connections that were cut at work among those of a restart', () => {
      const budget = new IdleBudget(options);
      budget.closed(0, 1_500, 6);
      assert.equal(budget.budgetMs(0, 0), 1_200);
      budget.cut(5, 5);
      budget.cut(6, 4);
      assert.equal(budget.budgetMs(10, 0), 4_000);
    });

    it('takes equal idle ages for a timer, and for one sample', () => {
      const budget = new IdleBudget(options);
      for (let open = 10; open > 0; open -= 1) budget.closed(0, 1_000 + open, open);
      assert.equal(budget.budgetMs(0, 0), 0.8 * 1_001);
      for (let at = 1; at <= 8; at += 1) budget.closed(at * 2_000, 5_000, 30);
      assert.equal(budget.budgetMs(20_000, 0), 4_000);
    });

    it('learns from a few that end while most live on', () => {
      const budget = new IdleBudget(options);
      budget.closed(0, 2_000, 20);
      budget.closed(1, 3_500, 19);
      budget.closed(2, 9_000, 18);
      assert.equal(budget.budgetMs(10, 0), 1_600);
    });
  });

  describe('after a stale failure', () => {
    it('is halved for ten minutes', () => {
      const budget = new IdleBudget(options);
      budget.survived(60_000);
      budget.stale(1_000, 20_000);
      assert.equal(budget.budgetMs(1_001, 0), 10_000);
      assert.equal(budget.budgetMs(1_000 + TEN_MINUTES, 0), 48_000);
    });

    it('is not raised by a later failure at a greater age', () => {
      const budget = new IdleBudget(options);
      budget.survived(60_000);
      budget.stale(0, 4_000);
      budget.stale(1_000, 40_000);
      assert.equal(budget.budgetMs(2_000, 0), 2_000);
    });

    it('ignores failures that come too soon after an answer to be idle limits', () => {
      const budget = new IdleBudget(options);
      budget.stale(0, 20);
      assert.equal(budget.budgetMs(1, 0), 4_000);
    });
  });

  it('believes closes right after answers only when they come again and again', () => {
    const budget = new IdleBudget(options);
    budget.closed(0, 0.5, 9);
    budget.closed(2_000, 0.5, 9);
    budget.kept();
    budget.closed(4_000, 0.5, 9);
    budget.closed(6_000, 0.5, 9);
    assert.equal(budget.budgetMs(7_000, 0), 4_000);
    budget.closed(8_000, 0.5, 9);
    assert.equal(budget.budgetMs(9_000, 0), 0.4);
  });

  it('keeps its promises through any history', () => {
    const step = fc.oneof(
      fc.record({
        what: fc.constant('survived' as const),
        ms: fc.integer({ min: 1, max: 450_000 }),
      }),
      fc.record({
        what: fc.constant('closed' as const),
        ms: fc.integer({ min: 100, max: 450_000 }),
      }),
      fc.record({ what: fc.constant('stale' as const), ms: fc.integer({ min: 1, max: 450_000 }) }),
      fc.record({ what: fc.constant('hint' as const), ms: fc.integer({ min: 0, max: 600_000 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const budget = new IdleBudget(options);
        let now = 0;
        for (const { what, ms } of steps) {
          // Apart by more than a burst, so that each close counts.
          now += 5_000;
          if (what === 'closed') budget.closed(now, ms, 50);
          else if (what === 'stale') budget.stale(now, ms);
          else budget[what](ms);
          const value = budget.budgetMs(now, 20);
          assert.ok(value >= 0 && value <= options.capMs);
          if (what === 'closed') assert.ok(value < ms, `${value} after a close at ${ms}`);
          if (what === 'stale' && ms >= 500) assert.ok(value <= ms / 2);
        }
      }),
    );
  });
});
