import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { errorTable } from './error-table.ts';
import { CallError } from './errors.ts';
import type { ErrorCode } from './errors.ts';
import { HeaderList } from './header-list.ts';
import type { Head } from './sink.ts';
import { kindOfStatus, outcomeOfError, outcomeOfEvent, outcomeOfHead } from './outcome.ts';

describe('what an attempt says about its target', () => {
  it('follows from the status', () => {
    const kinds: Record<number, string> = {
      101: 'ok',
      200: 'ok',
      304: 'ok',
      400: 'rejected',
      401: 'rejected',
      404: 'rejected',
      429: 'throttled',
      500: 'failed',
      501: 'rejected',
      502: 'failed',
      503: 'overloaded',
      504: 'failed',
      529: 'overloaded',
    };
    for (const [status, kind] of Object.entries(kinds)) {
      assert.equal(kindOfStatus(Number(status)), kind, status);
    }
  });

  it('carries the wait that a refusal asks for', () => {
    const headers = HeaderList.of([['retry-after', '2']]);
    const head = { status: 429, reason: '', headers, framing: 'none', contentLength: -1 } as const;
    const outcome = outcomeOfHead(head, 0);
    assert.deepEqual(outcome, { kind: 'throttled', retryAfterMs: 2_000, cause: '429' });
    assert.equal(outcomeOfHead({ ...head, status: 200 }, 0).kind, 'ok');
  });

  it('follows from an error event, and an unknown type never becomes a label', () => {
    assert.equal(outcomeOfEvent('overloaded_error').kind, 'overloaded');
    assert.equal(outcomeOfEvent('rate_limit_error').kind, 'throttled');
    assert.equal(outcomeOfEvent('invalid_request_error').kind, 'rejected');
    assert.deepEqual(outcomeOfEvent('api_error').kind, 'failed');
    assert.equal(outcomeOfEvent('made up').cause, 'error-event');
    assert.equal(outcomeOfEvent('toString').cause, 'error-event');
  });

  it('takes a 429 without a reason for want of room where refusals have no words', () => {
    const kindOf = (fields: readonly [string, string][], refusal?: 'rate' | 'room'): string => {
      const headers = HeaderList.of(fields);
      const head = { status: 429, reason: '', headers, framing: 'none', contentLength: -1 };
      return outcomeOfHead(head as Head, 0, refusal).kind;
    };
    assert.equal(kindOf([], 'room'), 'full');
    assert.equal(kindOf([], 'rate'), 'throttled');
    assert.equal(kindOf([]), 'throttled');
    assert.equal(kindOf([['retry-after', '3']], 'room'), 'throttled');
    assert.equal(kindOf([['x-ratelimit-rule', 'Hourly']], 'room'), 'throttled');
  });

  it('takes a connection closed unanswered for want of room where refusals have no words', () => {
    const reset = new CallError('RESET');
    assert.equal(outcomeOfError(reset, 'room').kind, 'full');
    assert.equal(outcomeOfError(reset, 'rate').kind, 'failed');
    assert.equal(outcomeOfError(new CallError('EMPTY_ANSWER'), 'room').kind, 'failed');
    assert.equal(outcomeOfError(new CallError('STREAM_CUT'), 'room').kind, 'failed');
    assert.equal(outcomeOfError(new CallError('CONNECT_FAILED'), 'room').kind, 'unreachable');
  });

  it('counts only what the upstream did', () => {
    const expected: Partial<Record<ErrorCode, string>> = {
      CONNECT_FAILED: 'unreachable',
      CONNECT_TIMEOUT: 'unreachable',
      TLS_FAILED: 'unreachable',
      TLS_TIMEOUT: 'unreachable',
      PROXY_REFUSED: 'unreachable',
      STALE_CONNECTION: 'ignored',
      PACED: 'ignored',
      UPSTREAM_MESSAGE_TOO_LARGE: 'ignored',
    };
    for (const code of Object.keys(errorTable) as ErrorCode[]) {
      const own = errorTable[code].origin === 'upstream' ? 'failed' : 'ignored';
      assert.equal(outcomeOfError(new CallError(code)).kind, expected[code] ?? own, code);
    }
  });
});
