import { deepEqual, equal, ok } from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Call } from '../core/call.ts';
import { checked } from '../core/checked.ts';
import { CallError } from '../core/errors.ts';
import { HeaderList } from '../core/header-list.ts';
import { seededRandom } from '../core/random.ts';
import { BufferBudget, ReplayBody } from '../core/replay-body.ts';
import { NEVER } from '../core/timeline.ts';
import { RecordingSink } from '../testing/recording-sink.ts';
import type { RecordingOptions } from '../testing/recording-sink.ts';
import { testCall } from '../testing/test-call.ts';
import { VirtualClock } from '../testing/virtual-clock.ts';
import { planAnswer } from './answer-plan.ts';
import { SIMULATOR_BODY_BYTES_MAX, simulatorService } from './simulator.ts';

interface Running {
  readonly clock: VirtualClock;
  readonly sink: RecordingSink;
  readonly call: Call;
}

interface Given {
  readonly call?: Parameters<typeof testCall>[0];
  readonly sink?: RecordingOptions;
}

const SEED = 11;

function run(given: Given): Running {
  const clock = new VirtualClock();
  const sink = new RecordingSink({ now: () => clock.now(), ...given.sink });
  const call = testCall({ path: '/v1/messages', now: clock.now(), ...given.call });
  const service = checked('simulator').wrap(
    simulatorService({ clock, random: seededRandom(SEED) }),
  );
  service(call, sink);
  return { clock, sink, call };
}

function ask(text: string, model = 'sim-chat', stream = true): string {
  return JSON.stringify({
    model,
    max_tokens: 10_000,
    stream,
    messages: [{ role: 'user', content: text }],
  });
}

const begin = (text: string, model?: string, sink?: RecordingOptions): Running =>
  run({ call: { body: ask(text, model) }, ...(sink === undefined ? {} : { sink }) });

describe('the simulator', () => {
  it('sends exactly the bytes of the plan', () => {
    const { clock, sink } = begin('hello');
    clock.advance(60_000);
    const request = {
      method: 'POST',
      path: '/v1/messages',
      headers: HeaderList.empty,
      body: ask('hello'),
    };
    const plan = planAnswer(request, seededRandom(SEED), Date.UTC(2026, 0, 1));
    equal(sink.text, plan.steps.map((step) => step.bytes).join(''));
    deepEqual([...(sink.head?.headers ?? [])], plan.headers);
    ok(sink.ended);
    equal(clock.pending, 0);
  });

  it('sends each event when the plan says so', () => {
    const { clock, sink } = begin(
      '[[head=2s]] [[first=1s]] [[gap=100ms]] [[jitter=0]] [[tokens=3]]',
    );
    const from = clock.now();
    clock.advance(10_000);
    const times = new Set(sink.events.map((event) => event.at - from));
    deepEqual([...times], [2000, 3000, 3100, 3200]);
  });

  it('does not drift, however late its timers run', () => {
    const clock = new VirtualClock();
    const late = {
      ...bound(clock),
      after: (ms: number, work: () => void) => clock.after(ms + 3, work),
    };
    const sink = new RecordingSink({ now: () => clock.now() });
    const text = '[[head=0ms]] [[first=0ms]] [[gap=10ms]] [[jitter=0]] [[tokens=101]]';
    const call = testCall({ path: '/v1/messages', body: ask(text) });
    simulatorService({ clock: late, random: seededRandom(1) })(call, sink);
    const from = clock.now();
    clock.advance(5000);
    ok(sink.ended);
    const took = (sink.events.at(-1)?.at ?? 0) - from;
    ok(took >= 1000 && took <= 1013, `${took} ms`);
  });

  it('answers without a wait in one write', () => {
    const { clock, sink } = begin('hello', 'sim-fast');
    clock.advance(0);
    equal(sink.chunks.length, 1);
    ok(sink.ended);
  });

  it('declares the length of a whole body, and none for a stream', () => {
    const whole = run({ call: { body: ask('hello', 'sim-fast', false) } });
    equal(whole.sink.head?.framing, 'length');
    equal(whole.sink.head?.contentLength, whole.sink.body.length);
    const stream = begin('hello', 'sim-fast');
    equal(stream.sink.head?.framing, 'chunked');
  });

  it('answers HEAD with the head of GET and nothing more', () => {
    const get = run({ call: { method: 'GET', path: '/v1/models', body: '' } });
    const head = run({ call: { method: 'HEAD', path: '/v1/models', body: '' } });
    deepEqual(head.sink.story, ['start 200', 'end']);
    equal(head.sink.head?.framing, 'none');
    equal(head.sink.head?.contentLength, get.sink.body.length);
  });

  it('waits for the last byte of the request', () => {
    const body = new ReplayBody(-1, 1 << 20, new BufferBudget(1 << 20), undefined);
    const { clock, sink, call } = run({ call: { body } });
    const text = ask('hello', 'sim-fast');
    body.push(Buffer.from(text.slice(0, 20)));
    clock.advance(1000);
    deepEqual(sink.story, []);
    equal(call.timeline.sentAt, NEVER);
    body.push(Buffer.from(text.slice(20)));
    body.finish();
    clock.advance(0);
    ok(sink.ended);
    equal(call.timeline.sentAt, clock.now());
  });

  it('refuses a request larger than the service takes, without keeping it', () => {
    const body = new ReplayBody(-1, 0, new BufferBudget(0), undefined);
    const { sink } = run({ call: { body } });
    const part = Buffer.alloc(8 * 1024 * 1024, 0x20);
    for (let sent = 0; sent <= SIMULATOR_BODY_BYTES_MAX; sent += part.length) body.push(part);
    deepEqual(sink.story, ['fail BODY_TOO_LARGE']);
  });

  it('passes on that the request failed', () => {
    const body = new ReplayBody(-1, 1 << 20, new BufferBudget(1 << 20), undefined);
    const { sink } = run({ call: { body } });
    body.fail(new CallError('CALLER_GONE'));
    deepEqual(sink.story, ['fail CALLER_GONE']);
  });

  it('stops at once when the call is cancelled, in every phase', () => {
    for (const afterMs of [0, 100, 300, 1000]) {
      const { clock, sink, call } = begin('[[tokens=500]]');
      clock.advance(afterMs);
      const heard = sink.events.length;
      call.cancellation.cancel(new CallError('CALLER_GONE'));
      equal(sink.error?.code, 'CALLER_GONE');
      equal(clock.pending, 0, `timers ${afterMs} ms in`);
      clock.advance(60_000);
      equal(sink.events.length, heard + 1);
    }
  });

  it('does nothing for a call that was cancelled before it began', () => {
    const call = testCall({ body: ask('hello') });
    call.cancellation.cancel(new CallError('CALLER_GONE'));
    const sink = new RecordingSink();
    const clock = new VirtualClock();
    simulatorService({ clock, random: seededRandom(1) })(call, sink);
    deepEqual(sink.story, ['fail CALLER_GONE']);
    equal(clock.pending, 0);
  });

  it('may be cancelled by the sink itself, at any event', () => {
    const whole = begin('[[tokens=9]] [[gap=5ms]]');
    whole.clock.advance(60_000);
    for (let event = 1; event < whole.sink.events.length; event += 1) {
      const call = testCall({ path: '/v1/messages', body: ask('[[tokens=9]] [[gap=5ms]]') });
      const sink = new RecordingSink({
        onEvent: (_, own) => {
          if (own.events.length === event) call.cancellation.cancel(new CallError('CALLER_GONE'));
        },
      });
      const clock = new VirtualClock();
      const service = simulatorService({ clock, random: seededRandom(SEED) });
      checked('simulator').wrap(service)(call, sink);
      clock.advance(60_000);
      equal(sink.events.length, event + 1);
      equal(sink.error?.code, 'CALLER_GONE');
      equal(clock.pending, 0);
    }
  });

  it('holds back while the sink is paused, without a timer, and then loses nothing', () => {
    const free = begin('[[tokens=50]]');
    free.clock.advance(60_000);
    const { clock, sink, call } = begin('[[tokens=50]]', undefined, { pauseAfterChunks: 5 });
    clock.advance(60_000);
    const held = sink.events.length;
    equal(clock.pending, 0);
    ok(call.timeline.pausedAt > 0);
    clock.advance(60_000);
    equal(sink.events.length, held);
    sink.resume();
    equal(call.timeline.pausedAt, NEVER);
    clock.advance(60_000);
    ok(sink.ended);
    equal(sink.text, free.sink.text);
  });

  it('may be paused and resumed within one event', () => {
    const { clock, sink } = begin('[[tokens=50]]', undefined, {
      onEvent: (event, own) => {
        if (event.type !== 'start' && event.type !== 'chunk') return;
        own.pause();
        own.resume();
        own.resume();
      },
    });
    for (let ms = 0; ms < 10_000; ms += 50) {
      ok(clock.pending <= 1);
      clock.advance(50);
    }
    ok(sink.ended);
  });

  it('ends cleanly but unfinished for [[stop@N]], and breaks for [[cut@N]]', () => {
    const stopped = begin('[[stop@3]]');
    stopped.clock.advance(60_000);
    ok(stopped.sink.ended && !stopped.sink.text.includes('message_stop'));
    const cut = begin('[[cut@03]]');
    cut.clock.advance(60_000);
    equal(cut.sink.error?.code, 'STREAM_CUT');
    equal(cut.sink.text, stopped.sink.text);
  });

  it('breaks a whole body off before its declared length', () => {
    const { clock, sink } = run({ call: { body: ask('[[cut@3]]', 'sim-fast', false) } });
    clock.advance(1000);
    equal(sink.error?.code, 'STREAM_CUT');
    ok((sink.head?.contentLength ?? 0) > sink.body.length && sink.body.length > 0);
  });

  it('keeps the account of the wire in the timeline', () => {
    const { clock, sink, call } = begin('[[head=2s]] [[tokens=20]]');
    const from = clock.now();
    clock.advance(60_000);
    const { timeline } = call;
    equal(timeline.endpoint, 'simulator');
    equal(timeline.attempts, 1);
    equal(timeline.firstWriteAt, from);
    equal(timeline.sentAt, from);
    equal(timeline.firstByteAt, from + 2000);
    equal(timeline.lastByteAt, sink.events.at(-1)?.at);
    equal(timeline.responseBytes, sink.body.length);
  });

  it('makes the steps of a long stream only as they are sent', () => {
    const { clock, call } = begin('[[tokens=100000]]', 'sim-long');
    const before = process.memoryUsage().heapUsed;
    clock.advance(5000);
    ok(process.memoryUsage().heapUsed - before < 8 * 1024 * 1024);
    call.cancellation.cancel(new CallError('CALLER_GONE'));
  });
});

function bound(clock: VirtualClock): Pick<VirtualClock, 'now' | 'wallNow' | 'nextTurn'> {
  return {
    now: () => clock.now(),
    wallNow: () => clock.wallNow(),
    nextTurn: (work) => clock.nextTurn(work),
  };
}
