import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checked } from '../../core/checked.ts';
import { CallError } from '../../core/errors.ts';
import { stack } from '../../core/layer.ts';
import type { Service } from '../../core/layer.ts';
import type { Sink } from '../../core/sink.ts';
import { freeFlow } from '../../core/sink.ts';
import { Sweep } from '../../core/sweep.ts';
import { RecordingSink } from '../../testing/recording-sink.ts';
import { ScriptedService, byHand, testHead } from '../../testing/scripted-service.ts';
import type { ServiceScript } from '../../testing/scripted-service.ts';
import { testCall } from '../../testing/test-call.ts';
import type { TestCallOptions } from '../../testing/test-call.ts';
import { VirtualClock } from '../../testing/virtual-clock.ts';
import type { DeadlineObserver } from './deadline-observer.ts';
import { deadlineLayer } from './deadline.ts';

/** What a rig may have other than a script: any service below, and what answers usually take. */
interface RigOptions {
  readonly below?: Service;
  readonly p50?: number | undefined;
}

/** A stack of this layer alone. */
function rig(script: ServiceScript, { below, p50 }: RigOptions = {}) {
  const clock = new VirtualClock(0);
  const sweep = new Sweep(clock);
  const said: string[] = [];
  const observer: DeadlineObserver = {
    fieldIgnored: (field) => said.push(`ignored ${field}`),
    refused: (why) => said.push(`refused ${why}`),
    spared: () => said.push('spared'),
    cut: (phase) => said.push(`cut ${phase}`),
  };
  const upstream = new ScriptedService(clock, script);
  const latency = { firstByteP50: () => p50 };
  const layer = deadlineLayer({ clock, sweep, observer, latency });
  const service = stack([layer], below ?? upstream.service, { between: checked });
  const send = (options: TestCallOptions = {}) => {
    const sink = new RecordingSink({ now: () => clock.now() });
    const call = testCall({ now: clock.now(), ...options });
    service(call, sink);
    return { sink, call };
  };
  return { clock, sweep, upstream, said, send };
}

const own = (ms: number) => ({ headers: { 'x-deadline-ms': String(ms) } });
const sdk = (seconds: number) => ({ headers: { 'x-stainless-timeout': String(seconds) } });

describe('the deadline layer', () => {
  it('hands on the very call and sink of a caller who says nothing, and sweeps nothing', () => {
    const seen: unknown[] = [];
    const clock = new VirtualClock(0);
    const sweep = new Sweep(clock);
    const layer = deadlineLayer({ clock, sweep });
    const service = layer.wrap((call, sink) => seen.push(call, sink));
    const call = testCall();
    const sink = new RecordingSink();
    service(call, sink);
    assert.deepEqual(seen, [call, sink]);
    assert.equal(seen[0], call);
    assert.equal(seen[1], sink);
    assert.equal(sweep.size, 0);
  });

  for (const [field, value] of [
    ['x-deadline-ms', '5000'],
    ['grpc-timeout', '5S'],
    ['x-envoy-expected-rq-timeout-ms', '5000'],
  ] as const) {
    it(`tells all below how long ${field} leaves, from the first byte of the request on`, () => {
      const { clock, upstream, send } = rig(byHand);
      clock.advance(700);
      send({ headers: { [field]: value }, now: 300 });
      assert.equal(upstream.last.call.deadline, 5_300);
    });

    it(`answers at the time that ${field} gave, by cancelling what works below`, () => {
      const { clock, sweep, upstream, said, send } = rig(byHand);
      const { sink, call } = send({ headers: { [field]: value } });
      clock.advance(4_999);
      assert.equal(sink.isOver, false);
      clock.advance(101);
      assert.equal(sink.error?.code, 'DEADLINE_EXCEEDED');
      assert.equal(sink.error?.phase, 'wait');
      assert.match(sink.error?.message ?? '', new RegExp(`${field} gave it 5 s\\.`));
      assert.equal(upstream.last.cancelledWith, sink.error);
      assert.equal(call.cancellation.reason, undefined);
      assert.equal(sweep.size, 0);
      assert.deepEqual(said, ['cut wait']);
    });

    it(`cuts a producing stream at the time that ${field} gave: the caller asked for it`, () => {
      const chunks = Array.from({ length: 100 }, () => ({ afterMs: 100, bytes: 'x' }));
      const { clock, said, send } = rig({ chunks });
      const { sink } = send({ headers: { [field]: value } });
      clock.advance(5_101);
      assert.equal(sink.error?.code, 'DEADLINE_EXCEEDED');
      assert.equal(sink.error?.phase, 'stream');
      assert.deepEqual(said, ['cut stream']);
    });
  }

  it('gives a head as long as x-stainless-timeout says', () => {
    const { clock, upstream, said, send } = rig(byHand);
    const { sink } = send(sdk(60));
    clock.advance(59_999);
    assert.equal(sink.isOver, false);
    clock.advance(101);
    assert.equal(sink.error?.code, 'DEADLINE_EXCEEDED');
    assert.match(sink.error?.message ?? '', /x-stainless-timeout gave it 60 s to the head/);
    assert.equal(upstream.last.cancelledWith?.code, 'DEADLINE_EXCEEDED');
    assert.deepEqual(said, ['cut wait']);
  });

  it('never cuts a stream by x-stainless-timeout, because that timer ends with the head', () => {
    const { clock, sweep, upstream, said, send } = rig(byHand);
    const { sink, call } = send(sdk(60));
    assert.equal(upstream.last.call.deadline, Infinity);
    clock.advance(50_000);
    upstream.last.start();
    assert.equal(sweep.size, 0);
    clock.advance(3_600_000);
    upstream.last.chunk('late');
    upstream.last.end();
    assert.deepEqual(sink.story, ['start 200', 'chunk 4', 'end']);
    assert.deepEqual(said, []);
    call.cancellation.cancel(new CallError('CALLER_GONE'));
    assert.equal(upstream.last.cancelledWith, undefined);
  });

  it('keeps an explicit deadline beside the timer of an SDK after the head', () => {
    const { clock, upstream, send } = rig(byHand);
    const { sink } = send({ headers: { 'x-stainless-timeout': '5', 'grpc-timeout': '9S' } });
    clock.advance(4_000);
    upstream.last.start();
    clock.advance(4_999);
    assert.equal(sink.isOver, false);
    clock.advance(101);
    assert.match(sink.error?.message ?? '', /grpc-timeout gave it 9 s\./);
  });

  it('does not take an informational head for the head', () => {
    const { clock, upstream, send } = rig(byHand);
    const { sink } = send(sdk(5));
    upstream.last.interim(103);
    clock.advance(5_101);
    assert.deepEqual(sink.story, ['interim 103', 'fail DEADLINE_EXCEEDED']);
  });

  it('only ever shortens a deadline that the call has already, and enforces it too', () => {
    const { clock, upstream, send } = rig(byHand);
    const early = send({ ...own(9_000), deadline: 4_000 });
    assert.equal(upstream.last.call.deadline, 4_000);
    send({ ...own(3_000), deadline: 4_000 });
    assert.equal(upstream.last.call.deadline, 3_000);
    const bare = send({ deadline: 4_000 });
    clock.advance(4_100);
    assert.equal(early.sink.error?.code, 'DEADLINE_EXCEEDED');
    assert.equal(bare.sink.error?.code, 'DEADLINE_EXCEEDED');
  });

  it('passes on that the caller has left', () => {
    const { sweep, upstream, send } = rig(byHand);
    const { sink, call } = send(own(5_000));
    call.cancellation.cancel(new CallError('CALLER_GONE'));
    assert.equal(upstream.last.cancelledWith?.code, 'CALLER_GONE');
    assert.equal(sink.error?.code, 'CALLER_GONE');
    assert.equal(sweep.size, 0);
  });

  it('lets go of the call and the sweep at every end, also one that comes at once', () => {
    const scripts: ServiceScript[] = [{}, { chunks: ['x'] }, { failBeforeHead: 'RESET' }];
    for (const script of scripts) {
      const { sweep, upstream, send } = rig(script);
      const { sink, call } = send(own(5_000));
      assert.equal(sink.isOver, true);
      assert.equal(sweep.size, 0);
      call.cancellation.cancel(new CallError('CALLER_GONE'));
      assert.equal(upstream.last.call.cancellation.reason, undefined);
    }
  });
});

describe('the deadline layer above layers that do not listen', () => {
  it('answers itself, and lets nothing pass that comes later', () => {
    let below: Sink | undefined;
    const deaf: Service = (_call, sink) => {
      below = sink;
    };
    const { clock, sweep, send } = rig(byHand, { below: deaf });
    const { sink } = send(own(1_000));
    clock.advance(1_100);
    assert.equal(sink.error?.code, 'DEADLINE_EXCEEDED');
    assert.equal(sweep.size, 0);
    below?.interim(testHead(103));
    below?.start(testHead(), freeFlow);
    below?.chunk(Buffer.from('x'));
    below?.end();
    assert.deepEqual(sink.story, ['fail DEADLINE_EXCEEDED']);
  });

  it('takes an answer that was at hand when the head was due, but not past a deadline', () => {
    for (const [options, story] of [
      [sdk(1), ['start 200', 'chunk 5', 'end']],
      [own(1_000), ['start 200', 'fail DEADLINE_EXCEEDED']],
    ] as const) {
      let below: Sink | undefined;
      // As a cache does that keeps an old answer for such cases.
      const fallback: Service = (call, sink) => {
        below = sink;
        call.cancellation.listen({ cancelled: () => sink.start(testHead(), freeFlow) });
      };
      const { clock, send } = rig(byHand, { below: fallback });
      const { sink } = send(options);
      clock.advance(1_200);
      below?.chunk(Buffer.from('stale'));
      below?.end();
      assert.deepEqual(sink.story, story);
    }
  });
});

describe('the deadline layer before anything is spent', () => {
  it('refuses a call whose time is over, each time', () => {
    const { clock, upstream, said, send } = rig(byHand);
    clock.advance(500);
    for (const options of [own(0), own(-20), { ...own(400), now: 50 }, { deadline: 500 }]) {
      const { sink } = send(options);
      assert.equal(sink.error?.code, 'DEADLINE_EXCEEDED');
      assert.equal(sink.error?.status, 504);
      assert.equal(sink.error?.phase, 'admit');
    }
    assert.equal(upstream.calls.length, 0);
    assert.deepEqual(said, Array(4).fill('refused over'));
  });

  it('refuses a malformed deadline of our own with 400, and says how to write one', () => {
    const { upstream, said, send } = rig(byHand);
    const { sink } = send({ headers: { 'x-deadline-ms': `30s${'"'.repeat(99)}` } });
    assert.equal(sink.error?.code, 'BAD_REQUEST');
    assert.equal(sink.error?.status, 400);
    assert.match(sink.error?.detail ?? '', /^x-deadline-ms is "30s.{70,90}; send the millisec/);
    assert.equal(upstream.calls.length, 0);
    assert.deepEqual(said, ['refused malformed']);
  });

  it('ignores what others send malformed, and counts it', () => {
    const { clock, sweep, upstream, said, send } = rig(byHand);
    send({ headers: { 'grpc-timeout': '5s', 'x-stainless-timeout': 'NOT_GIVEN' } });
    assert.equal(upstream.last.call.deadline, Infinity);
    assert.equal(sweep.size, 0);
    clock.advance(60_000);
    assert.equal(upstream.last.cancelledWith, undefined);
    assert.deepEqual(said, ['ignored grpc-timeout', 'ignored x-stainless-timeout']);
  });

  it('refuses a fifth of the calls that have less than half the usual time, not more', () => {
    const { upstream, said, send } = rig(byHand, { p50: 10_000 });
    const codes = Array.from({ length: 50 }, () => send(own(4_999)).sink.error);
    const refused = codes.filter((error) => error !== undefined);
    assert.equal(refused.length, 10);
    assert.equal(upstream.calls.length, 40);
    assert.equal(refused[0]?.code, 'DEADLINE_EXCEEDED');
    assert.equal(refused[0]?.shouldRetry, false);
    assert.match(refused[0]?.detail ?? '', /^4999 ms are left, .* after 10000 ms\.$/);
    assert.equal(said.filter((word) => word === 'refused hopeless').length, 10);
    assert.equal(said.filter((word) => word === 'spared').length, 40);
  });

  it('refuses nobody who has half the usual time, or where it is not known', () => {
    for (const p50 of [10_000, undefined]) {
      const { upstream, send } = rig(byHand, { p50 });
      for (let sent = 0; sent < 20; sent += 1) send(own(p50 === undefined ? 1 : 5_000));
      assert.equal(upstream.calls.length, 20);
    }
  });

  it('holds the timer of an SDK against the usual time as well', () => {
    const { said, send } = rig(byHand, { p50: 10_000 });
    for (let sent = 0; sent < 5; sent += 1) send(sdk(4));
    assert.equal(said.filter((word) => word === 'refused hopeless').length, 1);
  });
});
