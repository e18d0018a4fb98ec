import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Progress } from '../core/dialect.ts';
import { CallError } from '../core/errors.ts';
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

  it('does not call a stream complete that ended with the error event of its upstream', () => {
    const call = testCall();
    call.timeline.progress = new Progress();
    call.timeline.progress.errorType = 'overloaded_error';
    const line = JSON.parse(accessLine(call, undefined, 0));
    assert.equal(line.verdict, 'UPSTREAM_ERROR_EVENT');
    assert.equal(line.streamError, 'overloaded_error');
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
