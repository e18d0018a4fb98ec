import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checked } from '../../core/checked.ts';
import { Progress } from '../../core/dialect.ts';
import { CallError } from '../../core/errors.ts';
import type { ErrorCode } from '../../core/errors.ts';
import { stack } from '../../core/layer.ts';
import { RecordingSink } from '../../testing/recording-sink.ts';
import { ScriptedService, byHand, testHead } from '../../testing/scripted-service.ts';
import type { CallScript } from '../../testing/scripted-service.ts';
import { stubDialect, testCall, testEndpoint } from '../../testing/test-call.ts';
import type { TestCallOptions } from '../../testing/test-call.ts';
import { VirtualClock } from '../../testing/virtual-clock.ts';
import { breakerLayer } from './breaker.ts';
import { Breakers } from './breakers.ts';
import { defaultBreakerOptions, defaultSlowRule } from './options.ts';

const endpoint = testEndpoint(9);
const refused: CallScript = { failBeforeHead: 'CONNECT_FAILED' };
const broken: CallScript = { status: 500 };

/** A stack of the breaker alone over an upstream whose script may change. */
function rig(first: CallScript) {
  const clock = new VirtualClock();
  const breakers = new Breakers({ clock, random: { next: () => 0.5 } });
  const state = { script: first };
  const upstream = new ScriptedService(clock, () => state.script);
  const service = stack([breakerLayer({ clock, breakers })], upstream.service, {
    between: checked,
  });
  const send = (
    options: TestCallOptions = {},
  ): { call: ReturnType<typeof testCall>; sink: RecordingSink } => {
    const call = testCall(options);
    const sink = new RecordingSink();
    service(call, sink);
    return { call, sink };
  };
  const sendMany = (count: number, options: TestCallOptions = {}): void => {
    for (let sent = 0; sent < count; sent += 1) send(options);
  };
  return { clock, breakers, upstream, state, send, sendMany };
}

describe('the breaker layer', () => {
  it('refuses at once when the only endpoint has failed too often, and says when to return', () => {
    const { breakers, upstream, send, sendMany } = rig(broken);
    sendMany(5);
    const { sink } = send();
    assert.equal(upstream.calls.length, 5);
    assert.equal(sink.error?.code, 'NO_TARGET');
    assert.equal(sink.error?.retryAfterMs, 7_500);
    assert.equal(sink.error?.shouldRetry, undefined);
    assert.equal(breakers.stateOf(endpoint.key), 'open');
  });

  const outcomes: readonly (readonly [what: string, script: CallScript, opens: boolean])[] = [
    ['a refused connection', refused, true],
    ['a failed TLS handshake', { failBeforeHead: 'TLS_FAILED' }, true],
    ['a reset before the head', { failBeforeHead: 'RESET' }, true],
    ['silence', { failBeforeHead: 'FIRST_BYTE_TIMEOUT' }, true],
    ['500', { status: 500 }, true],
    ['502', { status: 502 }, true],
    ['503', { status: 503 }, true],
    ['504', { status: 504 }, true],
    ['529', { status: 529 }, true],
    ['a stream that breaks', { chunks: ['x'], ending: 'STREAM_CUT' }, true],
    ['a stream that falls silent', { chunks: ['x'], ending: 'STREAM_IDLE' }, true],
    ['429 alone', { status: 429 }, false],
    ['404', { status: 404 }, false],
    ['a stale connection', { failBeforeHead: 'STALE_CONNECTION' }, false],
    ['a passed deadline', { failBeforeHead: 'DEADLINE_EXCEEDED' }, false],
    ['a caller who left', { failBeforeHead: 'CALLER_GONE' }, false],
    ['a whole answer', { chunks: ['x'] }, false],
  ];
  for (const [what, script, opens] of outcomes) {
    it(`${opens ? 'opens' : 'stays closed'} after five times ${what}`, () => {
      const { breakers, sendMany } = rig(script);
      sendMany(5);
      assert.equal(breakers.stateOf(endpoint.key), opens ? 'open' : 'closed');
    });
  }

  it('opens after ten times 429, by the rate', () => {
    const { breakers, sendMany } = rig({ status: 429, headers: { 'retry-after': '40' } });
    sendMany(10);
    assert.equal(breakers.stateOf(endpoint.key), 'open');
    assert.equal(breakers.view()[0]?.opensInMs, 40_000);
  });

  it('counts an error event after many good ones', () => {
    const { breakers, upstream, send } = rig(byHand);
    for (let count = 0; count < 5; count += 1) {
      const { call } = send();
      upstream.last.start();
      call.timeline.progress = new Progress();
      for (let event = 0; event < 9; event += 1) upstream.last.chunk('data: x\n\n');
      call.timeline.progress.errorType = 'overloaded_error';
      upstream.last.chunk('event: error\n\n');
      upstream.last.end();
    }
    assert.equal(breakers.stateOf(endpoint.key), 'open');
  });

  it('lets one call probe and the others wait for its first byte', () => {
    const { clock, upstream, state, send, sendMany } = rig(broken);
    sendMany(5);
    clock.advance(7_500);
    state.script = byHand;
    send();
    assert.equal(upstream.calls.length, 6);
    assert.equal(send().sink.error?.retryAfterMs, 1_000);
    upstream.last.start();
    for (let count = 0; count < 3; count += 1) send();
    assert.equal(upstream.calls.length, 9);
    assert.equal(send().sink.error?.code, 'NO_TARGET');
    for (const trial of upstream.calls.slice(6)) trial.start();
    assert.equal(send().sink.isOver, false);
    assert.equal(upstream.calls.length, 10);
  });

  it('closes on streams that still run, and hears of it when they break', () => {
    const { clock, breakers, upstream, state, send, sendMany } = rig(broken);
    sendMany(5);
    clock.advance(7_500);
    state.script = byHand;
    send();
    upstream.last.start();
    upstream.last.fail('STREAM_CUT');
    assert.equal(breakers.stateOf(endpoint.key), 'open');
    assert.equal(breakers.view()[0]?.opensInMs, 15_000);
  });

  it('keeps credentials and kinds of routes apart', () => {
    const { send, sendMany } = rig(broken);
    sendMany(5, { fingerprint: 'one' });
    assert.equal(send({ fingerprint: 'one' }).sink.error?.code, 'NO_TARGET');
    assert.equal(send({ fingerprint: 'two' }).sink.status, 500);
    assert.equal(send({ fingerprint: 'one', route: { kind: 'other' } }).sink.status, 500);
    assert.equal(send({ fingerprint: 'one', route: { credential: 'ours' } }).sink.status, 500);
  });

  it('shuts an address that nobody can reach for all credentials', () => {
    const { breakers, send, sendMany } = rig(refused);
    for (const fingerprint of ['a', 'b', 'c', 'd', 'e']) sendMany(1, { fingerprint });
    assert.equal(send({ fingerprint: 'f' }).sink.error?.code, 'NO_TARGET');
    assert.equal(breakers.view()[0]?.scope, 'address');
  });

  it('takes a bad answer as proof that the address can be reached', () => {
    const { state, send, sendMany } = rig(refused);
    for (const fingerprint of ['a', 'b', 'c', 'd']) sendMany(1, { fingerprint });
    state.script = broken;
    sendMany(1, { fingerprint: 'e' });
    state.script = refused;
    sendMany(1, { fingerprint: 'f' });
    assert.equal(send({ fingerprint: 'g' }).sink.error?.code, 'CONNECT_FAILED');
  });

  it('passes calls through that lead to no endpoint', () => {
    const { breakers, send } = rig({ chunks: ['x'] });
    assert.equal(send({ route: { endpoints: [] } }).sink.text, 'x');
    assert.equal(breakers.size, 0);
  });

  it('lets an overruled call pass, which then counts for nothing', () => {
    const { clock, breakers, upstream, sendMany, state } = rig(broken);
    sendMany(5);
    state.script = { chunks: ['x'] };
    const call = testCall();
    const sink = new RecordingSink();
    breakers.overrule(call);
    stack([breakerLayer({ clock, breakers })], upstream.service)(call, sink);
    assert.equal(sink.ended, true);
    assert.equal(breakers.stateOf(endpoint.key), 'open');
  });
});

describe('a caller who leaves', () => {
  const gone = (): CallError => new CallError('CALLER_GONE');
  const phases: readonly (readonly [string, (upstream: ScriptedService) => void])[] = [
    ['before the head', () => {}],
    ['after the head', ({ last }) => last.start()],
    [
      'in the middle of the answer',
      ({ last }) => {
        last.start();
        last.chunk('x');
      },
    ],
  ];
  for (const [phase, reach] of phases) {
    it(`counts for nothing ${phase}`, () => {
      const { breakers, upstream, send } = rig(byHand);
      for (let count = 0; count < 20; count += 1) {
        const { call, sink } = send();
        reach(upstream);
        call.cancellation.cancel(gone());
        assert.equal(sink.error?.code, 'CALLER_GONE');
      }
      const views = breakers
        .view()
        .map(({ state, failuresInARow, successRate }) => [state, failuresInARow, successRate]);
      assert.deepEqual(views, [
        ['closed', 0, 1],
        ['closed', 0, 1],
      ]);
    });

    it(`gives the permit of its probe back ${phase}`, () => {
      const { clock, upstream, state, send, sendMany } = rig(refused);
      sendMany(5);
      clock.advance(7_500);
      state.script = byHand;
      for (let count = 0; count < 3; count += 1) {
        const { call } = send();
        reach(upstream);
        call.cancellation.cancel(gone());
      }
      assert.equal(upstream.calls.length, 8);
      assert.equal(send().sink.isOver, false);
      // Permits left over: none before an answer, of three trials two are spent and one is out.
      assert.equal(send().sink.error?.code, 'NO_TARGET');
    });
  }

  it('counts what was seen before it left', () => {
    const { breakers, upstream, send } = rig(byHand);
    for (let count = 0; count < 5; count += 1) {
      const { call } = send();
      upstream.last.start(testHead(503));
      call.cancellation.cancel(gone());
    }
    assert.equal(breakers.stateOf(endpoint.key), 'open');
    assert.equal(breakers.view()[0]?.timesOpened, 1);
  });
});

describe('an upstream that refuses without a word for want of room', () => {
  for (const script of [{ status: 429 }, { failBeforeHead: 'RESET' }] as const) {
    it(`is not given up for it: ${JSON.stringify(script)}`, () => {
      const { breakers, upstream, send } = rig(script);
      const dialect = { ...stubDialect, silentRefusal: 'room' as const };
      for (let count = 0; count < 30; count += 1) send({ route: { dialect } });
      assert.equal(upstream.calls.length, 30);
      assert.equal(breakers.stateOf(endpoint.key), 'closed');
    });
  }
});

describe('the slow rule in the layer', () => {
  /** Fifty answers after 100 ms each, then as many after `ms` as are asked for. */
  const play = (slowBreaks: readonly string[], slowAnswers: number, ms: number): string => {
    const clock = new VirtualClock();
    const breakers = new Breakers(
      { clock, random: { next: () => 0.5 } },
      { ...defaultBreakerOptions, slow: defaultSlowRule },
    );
    const upstream = new ScriptedService(clock, () => byHand);
    const service = stack(
      [breakerLayer({ clock, breakers }, { slowBreaks: new Set(slowBreaks) })],
      upstream.service,
      { between: checked },
    );
    const answerAll = (calls: number, afterMs: number): void => {
      const before = upstream.calls.length;
      for (let sent = 0; sent < calls; sent += 1) {
        service(testCall({ route: { kind: 'other' } }), new RecordingSink());
      }
      clock.advance(afterMs);
      for (const call of upstream.calls.slice(before)) {
        call.start();
        call.end();
      }
    };
    answerAll(50, 100);
    clock.advance(60_000);
    answerAll(slowAnswers, ms);
    return breakers.stateOf(endpoint.key);
  };
  const judged = testCall({}).route.upstream;

  it('opens after twenty answers that all took far longer than usual', () => {
    assert.equal(play([judged], 19, 15_000), 'closed');
    assert.equal(play([judged], 20, 15_000), 'open');
    assert.equal(play([judged], 20, 9_000), 'closed', 'nothing below ten seconds is slow');
  });

  it('judges no upstream that was not named', () => {
    assert.equal(play([], 40, 15_000), 'closed');
    assert.equal(play(['another'], 40, 15_000), 'closed');
  });
});

describe('an exception below the breaker', () => {
  it('passes on and gives the permit back', () => {
    const { clock, breakers, sendMany, send } = rig(broken);
    sendMany(5);
    clock.advance(7_500);
    const defect = stack([breakerLayer({ clock, breakers })], () => {
      throw new TypeError('a defect');
    });
    assert.throws(() => defect(testCall(), new RecordingSink()), /a defect/);
    const code: ErrorCode | undefined = send().sink.error?.code;
    assert.equal(code, undefined, 'the probe is free again');
  });
});
