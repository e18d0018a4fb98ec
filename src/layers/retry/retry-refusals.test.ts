import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CallScript } from '../../testing/scripted-service.ts';
import { testTarget } from '../../testing/test-call.ts';
import { VirtualClock } from '../../testing/virtual-clock.ts';
import { errorEvent, EVENTS, opening, RetryRig, stream, strict, whole } from './retry.fixture.ts';

const ADVICE = 'x-should-retry';
const busy = (retryAfter: string): CallScript => ({
  status: 503,
  headers: { 'retry-after': retryAfter },
  chunks: ['{"why":"busy"}'],
});

describe('a wait that is asked for', () => {
  it('is kept in every form', () => {
    const wallStart = new VirtualClock().wallNow();
    const date = new Date(wallStart).toUTCString();
    const inTwo = new Date(wallStart + 2_000).toUTCString();
    const forms: Record<string, string>[] = [
      { 'retry-after': '2' },
      { 'retry-after-ms': '2000' },
      { 'retry-after-ms': '2000', 'retry-after': '7' },
      { 'retry-after': inTwo, date },
      { 'retry-after': inTwo },
    ];
    for (const headers of forms) {
      const rig = new RetryRig([{ status: 429, headers, chunks: ['{}'] }, stream]);
      const { sink } = rig.send();
      rig.clock.advance(1_990);
      assert.equal(rig.upstream.calls.length, 1, JSON.stringify(headers));
      rig.clock.advance(220);
      assert.equal(sink.text, whole);
    }
  });

  it('is no wait for another place', () => {
    const targets = [testTarget(1), testTarget(2)];
    for (const seconds of ['30', '3600']) {
      const rig = new RetryRig([busy(seconds), stream]);
      assert.equal(rig.send({ route: { targets } }).sink.text, whole);
    }
  });

  it('counts once every place has asked for one: the shortest of them', () => {
    const targets = [testTarget(1), testTarget(2)];
    const rig = new RetryRig([busy('20'), busy('5'), stream]);
    const { sink } = rig.send({ route: { targets } });
    assert.equal(rig.upstream.calls.length, 2);
    rig.clock.advance(4_990);
    assert.equal(rig.upstream.calls.length, 2);
    rig.clock.advance(520);
    assert.equal(sink.text, whole);
  });

  it('is passed on when it is longer than a minute', () => {
    const rig = new RetryRig(busy('61'));
    const { sink } = rig.send();
    assert.equal(sink.text, '{"why":"busy"}');
    assert.equal(sink.head?.headers.has(ADVICE), false);
    assert.deepEqual(rig.denied, ['retry-after']);
  });

  it('is passed on when it would last beyond the deadline', () => {
    const rig = new RetryRig(busy('5'));
    const { sink } = rig.send({ deadline: rig.clock.now() + 4_000 });
    assert.equal(sink.status, 503);
    assert.deepEqual(rig.denied, ['deadline']);
    const inTime = new RetryRig([busy('5'), stream]);
    const { sink: late } = inTime.send({ deadline: inTime.clock.now() + 6_000 });
    inTime.clock.advance(6_000);
    assert.equal(late.text, whole);
  });
});

describe('the deadline', () => {
  it('forbids a wait of our own that would reach it', () => {
    let made = 0;
    for (let round = 0; round < 20; round += 1) {
      const rig = new RetryRig({ status: 529 });
      const deadline = rig.clock.now() + 200;
      rig.send({ deadline });
      rig.clock.advance(30_000);
      for (const { call } of rig.upstream.calls) {
        assert.ok(call.attempt === 1 || call.timeline.acquiredAt < deadline);
      }
      made += rig.upstream.calls.length;
    }
    assert.ok(made >= 20);
  });
});

describe('the last word of the layer', () => {
  it('is the upstream’s own answer, with the advice not to go on', () => {
    const words = '{"error":{"message":"Overloaded"}}';
    const headers = { 'X-Should-Retry': 'true', 'request-id': 'r1' };
    const rig = new RetryRig({ status: 529, headers, chunks: [words] });
    const { sink } = rig.send();
    rig.clock.advance(20_000);
    assert.equal(rig.upstream.calls.length, 3);
    assert.equal(sink.status, 529);
    assert.equal(sink.text, words);
    assert.deepEqual(sink.head?.headers.all(ADVICE), ['false']);
    assert.equal(sink.head?.headers.get('request-id'), 'r1');
    assert.deepEqual(rig.denied, ['attempts']);
    rig.assertNothingLeft();
  });

  it('is the error with that advice when there is no answer', () => {
    const rig = new RetryRig({ failBeforeHead: 'RESET' });
    const { sink } = rig.send();
    rig.clock.advance(20_000);
    assert.equal(sink.error?.code, 'RESET');
    assert.equal(sink.error?.shouldRetry, false);
    assert.deepEqual(rig.retried, ['RESET', 'RESET']);
  });

  it('is untouched where nothing was tried again', () => {
    const rig = new RetryRig({ status: 500, chunks: ['oops'] });
    const { sink } = rig.send({ route: strict });
    assert.equal(sink.status, 500);
    assert.equal(sink.head?.headers.has(ADVICE), false);
    assert.equal(rig.upstream.calls.length, 1);
  });

  it('advises against going on when an attempt of ours ended where none may follow', () => {
    const rig = new RetryRig([{ status: 503 }, { status: 500, chunks: ['oops'] }]);
    const { sink } = rig.send({ route: strict });
    rig.clock.advance(5_000);
    assert.equal(sink.status, 500);
    assert.equal(sink.head?.headers.get(ADVICE), 'false');
  });

  it('leaves what is not the upstream’s as it is', () => {
    for (const code of ['NO_TARGET', 'DRAINING', 'DEADLINE_EXCEEDED', 'BUG'] as const) {
      const rig = new RetryRig([{ status: 503 }, { failBeforeHead: code }]);
      const { sink } = rig.send();
      rig.clock.advance(5_000);
      assert.equal(sink.error?.code, code);
      assert.equal(sink.error?.shouldRetry, undefined);
      assert.equal(rig.upstream.calls.length, 2);
      rig.assertNothingLeft();
    }
  });

  it('obeys an upstream that forbids another attempt', () => {
    const rig = new RetryRig({ status: 529, headers: { [ADVICE]: 'false' }, chunks: ['no'] });
    assert.equal(rig.send().sink.text, 'no');
    assert.equal(rig.upstream.calls.length, 1);
  });
});

describe('an account without money', () => {
  const words = '{"error":{"type":"insufficient_quota","code":"insufficient_quota"}}';
  const money = { status: 429, chunks: [words] };

  it('is not asked again', () => {
    const rig = new RetryRig(money);
    const { sink } = rig.send();
    assert.equal(sink.text, words);
    assert.equal(sink.head?.headers.get(ADVICE), 'false');
    assert.equal(rig.upstream.calls.length, 1);
    assert.deepEqual(rig.denied, ['quota']);
    rig.assertNothingLeft();
  });

  it('is not asked again when an event tells of it', () => {
    const said = errorEvent('insufficient_quota');
    const rig = new RetryRig({ headers: EVENTS, chunks: [said] });
    assert.equal(rig.send().sink.text, said);
    assert.deepEqual(rig.denied, ['quota']);
  });

  it('is no reason to leave another account alone', () => {
    const at = (port: number, credential: string | undefined) =>
      testTarget(port, { route: { credential } });
    const same = [at(1, 'one'), at(2, 'one')];
    const other = [at(1, 'one'), at(2, 'two')];
    assert.equal(new RetryRig([money, stream]).send({ route: { targets: same } }).sink.status, 429);
    const rig = new RetryRig([money, stream]);
    assert.equal(rig.send({ route: { targets: other } }).sink.text, whole);
    const poor = new RetryRig(money);
    poor.send({ route: { targets: other } });
    poor.clock.advance(60_000);
    assert.equal(poor.upstream.calls.length, 2);
  });
});

describe('calls that must not run twice', () => {
  it('are made again after a refusal or when nothing was sent', () => {
    for (const first of [
      { status: 429 },
      { status: 503 },
      { status: 529 },
      { failBeforeHead: 'CONNECT_FAILED' as const },
    ]) {
      const rig = new RetryRig([first, stream]);
      const { sink } = rig.send({ route: strict });
      rig.clock.advance(5_000);
      assert.equal(sink.text, whole);
    }
  });

  it('are not after anything else', () => {
    const rest: CallScript[] = [
      { status: 408 },
      { status: 409, headers: { [ADVICE]: 'true' } },
      { status: 500 },
      { status: 502 },
      { status: 504 },
      { failBeforeHead: 'RESET' },
      { failBeforeHead: 'STALE_CONNECTION' },
      { failBeforeHead: 'FIRST_BYTE_TIMEOUT' },
      { headers: EVENTS, chunks: opening, ending: 'STREAM_CUT' },
      { headers: EVENTS, chunks: [errorEvent('overloaded_error')] },
    ];
    for (const first of rest) {
      const rig = new RetryRig([first, stream]);
      const { sink } = rig.send({ route: strict });
      rig.clock.advance(60_000);
      assert.equal(sink.isOver, true);
      assert.equal(rig.upstream.calls.length, 1, JSON.stringify(first));
      rig.assertNothingLeft();
    }
  });
});
