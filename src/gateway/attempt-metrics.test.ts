import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { attemptOf } from '../core/call.ts';
import type { Call } from '../core/call.ts';
import { HeaderList } from '../core/header-list.ts';
import { CallError } from '../core/errors.ts';
import { outcomeOfError, outcomeOfHead } from '../core/outcome.ts';
import type { Head } from '../core/sink.ts';
import { testCall, testTarget } from '../testing/test-call.ts';
import { Metrics } from '../telemetry/metrics.ts';
import { AttemptMetrics } from './attempt-metrics.ts';

const target = testTarget(8900);
const { key } = target.endpoint;

function headOf(status: number): Head {
  const headers = HeaderList.of([]);
  return { status, reason: '', headers, framing: 'length', contentLength: 0 };
}

describe('what attempts leave behind', () => {
  let metrics: Metrics;
  let attempts: AttemptMetrics;
  beforeEach(() => {
    metrics = new Metrics();
    attempts = new AttemptMetrics(metrics);
  });
  afterEach(() => metrics.close());

  /** One attempt of `call`, written at `at` and over 500 ms later; `undefined` = never written. */
  function attempt(call: Call, nth: number, ending: number | CallError, at?: number): void {
    const own = attemptOf(call, nth, call.cancellation);
    attempts.attemptBegan(target, own);
    if (at !== undefined) {
      call.timeline.beginAttempt(at);
      call.timeline.firstWriteAt = at;
    }
    let outcome;
    if (typeof ending === 'number') {
      const head = headOf(ending);
      outcome = outcomeOfHead(head, 0);
      attempts.attemptAnswered(target, own, head);
    } else outcome = outcomeOfError(ending);
    attempts.attemptOver(target, own, outcome, (at ?? 0) + 500);
  }

  const counted = (outcome: string, nth: string): number =>
    metrics.attempts.at(key, outcome, nth).value;

  function timed(method: string, status: string, type: string): readonly [number, number] {
    const { counts, sum } = metrics.clientDuration.at(method, key, status, type);
    return [counts.reduce((all, one) => all + one, 0), sum];
  }

  it('are counted by outcome and by the how many-th of their call they were', () => {
    const call = testCall();
    attempt(call, 1, 503, 10);
    attempt(call, 2, new CallError('RESET'), 20);
    attempt(call, 3, 200, 30);
    attempt(testCall(), 1, 200, 10);
    attempt(testCall(), 1, 200, 10);
    for (const nth of [4, 5, 9]) attempt(call, nth, 200, nth * 10);
    const whole = ['1', '2', '3', '4', '5+'].map((nth) => counted('complete', nth));
    assert.deepEqual([counted('503', '1'), counted('RESET', '2')], [1, 1]);
    assert.deepEqual(whole, [2, 0, 1, 1, 2]);
  });

  it('are timed one by one, with method, status and error', () => {
    const call = testCall();
    attempt(call, 1, 503, 10);
    attempt(call, 2, 201, 1_000);
    attempt(testCall({ method: 'GET' }), 1, 200, 10);
    attempt(testCall({ method: 'MADE-UP' }), 1, 200, 10);
    assert.deepEqual(timed('POST', '503', '503'), [1, 0.5]);
    assert.deepEqual(timed('POST', '201', ''), [1, 0.5]);
    assert.deepEqual(timed('GET', '200', ''), [1, 0.5]);
    assert.deepEqual(timed('_OTHER', '200', ''), [1, 0.5]);
  });

  it('have the status of their answer also when it broke, and none without one', () => {
    const own = testCall();
    attempts.attemptBegan(target, own);
    own.timeline.beginAttempt(0);
    own.timeline.firstWriteAt = 0;
    attempts.attemptAnswered(target, own, headOf(200));
    attempts.attemptOver(target, own, outcomeOfError(new CallError('STREAM_CUT')), 500);
    attempt(testCall(), 1, new CallError('RESET'), 10);
    assert.deepEqual(timed('POST', '200', 'STREAM_CUT'), [1, 0.5]);
    assert.deepEqual(timed('POST', '', 'RESET'), [1, 0.5]);
  });

  it('have no time where nothing was sent, also behind one that was', () => {
    const refused = new CallError('CONNECT_FAILED');
    attempt(testCall(), 1, refused);
    const call = testCall();
    attempt(call, 1, 503, 10);
    attempt(call, 2, refused);
    attempt(call, 3, 200, 2_000);
    assert.deepEqual(timed('POST', '', 'CONNECT_FAILED'), [0, 0]);
    assert.deepEqual(timed('POST', '503', 'CONNECT_FAILED'), [0, 0]);
    assert.deepEqual(timed('POST', '200', ''), [1, 0.5]);
  });
});
