import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Progress } from '../core/dialect.ts';
import { CallError } from '../core/errors.ts';
import type { ErrorCode } from '../core/errors.ts';
import { testCall } from '../testing/test-call.ts';
import { accessLine } from './access-log.ts';

describe('the access log line', () => {
  it('is one line of JSON with verdict, phases and reuse', () => {
    const call = testCall({ path: '/v1/messages?key=secret' });
    Object.assign(call.timeline, {
      acquiredAt: call.timeline.startedAt + 1,
      connectedAt: call.timeline.startedAt + 3,
      firstWriteAt: call.timeline.startedAt + 4,
      sentAt: call.timeline.startedAt + 5,
      firstByteAt: call.timeline.startedAt + 25,
      lastByteAt: call.timeline.startedAt + 100,
      endedAt: call.timeline.startedAt + 101,
      endpoint: 'api:443',
      attempts: 1,
      status: 200,
    });
    const text = accessLine(call, undefined, 0);
    assert.equal(text.indexOf('\n'), text.length - 1);
    const line = JSON.parse(text);
    assert.equal(line.verdict, 'complete');
    assert.equal(line.path, '/v1/messages');
    assert.deepEqual(line.ms, {
      total: 101,
      connect: 2,
      acquire: 1,
      send: 1,
      wait: 20,
      stream: 75,
    });
  });

  it('names the waits that most calls are spared, and the key it came with', () => {
    const call = testCall({ caller: { name: 'nightly', tenant: 'data', priority: 'batch' } });
    const { startedAt } = call.timeline;
    Object.assign(call.timeline, {
      routedAt: startedAt + 1,
      receivedAt: startedAt + 21,
      admittedAt: startedAt + 301,
      backoffMs: 40.26,
      endedAt: startedAt + 400,
    });
    const { ms, caller } = JSON.parse(accessLine(call, undefined, 0));
    assert.deepEqual(ms, { total: 400, route: 1, receive: 20, queue: 300, backoff: 40.3 });
    assert.equal(caller, 'nightly');
    const spared = JSON.parse(accessLine(testCall(), undefined, 0));
    assert.deepEqual([spared.caller, spared.ms.queue], [undefined, undefined]);
  });

  it('never shows the query, where keys travel', () => {
    assert.doesNotMatch(accessLine(testCall({ path: '/x?key=secret' }), undefined, 0), /secret/);
  });

  it('says who ended the call, why, and what to change', () => {
    const line = JSON.parse(accessLine(testCall(), new CallError('STREAM_CUT'), 0));
    assert.equal(line.verdict, 'STREAM_CUT');
    assert.equal(line.closedBy, 'upstream');
    assert.equal(line.level, 'error');
    assert.match(line.why, /broke in the middle/);
    assert.ok(line.advice.length > 10);
  });

  it('says whose an error is that was told inside an answer, why and what to do', () => {
    const call = testCall();
    call.timeline.endpoint = 'api:443';
    call.timeline.progress = new Progress();
    call.timeline.progress.errorType = 'overloaded_error';
    for (const isDocument of [false, true]) {
      call.timeline.progress.isDocument = isDocument;
      const line = JSON.parse(accessLine(call, undefined, 0));
      assert.equal(line.verdict, 'UPSTREAM_ERROR_EVENT');
      assert.deepEqual([line.level, line.origin, line.phase], ['error', 'upstream', 'stream']);
      assert.equal(line.closedBy, 'upstream');
      assert.equal(line.streamError, 'overloaded_error');
      assert.match(line.why, /overloaded_error/);
      // A document was no stream, and had no event.
      assert.doesNotMatch(line.why, /\b(stream|event)\b/);
      assert.ok(line.advice.length > 10);
    }
  });

  it('takes a refusal of what the caller asked for no failure, converted or not', () => {
    const call = testCall();
    call.timeline.status = 400;
    call.timeline.progress = new Progress();
    call.timeline.progress.errorType = 'invalid_request_error';
    const line = JSON.parse(accessLine(call, undefined, 0));
    assert.deepEqual([line.verdict, line.level], ['complete', 'info']);
  });

  it('names who closed the connection, whoever is to blame for it', () => {
    const closed = (code: ErrorCode): readonly string[] => {
      const line = JSON.parse(accessLine(testCall(), new CallError(code), 0));
      return [line.origin, line.closedBy];
    };
    assert.deepEqual(closed('FIRST_BYTE_TIMEOUT'), ['upstream', 'gateway']);
    assert.deepEqual(closed('STREAM_IDLE'), ['upstream', 'gateway']);
    assert.deepEqual(closed('CALLER_STALLED'), ['caller', 'gateway']);
    assert.deepEqual(closed('QUOTA_EXCEEDED'), ['caller', 'gateway']);
    assert.deepEqual(closed('RESET'), ['upstream', 'upstream']);
    assert.deepEqual(closed('CALLER_GONE'), ['caller', 'caller']);
  });

  it('does not say that an upstream ended what none was asked for', () => {
    const call = testCall();
    assert.equal(JSON.parse(accessLine(call, undefined, 0)).closedBy, 'gateway');
    call.timeline.endpoint = 'api:443';
    assert.equal(JSON.parse(accessLine(call, undefined, 0)).closedBy, 'upstream');
  });

  it('marks counts of tokens that are estimates', () => {
    const call = testCall();
    call.timeline.progress = new Progress();
    assert.equal(JSON.parse(accessLine(call, undefined, 0)).tokensEstimated, undefined);
    call.timeline.progress.tokensEstimated = true;
    assert.equal(JSON.parse(accessLine(call, undefined, 0)).tokensEstimated, true);
  });

  it('stays JSON whatever an upstream names its model', () => {
    const call = testCall();
    call.timeline.progress = new Progress();
    call.timeline.progress.model = 'a"b\\c\n\u2028';
    assert.equal(JSON.parse(accessLine(call, undefined, 0)).model, 'a"b\\c\n\u2028');
  });

  it('does not call a departed caller an error', () => {
    const line = JSON.parse(accessLine(testCall(), new CallError('CALLER_GONE'), 0));
    assert.equal(line.level, 'info');
    assert.equal(line.closedBy, 'caller');
  });
});
