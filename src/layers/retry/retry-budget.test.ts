import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { defaultRetryBudgetOptions } from './options.ts';
import { RetryBudget } from './retry-budget.ts';
import { RetryBudgets } from './retry-budgets.ts';

const budgetOf = (own: Partial<typeof defaultRetryBudgetOptions> = {}): RetryBudget =>
  new RetryBudget({ ...defaultRetryBudgetOptions, ...own });

const A = 'a:80';
const begin = (budget: RetryBudget, now: number): ReturnType<RetryBudget['begin']> =>
  budget.begin(now, budget.isThrottledAt(A));

describe('the budget of retries', () => {
  it('grants the reserve without any calls, and no more', () => {
    const budget = budgetOf({ concurrentMin: 100 });
    let granted = 0;
    while (begin(budget, 0) === undefined) granted += 1;
    assert.equal(granted, 10);
    assert.equal(begin(budget, 0), 'budget');
  });

  it('earns a fifth of a retry with each call', () => {
    const budget = budgetOf({ reservePerSecond: 0, concurrentMin: 100 });
    for (let call = 0; call < 50; call += 1) budget.callBegan(0);
    assert.equal(budget.remaining(0), 10);
  });

  it('forgets what was earned after the window', () => {
    const budget = budgetOf({ reservePerSecond: 0 });
    for (let call = 0; call < 50; call += 1) budget.callBegan(0);
    assert.equal(budget.remaining(9_000), 10);
    assert.equal(budget.remaining(10_500), 0);
  });

  it('lets a few retries run at a time, and a fifth of the calls in flight', () => {
    const budget = budgetOf();
    for (let n = 0; n < 3; n += 1) assert.equal(begin(budget, 0), undefined);
    assert.equal(begin(budget, 0), 'concurrency');
    for (let call = 0; call < 20; call += 1) budget.callBegan(0);
    assert.equal(begin(budget, 0), undefined);
    assert.equal(begin(budget, 0), 'concurrency');
    budget.end();
    assert.equal(begin(budget, 0), undefined);
  });

  it('stops outright in an outage and starts again with successes', () => {
    const budget = budgetOf();
    for (let n = 0; n < 5; n += 1) budget.judge(false, A);
    assert.equal(begin(budget, 0), 'throttle');
    for (let n = 0; n < 2; n += 1) budget.judge(true, A);
    assert.equal(begin(budget, 0), undefined);
  });

  it('stops at the place that fails, and nowhere else', () => {
    const budget = budgetOf();
    for (let n = 0; n < 5; n += 1) budget.judge(false, A);
    assert.equal(budget.isThrottledAt(A), true);
    assert.equal(budget.isThrottledAt('b:80'), false);
    for (let n = 0; n < 100; n += 1) budget.judge(true, 'b:80');
    assert.equal(budget.isThrottledAt(A), true);
    assert.equal(budget.takeReplay(false, 0, A), false);
    assert.equal(budget.takeReplay(false, 0, 'b:80'), true);
  });

  it('goes on at one failure in five for as long as that lasts', () => {
    const budget = budgetOf({ concurrentMin: 1_000 });
    let refused = 0;
    for (let call = 0; call < 10_000; call += 1) {
      budget.callBegan(call * 10);
      budget.judge(call % 5 !== 0, A);
      if (call % 6 === 0) {
        if (begin(budget, call * 10) === undefined) budget.end();
        else refused += 1;
      }
      budget.callEnded();
    }
    assert.equal(refused, 0);
  });

  it('counts the retries of callers', () => {
    const budget = budgetOf();
    for (let n = 0; n < 10; n += 1) budget.callerRetried(0);
    assert.equal(begin(budget, 0), 'budget');
    budget.callerRetried(0);
    assert.equal(budget.remaining(10_500), 10);
  });

  it('never grants more in any span than the share of its calls and the reserve', () => {
    const step = fc.record({ gapMs: fc.nat(2_500), calls: fc.nat(20), tries: fc.nat(20) });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 80 }), (steps) => {
        const budget = budgetOf({ concurrentMin: 1_000_000 });
        const granted: number[] = [];
        const began: number[] = [];
        let now = 5;
        for (const { gapMs, calls, tries } of steps) {
          now += gapMs;
          for (let n = 0; n < calls; n += 1) {
            budget.callBegan(now);
            began.push(now);
          }
          for (let n = 0; n < tries; n += 1) {
            if (begin(budget, now) === undefined) granted.push(now);
          }
          for (const since of new Set(granted)) {
            // What was earned up to a window before the span may be spent in it.
            const earned = 0.2 * began.filter((at) => at > since - 10_000).length;
            const reserve = 10 + (now - since) / 1_000 + 1;
            const spent = granted.filter((at) => at >= since).length;
            assert.ok(spent <= earned + reserve + 1e-6, `${spent} since ${since}`);
          }
        }
      }),
    );
  });

  it('grants whatever the calls of the last seconds have earned', () => {
    fc.assert(
      fc.property(fc.nat(200), fc.nat(8_000), (calls, gapMs) => {
        const budget = budgetOf({ concurrentMin: 1_000_000 });
        for (let n = 0; n < calls; n += 1) budget.callBegan(1_000);
        let granted = 0;
        while (begin(budget, 1_000 + gapMs) === undefined) granted += 1;
        assert.equal(granted, 10 + Math.floor(calls / 5));
        for (let n = 0; n < granted; n += 1) budget.end();
        assert.equal(budget.retrying, 0);
      }),
    );
  });

  it('gives away a few replays of requests that nobody had read, and lends the others', () => {
    const budget = budgetOf();
    for (let n = 0; n < 10; n += 1) assert.equal(budget.takeReplay(true, 0, A), true);
    assert.equal(budget.remaining(0), 10);
    for (let n = 0; n < 10; n += 1) assert.equal(budget.takeReplay(true, 0, A), true);
    assert.equal(budget.remaining(0), 0);
    assert.equal(budget.takeReplay(true, 0, A), false);
    assert.equal(budget.takeReplay(true, 10_500, A), true);
    assert.equal(budget.remaining(10_500), 10);
  });

  it('lends each replay of a request that may have been read', () => {
    const budget = budgetOf();
    for (let n = 0; n < 10; n += 1) assert.equal(budget.takeReplay(false, 0, A), true);
    assert.equal(budget.takeReplay(false, 0, A), false);
    assert.equal(budget.takeReplay(true, 0, A), true);
    assert.equal(begin(budget, 0), 'budget');
  });

  it('lends no replay in an outage, but still gives away the few', () => {
    const budget = budgetOf();
    for (let n = 0; n < 5; n += 1) budget.judge(false, A);
    assert.equal(budget.takeReplay(false, 0, A), false);
    for (let n = 0; n < 10; n += 1) assert.equal(budget.takeReplay(true, 0, A), true);
    assert.equal(budget.takeReplay(true, 0, A), false);
    assert.equal(budget.remaining(0), 10);
  });

  it('never allows more replays and retries together than the shares of its calls', () => {
    const step = fc.record({ gapMs: fc.nat(2_500), calls: fc.nat(20), tries: fc.nat(20) });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), fc.nat(3), (steps, kind) => {
        const budget = budgetOf({ concurrentMin: 1_000_000 });
        const take = (n: number, now: number): boolean => {
          const how = kind === 3 ? n % 3 : kind;
          return how === 2
            ? begin(budget, now) === undefined
            : budget.takeReplay(how === 1, now, A);
        };
        let began = 0;
        let made = 0;
        let now = 5;
        for (const { gapMs, calls, tries } of steps) {
          now += gapMs;
          began += calls;
          for (let n = 0; n < calls; n += 1) budget.callBegan(now);
          for (let n = 0; n < tries; n += 1) if (take(n, now)) made += 1;
          // Ten that are given away and ten that are lent, and one of each for each second.
          assert.ok(made <= 0.2 * began + 2 * (11 + now / 900), `${made} of ${began}`);
        }
      }),
    );
  });

  it('outlives reloads by the name of its upstream', () => {
    const budgets = new RetryBudgets();
    const one = budgets.of('one');
    assert.equal(budgets.of('one'), one);
    budgets.retain(new Set(['two']));
    assert.notEqual(budgets.of('one'), one);
    assert.deepEqual(budgets.view(0), [
      { upstream: 'one', remaining: 10, retrying: 0, running: 0 },
    ]);
  });
});
