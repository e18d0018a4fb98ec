import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checked } from '../../core/checked.ts';
import { HeaderList } from '../../core/header-list.ts';
import { stack } from '../../core/layer.ts';
import { Sweep } from '../../core/sweep.ts';
import { RecordingSink } from '../../testing/recording-sink.ts';
import { ScriptedService } from '../../testing/scripted-service.ts';
import type { CallScript } from '../../testing/scripted-service.ts';
import { testCall, testEndpoint, testLimits } from '../../testing/test-call.ts';
import type { TestCallOptions } from '../../testing/test-call.ts';
import { VirtualClock } from '../../testing/virtual-clock.ts';
import { FirstByteTimes } from './first-byte-times.ts';
import { modelAdaptiveLimit, restAdaptiveLimit } from './options.ts';
import type { AdaptiveLimit } from './options.ts';
import { timeoutsLayer } from './timeouts.ts';

const STATIC_MS = testLimits.firstByteMs;

function rig(bounds: AdaptiveLimit | undefined = restAdaptiveLimit) {
  const clock = new VirtualClock(0);
  const sweep = new Sweep(clock);
  const times = new FirstByteTimes({ clock });
  const place = { closed: true };
  let script: CallScript = {};
  const upstream = new ScriptedService(clock, () => script);
  const layer = timeoutsLayer(
    { sweep, times, isClosed: () => place.closed },
    { adaptive: new Map(bounds === undefined ? [] : [['test-upstream', bounds]]) },
  );
  const service = stack([layer], upstream.service, { between: checked });
  const send = (next: CallScript, options: TestCallOptions = {}) => {
    script = next;
    const sink = new RecordingSink({ now: () => clock.now() });
    service(
      testCall({ now: clock.now(), ...options, route: { kind: 'other', ...options.route } }),
      sink,
    );
    return sink;
  };
  /** Sends calls one after the other whose heads take this long. */
  const teach = (calls: number, ms: number, over: CallScript = {}, options?: TestCallOptions) => {
    for (let at = 0; at < calls; at += 1) {
      send({ headAfterMs: ms, ...over }, options);
      clock.advance(ms);
    }
    // A percentile is computed at most once a second.
    clock.advance(1_000);
  };
  /** How long a silent call is waited for, to the precision of the sweep. */
  const limitNow = (options?: TestCallOptions): number => {
    const began = clock.now();
    const sink = send({ headAfterMs: 'never' }, options);
    clock.advance(STATIC_MS + 200);
    const end = sink.events.find(({ type }) => type === 'fail');
    assert.equal(sink.error?.code, 'FIRST_BYTE_TIMEOUT');
    return (end?.at ?? 0) - began;
  };
  const samples = (kind: 'completion' | 'other' = 'other'): number =>
    times.at(testEndpoint(9).key, kind)?.samples ?? 0;
  return { clock, times, place, send, teach, limitNow, samples, upstream };
}

const within = (actual: number, limitMs: number): void => {
  assert.ok(actual > limitMs && actual <= limitMs + 100, `${actual} for ${limitMs}`);
};

describe('the first-byte limit of an upstream that learns it', () => {
  it('is that of the route until 50 answers were seen', () => {
    const { teach, limitNow } = rig();
    teach(49, 10);
    within(limitNow(), STATIC_MS);
  });

  it('then follows what is usual, down to the floor, and says so', () => {
    const { clock, send, teach } = rig();
    teach(50, 10);
    const sink = send({ headAfterMs: 'never' });
    clock.advance(1_999);
    assert.equal(sink.isOver, false);
    clock.advance(201);
    assert.equal(sink.error?.code, 'FIRST_BYTE_TIMEOUT');
    assert.match(sink.error?.message ?? '', /2 s without a first byte, by what is usual there\./);
  });

  it('is three times the p99', () => {
    const { teach, limitNow } = rig();
    teach(60, 1_000);
    const limit = limitNow();
    assert.ok(limit > 3_000 && limit < 3_000 * 1.05 + 100, String(limit));
  });

  it('counts an attempt that ran into it as one that took so long', () => {
    const { teach, limitNow, samples } = rig();
    teach(60, 1_000);
    const before = limitNow();
    assert.equal(samples(), 61);
    // One in 61 is more than 1 %: the p99 is the limit itself, and the next one is far longer.
    assert.ok(limitNow() > before * 2);
  });

  it('is learned from whole attempts that went well, and from nothing else', () => {
    const { send, teach, samples } = rig();
    teach(5, 10, { status: 429 });
    teach(5, 10, { status: 503 });
    teach(5, 10, { status: 404 });
    teach(5, 10, { failBeforeHead: 'RESET' });
    // Whose time it was is not known where the transport chooses.
    const endpoints = [testEndpoint(9), testEndpoint(10)];
    teach(5, 10, {}, { route: { endpoints } });
    assert.equal(samples(), 0);
    teach(5, 10, { status: 302 });
    assert.equal(samples(), 5);
    send({ headAfterMs: 'never' });
  });

  it('does not learn from an answer that came before the request was sent', () => {
    const { clock, send, samples, upstream } = rig();
    send({ headAfterMs: 'never' });
    upstream.last.call.timeline.sentAt = -1;
    clock.advance(10);
    upstream.last.start();
    upstream.last.end();
    assert.equal(samples(), 0);
    send({ headAfterMs: 'never' });
    upstream.last.call.timeline.sentAt = clock.now() + 50;
    clock.advance(10);
    upstream.last.start();
    upstream.last.end();
    assert.equal(samples(), 0);
  });

  it('counts an attempt once, even when nobody below listens', () => {
    const clock = new VirtualClock(0);
    const sweep = new Sweep(clock);
    const times = new FirstByteTimes({ clock });
    const service = timeoutsLayer({ sweep, times }).wrap(() => {});
    const call = testCall();
    call.timeline.beginAttempt(0);
    call.timeline.firstWriteAt = 0;
    call.timeline.sentAt = 0;
    service(call, new RecordingSink());
    clock.advance(STATIC_MS * 2);
    assert.equal(times.at(testEndpoint(9).key, 'completion')?.samples, 1);
  });

  it('neither learns nor forgets while the place is in trouble', () => {
    const { clock, place, teach, limitNow, samples } = rig();
    teach(60, 10);
    within(limitNow(), 2_000);
    place.closed = false;
    const before = samples();
    teach(200, 900);
    within(limitNow(), 2_000);
    assert.equal(samples(), before);
    clock.advance(600_000);
    within(limitNow(), 2_000);
    place.closed = true;
    within(limitNow(), STATIC_MS);
  });

  it('holds for the upstreams that are named only, and for the others nothing changes', () => {
    const { teach, limitNow, samples } = rig();
    const route = { upstream: 'somebody-else' };
    teach(60, 10, {}, { route });
    within(limitNow({ route }), STATIC_MS);
    assert.equal(samples(), 61);
  });
});

describe('the first-byte limit of completions', () => {
  const completion = { route: { kind: 'completion' as const } };

  it('is not learned, because whole answers follow streams on the same path', () => {
    const { teach, limitNow, samples } = rig();
    teach(60, 10, {}, completion);
    within(limitNow(completion), STATIC_MS);
    assert.equal(samples('completion'), 61);
  });

  it('is learned where that was asked for, and apart from other calls', () => {
    const { teach, limitNow } = rig({ ...modelAdaptiveLimit, floorMs: 1_000 });
    teach(60, 10, {}, completion);
    within(limitNow(), STATIC_MS);
    within(limitNow(completion), 1_000);
  });
});

describe('the fields of an attempt', () => {
  it('carry the time that is left where the call has a deadline', () => {
    const clock = new VirtualClock(0);
    const upstream = new ScriptedService(clock);
    const fields = HeaderList.of([['x-deadline-ms', '7']]);
    const asked: unknown[] = [];
    const layer = timeoutsLayer({
      sweep: new Sweep(clock),
      fieldsWithTimeLeft: (call) => {
        asked.push(call);
        return fields;
      },
    });
    const service = stack([layer], upstream.service, { between: checked });
    const open = testCall();
    service(open, new RecordingSink());
    assert.equal(upstream.last.call.headers, open.headers);
    const bound = testCall({ deadline: 9_000 });
    service(bound, new RecordingSink());
    assert.equal(upstream.last.call.headers, fields);
    assert.deepEqual(asked, [bound]);
  });
});
