import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { testCall } from '../../testing/test-call.ts';
import { outcome } from './admission.fixture.ts';
import { LimitLearning } from './limit-learning.ts';
import { modelLimitOptions, restLimitOptions } from './options.ts';

const start = modelLimitOptions.callsStart;

function answeredCall(fingerprint: string = '', attempt: number = 1) {
  const call = testCall({ fingerprint, attempt });
  call.timeline.firstWriteAt = 100;
  call.timeline.firstByteAt = 350;
  return call;
}

describe('what an attempt teaches about the limit', () => {
  const cases = [
    ['full', '429', true],
    ['throttled', '429', true],
    ['throttled', 'rate_limit_error', true],
    ['throttled', 'insufficient_quota', false],
    ['overloaded', '503', true],
    ['overloaded', 'overloaded_error', true],
    ['unreachable', 'CONNECT_TIMEOUT', true],
    ['unreachable', 'TLS_TIMEOUT', true],
    ['unreachable', 'CONNECT_FAILED', false],
    ['failed', 'FIRST_BYTE_TIMEOUT', true],
    ['failed', 'RESET', false],
    ['failed', '500', false],
    ['rejected', '404', false],
    ['ignored', 'CALLER_GONE', false],
    ['ok', 'complete', false],
  ] as const;
  for (const [kind, cause, falls] of cases) {
    it(`is ${falls ? 'overload' : 'nothing'} when it ends as ${kind}, ${cause}`, () => {
      const learning = new LimitLearning(modelLimitOptions);
      learning.over(testCall(), outcome(kind, cause), 0);
      assert.equal(learning.limit, falls ? start * 0.9 : start);
    });
  }

  it('is nothing when only its own credentials are throttled while others are answered', () => {
    const learning = new LimitLearning(modelLimitOptions);
    learning.answered(answeredCall('other'), outcome('ok'), 1, 0);
    learning.over(testCall({ fingerprint: 'worn' }), outcome('throttled', '429'), 5_000);
    assert.equal(learning.limit, start);
    learning.answered(answeredCall('worn'), outcome('ok'), 1, 5_500);
    learning.over(testCall({ fingerprint: 'worn' }), outcome('throttled', '429'), 6_000);
    assert.equal(learning.limit, start);
  });

  it('is overload when the only credentials in use are throttled', () => {
    const learning = new LimitLearning(modelLimitOptions);
    learning.answered(answeredCall('one'), outcome('ok'), 1, 0);
    learning.over(testCall({ fingerprint: 'one' }), outcome('throttled', '429'), 100);
    assert.equal(learning.limit, start * 0.9);
  });

  it('is overload when other credentials were last answered long ago', () => {
    const learning = new LimitLearning(modelLimitOptions);
    learning.answered(answeredCall('other'), outcome('ok'), 1, 0);
    learning.over(testCall({ fingerprint: 'worn' }), outcome('throttled', '429'), 10_001);
    assert.equal(learning.limit, start * 0.9);
  });

  it('is how long answers take to begin, on the wire', () => {
    const learning = new LimitLearning(modelLimitOptions);
    for (let count = 0; count < 5; count += 1) {
      learning.answered(answeredCall(), outcome('ok'), 1, 0);
    }
    assert.ok(Math.abs((learning.firstBytes.medianMs ?? 0) - 250) < 25);
  });

  it('is room when it is answered well at full use, and none when refused', () => {
    const learning = new LimitLearning(modelLimitOptions);
    learning.answered(answeredCall(), outcome('overloaded', '503'), start, 0);
    assert.equal(learning.limit, start);
    learning.answered(answeredCall(), outcome('ok'), start, 0);
    assert.equal(learning.limit, start + 1);
  });

  it('is nothing about what the upstream accepts when its caller left', () => {
    const learning = new LimitLearning(modelLimitOptions);
    for (let now = 0; now < 300_000; now += 50) {
      learning.over(testCall(), outcome('overloaded', '503'), now);
      learning.over(testCall(), outcome('ignored', 'CALLER_GONE'), now + 25);
    }
    assert.equal(learning.acceptRate.dropShare, 0.75);
  });

  it('is no latency for the gradient when it was not the first of its call', () => {
    const learning = new LimitLearning(restLimitOptions);
    const { callsStart } = restLimitOptions;
    for (let now = 0; now < 60_000; now += 20) {
      learning.answered(answeredCall('', 2), outcome('ok'), callsStart, now);
    }
    assert.equal(learning.limit, callsStart);
    for (let now = 60_000; now < 70_000; now += 20) {
      learning.answered(answeredCall(), outcome('ok'), callsStart, now);
    }
    assert.ok(learning.limit > callsStart);
  });
});

describe('other rules for a limit', () => {
  it('keep what was found where the algorithm goes on', () => {
    const learning = new LimitLearning(modelLimitOptions);
    learning.over(testCall(), outcome('overloaded', '503'), 0);
    learning.configure({ ...modelLimitOptions, softShare: 0.5 }, modelLimitOptions);
    assert.equal(learning.limit, start * 0.9);
    learning.configure({ ...modelLimitOptions, callsMax: 20 }, modelLimitOptions);
    assert.equal(learning.limit, 20);
  });

  it('forget nothing where they are the same', () => {
    const learning = new LimitLearning(modelLimitOptions);
    learning.answered(answeredCall(), outcome('ok'), 1, 0);
    learning.over(testCall(), outcome('overloaded', '503'), 0);
    learning.configure({ ...modelLimitOptions, queueMin: 5 }, modelLimitOptions);
    learning.answered(answeredCall(), outcome('ok'), start, 100);
    // It would grow by a whole one if it had forgotten the overload.
    assert.ok(learning.limit < start * 0.9 + 0.1);
  });

  it('begin anew with another algorithm', () => {
    const learning = new LimitLearning(modelLimitOptions);
    learning.over(testCall(), outcome('overloaded', '503'), 0);
    learning.configure(restLimitOptions, modelLimitOptions);
    assert.equal(learning.limit, restLimitOptions.callsStart);
  });
});
