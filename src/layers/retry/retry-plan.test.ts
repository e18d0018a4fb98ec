import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Random } from '../../core/random.ts';
import { testCall, testTarget } from '../../testing/test-call.ts';
import type { TestCallOptions } from '../../testing/test-call.ts';
import { defaultRetryOptions } from './options.ts';
import type { DenialCause } from './retry-observer.ts';
import { RetryPlan } from './retry-plan.ts';
import type { Failure } from './retry-rules.ts';

const most: Random = { next: () => 1 };
const failure = (own: Partial<Failure> = {}): Failure => ({
  cause: '500',
  untouched: false,
  forLoad: false,
  throttled: false,
  retryAfterMs: 0,
  ...own,
});

/** The plan of a completion that has failed in these ways at instant 0. */
function planOf(failures: readonly Failure[], options: TestCallOptions = {}): RetryPlan {
  const route = { replay: 'idle-race', ...options.route } as const;
  const plan = new RetryPlan(testCall({ ...options, route }), defaultRetryOptions);
  for (const each of failures) plan.failed(each, 0);
  return plan;
}

const strict = { kind: 'other', replay: 'strict' } as const;
const two = [testTarget(1), testTarget(2)];

describe('what is against another attempt', () => {
  const rows: [string, readonly Failure[], TestCallOptions, DenialCause | undefined][] = [
    ['nothing after a failure', [failure()], {}, undefined],
    ['nothing after two', [failure(), failure()], {}, undefined],
    ['three attempts', [failure(), failure(), failure()], {}, 'attempts'],
    ['a strict call', [failure()], { route: strict }, 'not-replayable'],
    ['not for one that was refused', [failure({ untouched: true })], { route: strict }, undefined],
    ['not for a safe method', [failure()], { route: strict, method: 'GET' }, undefined],
    ['a wait above the limit', [failure({ retryAfterMs: 60_001 })], {}, 'retry-after'],
    ['not one at the limit', [failure({ retryAfterMs: 60_000 })], {}, undefined],
    [
      'not one for another place',
      [failure({ retryAfterMs: 90_000 })],
      { route: { targets: two } },
      undefined,
    ],
    [
      'waits at all places',
      [failure({ retryAfterMs: 90_000 }), failure({ retryAfterMs: 80_000 })],
      { route: { targets: two } },
      'retry-after',
    ],
    ['a wait beyond the deadline', [failure({ retryAfterMs: 500 })], { deadline: 500 }, 'deadline'],
    ['not one before it', [failure({ retryAfterMs: 500 })], { deadline: 501 }, undefined],
  ];
  for (const [name, failures, options, expected] of rows) {
    it(`is: ${name}`, () => assert.equal(planOf(failures, options).denial(0), expected));
  }
});

describe('the wait for another attempt', () => {
  it('is none for the first other place, and one for the next', () => {
    assert.equal(planOf([failure()], { route: { targets: two } }).waitMs(0, most), 0);
    const three = [...two, testTarget(3)];
    const plan = planOf([failure(), failure()], { route: { targets: three } });
    assert.equal(plan.waitMs(0, most), 100);
  });

  it('doubles, from a base by the kind of failure', () => {
    assert.equal(planOf([failure()]).waitMs(0, most), 50);
    assert.equal(planOf([failure(), failure()]).waitMs(0, most), 100);
    assert.equal(planOf([failure({ forLoad: true })]).waitMs(0, most), 1_000);
  });

  it('is what is left of a wait asked for, and a little more', () => {
    const plan = planOf([failure({ retryAfterMs: 4_000 })]);
    assert.equal(plan.waitMs(1_000, most), 3_300);
    assert.equal(plan.waitMs(4_000, most), 50);
  });

  it('forgets what a single place asked for before', () => {
    const plan = planOf([failure({ retryAfterMs: 100 }), failure({ retryAfterMs: 5_000 })]);
    assert.equal(plan.waitMs(0, most), 5_500);
  });
});

describe('another account', () => {
  const at = (port: number, credential: string | undefined) =>
    testTarget(port, { route: { credential } });

  it('is a place with other credentials that may not have been tried', () => {
    const targets = [at(1, 'one'), at(2, 'two')];
    assert.equal(planOf([failure()], { route: { targets } }).hasOtherAccount, true);
    assert.equal(planOf([failure(), failure()], { route: { targets } }).hasOtherAccount, false);
  });

  it('is not one with the credentials of the same caller', () => {
    const targets = [at(1, undefined), at(2, undefined)];
    assert.equal(planOf([failure()], { route: { targets } }).hasOtherAccount, false);
    assert.equal(planOf([failure()]).hasOtherAccount, false);
  });
});
