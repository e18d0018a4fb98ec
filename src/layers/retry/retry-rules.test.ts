import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CallError } from '../../core/errors.ts';
import { HeaderList } from '../../core/header-list.ts';
import { outcomeOfEvent, outcomeOfHead } from '../../core/outcome.ts';
import { seededRandom } from '../../core/random.ts';
import { testHead } from '../../testing/scripted-service.ts';
import { testCall } from '../../testing/test-call.ts';
import { backoffMs } from './backoff.ts';
import { defaultRetryOptions } from './options.ts';
import {
  failureOfError,
  failureOfEvent,
  failureOfHead,
  isQuotaGone,
  mayRepeat,
} from './retry-rules.ts';

function byStatus(status: number, fields: Record<string, string> = {}) {
  const head = testHead(status, fields);
  return failureOfHead(status, head.headers, outcomeOfHead(head, 0));
}

describe('a failure worth another attempt', () => {
  it('is one of the statuses that pass', () => {
    const again = [408, 425, 429, 500, 502, 503, 504, 529];
    for (let status = 400; status < 600; status += 1) {
      assert.equal(byStatus(status) !== undefined, again.includes(status), String(status));
    }
  });

  it('is what the upstream says it is', () => {
    assert.equal(byStatus(500, { 'x-should-retry': 'false' }), undefined);
    assert.notEqual(byStatus(409, { 'x-should-retry': 'true' }), undefined);
    assert.equal(byStatus(409), undefined);
  });

  it('leaves the request untouched only when it was refused', () => {
    for (const status of [429, 503, 529]) assert.equal(byStatus(status)?.untouched, true);
    for (const status of [408, 500, 502, 504]) assert.equal(byStatus(status)?.untouched, false);
  });

  it('is an error event for load or of a defect, not one about the request', () => {
    assert.equal(failureOfEvent(outcomeOfEvent('overloaded_error'))?.forLoad, true);
    assert.equal(failureOfEvent(outcomeOfEvent('api_error'))?.forLoad, false);
    assert.equal(failureOfEvent(outcomeOfEvent('invalid_request_error')), undefined);
  });

  it('is a fault of the upstream, never of the caller or of ours', () => {
    assert.equal(failureOfError(new CallError('CONNECT_FAILED'))?.untouched, true);
    assert.equal(failureOfError(new CallError('RESET'))?.untouched, false);
    for (const code of ['CALLER_GONE', 'DRAINING', 'NO_TARGET', 'DEADLINE_EXCEEDED'] as const) {
      assert.equal(failureOfError(new CallError(code)), undefined, code);
    }
  });

  it('is a matter of money when its cause or its words say so', () => {
    const throttled = byStatus(429);
    const broken = byStatus(500);
    assert.ok(throttled !== undefined && broken !== undefined);
    for (const words of [
      '{"error":{"code":"insufficient_quota"}}',
      '{"error":{"details":{"error_code":"enforced_spend_limit_reached"}}}',
      '{"error":{"code":"billing_hard_limit_reached"}}',
      'Your credit balance is too low to access the API.',
    ]) {
      assert.equal(isQuotaGone(throttled, words), true, words);
      assert.equal(isQuotaGone(broken, words), false, words);
    }
    assert.equal(isQuotaGone(throttled, '{"error":{"type":"rate_limit_error"}}'), false);
    const event = failureOfEvent(outcomeOfEvent('insufficient_quota'));
    assert.equal(event !== undefined && isQuotaGone(event, ''), true);
  });
});

describe('a call that may be made again', () => {
  it('is idempotent, keyed, a completion, or declared to be', () => {
    const other = { kind: 'other', replay: 'strict' } as const;
    assert.equal(mayRepeat(testCall({ method: 'GET', route: other })), true);
    assert.equal(mayRepeat(testCall({ method: 'POST', route: other })), false);
    const keyed = HeaderList.of([['Idempotency-Key', 'a']]);
    assert.equal(mayRepeat(testCall({ route: other, headers: keyed })), true);
    assert.equal(mayRepeat(testCall({ route: { ...other, replay: 'always' } })), true);
    assert.equal(mayRepeat(testCall({ route: { ...other, replay: 'idle-race' } })), false);
    assert.equal(mayRepeat(testCall({ route: { kind: 'completion', replay: 'idle-race' } })), true);
    assert.equal(mayRepeat(testCall({ route: { kind: 'completion', replay: 'strict' } })), false);
  });
});

describe('the wait before another attempt', () => {
  const random = seededRandom(1);
  const waits = (attempt: number, forLoad: boolean, floorMs = 0): number[] =>
    Array.from({ length: 500 }, () =>
      backoffMs(defaultRetryOptions, random, attempt, forLoad, floorMs),
    );

  it('is drawn from nothing up to a doubling bound', () => {
    for (const [attempt, forLoad, mostMs] of [
      [1, false, 50],
      [2, false, 100],
      [1, true, 1_000],
      [9, true, 8_000],
    ] as const) {
      const all = waits(attempt, forLoad);
      assert.ok(Math.max(...all) <= mostMs && Math.max(...all) > 0.9 * mostMs);
      assert.ok(Math.min(...all) < 0.1 * mostMs);
    }
  });

  it('never undercuts what was asked for', () => {
    const all = waits(1, true, 3_000);
    assert.ok(Math.min(...all) >= 3_000 && Math.max(...all) <= 3_300);
    assert.ok(Math.max(...waits(1, true, 50_000)) <= 51_000);
  });
});
