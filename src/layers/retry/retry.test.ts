import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Cancellation } from '../../core/cancellation.ts';
import { checked } from '../../core/checked.ts';
import { CallError } from '../../core/errors.ts';
import { stack } from '../../core/layer.ts';
import { seededRandom } from '../../core/random.ts';
import type { Route } from '../../core/route.ts';
import { Sweep } from '../../core/sweep.ts';
import { anthropicDialect } from '../../dialects/anthropic.ts';
import { anthropicEvents } from '../../dialects/samples.ts';
import { RecordingSink } from '../../testing/recording-sink.ts';
import { ScriptedService } from '../../testing/scripted-service.ts';
import type { CallScript, ServiceScript } from '../../testing/scripted-service.ts';
import { testCall, testTarget } from '../../testing/test-call.ts';
import type { TestCallOptions } from '../../testing/test-call.ts';
import { VirtualClock } from '../../testing/virtual-clock.ts';
import type { DenialCause } from './retry-observer.ts';
import { RetryBudgets } from './retry-budgets.ts';
import { retryLayer } from './retry.ts';
import { scanning } from './scanning.fixture.ts';

const EVENTS = { 'content-type': 'text/event-stream' };
const stream: CallScript = { headers: EVENTS, chunks: anthropicEvents };
const OVERLOADED =
  'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n';
/** Everything in front of the first content. */
const opening = anthropicEvents.slice(0, 1);
const whole = anthropicEvents.join('');
const strict = { kind: 'other', replay: 'strict' } as const;

function rig(script: ServiceScript) {
  const clock = new VirtualClock();
  const sweep = new Sweep(clock);
  const upstream = new ScriptedService(clock, script);
  const budgets = new RetryBudgets();
  const retried: string[] = [];
  const denied: DenialCause[] = [];
  const observer = {
    retried: (_upstream: string, cause: string) => retried.push(cause),
    denied: (_upstream: string, why: DenialCause) => denied.push(why),
  };
  const layers = [
    retryLayer({ clock, random: seededRandom(5), sweep, budgets, observer }),
    scanning,
  ];
  const service = stack(layers, upstream.service, { between: checked });
  const send = (options: TestCallOptions = {}) => {
    const rules = { dialect: anthropicDialect, replay: 'idle-race' } as const;
    const route: Partial<Route> = { ...rules, ...options.route };
    const call = testCall({ ...options, route, now: clock.now() });
    const sink = new RecordingSink({ now: () => clock.now() });
    service(call, sink);
    return { call, sink };
  };
  const assertNothingLeft = (): void => {
    assert.equal(sweep.size, 0);
    // The sweep stops at its next tick.
    clock.advance(100);
    assert.equal(clock.nextTimerInMs, undefined);
    for (const { retrying, running } of budgets.view(clock.now())) {
      assert.deepEqual([retrying, running], [0, 0]);
    }
  };
  return { clock, upstream, budgets, retried, denied, send, assertNothingLeft };
}

describe('the retry layer', () => {
  it('passes a good answer as it came, at its first content', () => {
    const { send, upstream, assertNothingLeft } = rig(stream);
    const { sink } = send();
    assert.equal(sink.body.toString(), whole);
    assert.equal(upstream.calls.length, 1);
    assertNothingLeft();
  });

  it('replaces an error event in front of the first content, unseen', () => {
    const bad = { headers: EVENTS, chunks: [...opening, OVERLOADED] };
    const { send, clock, retried, assertNothingLeft } = rig([bad, stream]);
    const { sink } = send();
    clock.advance(2_000);
    assert.equal(sink.body.toString(), whole);
    assert.deepEqual(retried, ['overloaded_error']);
    assertNothingLeft();
  });

  it('passes on an error event behind the first content, and makes no attempt more', () => {
    const late = { headers: EVENTS, chunks: [...anthropicEvents.slice(0, 9), OVERLOADED] };
    const { send, upstream, clock } = rig([late, stream]);
    const { sink } = send();
    clock.advance(60_000);
    assert.match(sink.body.toString(), /overloaded_error/);
    assert.equal(upstream.calls.length, 1);
  });

  it('replaces an answer that is cut in front of its first content', () => {
    const cut: CallScript = { headers: EVENTS, chunks: opening, ending: 'STREAM_CUT' };
    const { send, clock, assertNothingLeft } = rig([cut, stream]);
    const { sink } = send();
    clock.advance(100);
    assert.equal(sink.body.toString(), whole);
    assertNothingLeft();
  });

  it('replaces a document that is cut anywhere, or that is an error', () => {
    const json = { 'content-type': 'application/json' };
    const good = { headers: json, chunks: ['{"type":"message",', '"content":[]}'] };
    const cut: CallScript = { headers: json, chunks: ['{"type":"message",'], ending: 'end' };
    const bad = { headers: json, chunks: ['{"type":"error","error":{"type":"overloaded_error"}}'] };
    for (const first of [cut, bad]) {
      const { send, clock, assertNothingLeft } = rig([first, good]);
      const { sink } = send();
      clock.advance(1_500);
      assert.equal(sink.body.toString(), good.chunks.join(''));
      assertNothingLeft();
    }
  });

  it('can not replace one that is cut behind it', () => {
    const chunks = anthropicEvents.slice(0, 9);
    const { send, upstream } = rig([{ headers: EVENTS, chunks, ending: 'STREAM_CUT' }, stream]);
    const { sink } = send();
    assert.equal(sink.error?.code, 'STREAM_CUT');
    assert.equal(sink.body.toString(), chunks.join(''));
    assert.equal(upstream.calls.length, 1);
  });

  it('lets go after ten seconds or 64 KiB without content', () => {
    const silent: CallScript = { headers: EVENTS, chunks: opening, ending: 'never' };
    const { send, clock } = rig(silent);
    const { sink } = send();
    clock.advance(9_900);
    assert.equal(sink.status, 0);
    clock.advance(300);
    assert.equal(sink.body.toString(), opening.join(''));
    const comments = `: ${'x'.repeat(40_000)}\n\n`;
    const noisy = rig({ headers: EVENTS, chunks: [comments, comments], ending: 'never' }).send();
    assert.equal(noisy.sink.body.length, 2 * comments.length);
  });

  it('waits as long as it is asked to, in every form', () => {
    const wallStart = new Date(new VirtualClock().wallNow()).toUTCString();
    const inTwo = new Date(new VirtualClock().wallNow() + 2_000).toUTCString();
    const forms: Record<string, string>[] = [
      { 'retry-after': '2' },
      { 'retry-after-ms': '2000' },
      { 'retry-after': inTwo, date: wallStart },
    ];
    for (const headers of forms) {
      const { send, clock, upstream } = rig([{ status: 429, headers, chunks: ['{}'] }, stream]);
      const { sink } = send();
      clock.advance(1_990);
      assert.equal(upstream.calls.length, 1);
      clock.advance(220);
      assert.equal(sink.body.toString(), whole);
    }
  });

  it('goes elsewhere at once, whatever this place has asked for', () => {
    const targets = [testTarget(1), testTarget(2)];
    const refusal = { status: 529, headers: { 'retry-after': '30' }, chunks: ['{}'] };
    const { send } = rig([refusal, stream]);
    assert.equal(send({ route: { targets } }).sink.body.toString(), whole);
  });

  it('does not wait for longer than a minute or beyond the deadline', () => {
    const refusal = (seconds: string): CallScript => ({
      status: 503,
      headers: { 'retry-after': seconds },
      chunks: ['{"why":"busy"}'],
    });
    const long = rig(refusal('61'));
    assert.equal(long.send().sink.body.toString(), '{"why":"busy"}');
    assert.deepEqual(long.denied, ['retry-after']);
    const late = rig(refusal('5'));
    const { sink } = late.send({ deadline: late.clock.now() + 4_000 });
    assert.equal(sink.status, 503);
    assert.deepEqual(late.denied, ['deadline']);
  });

  it('ends the wait at once when the caller leaves', () => {
    const { send, clock, upstream, assertNothingLeft } = rig({
      status: 503,
      headers: { 'retry-after': '20' },
    });
    const cancellation = new Cancellation();
    const { sink } = send({ cancellation });
    clock.advance(1_000);
    cancellation.cancel(new CallError('CALLER_GONE'));
    assert.equal(sink.error?.code, 'CALLER_GONE');
    clock.advance(60_000);
    assert.equal(upstream.calls.length, 1);
    assertNothingLeft();
  });

  it('makes no attempt for a caller that leaves during one', () => {
    const { send, clock, upstream, assertNothingLeft } = rig({ headAfterMs: 'never' });
    const cancellation = new Cancellation();
    const { sink } = send({ cancellation });
    cancellation.cancel(new CallError('CALLER_GONE'));
    clock.advance(10_000);
    assert.equal(sink.error?.code, 'CALLER_GONE');
    assert.equal(upstream.calls.length, 1);
    assertNothingLeft();
  });
});

describe('the last word of the retry layer', () => {
  it('is the upstream’s own answer, with the advice not to go on', () => {
    const words = '{"error":{"message":"Overloaded"}}';
    const { send, clock, upstream, denied, assertNothingLeft } = rig({
      status: 529,
      headers: { 'X-Should-Retry': 'true' },
      chunks: [words],
    });
    const { sink } = send();
    clock.advance(20_000);
    assert.equal(upstream.calls.length, 3);
    assert.equal(sink.status, 529);
    assert.equal(sink.body.toString(), words);
    assert.deepEqual(sink.head?.headers.all('x-should-retry'), ['false']);
    assert.deepEqual(denied, ['attempts']);
    assertNothingLeft();
  });

  it('is the error with that advice when there is no answer', () => {
    const { send, clock } = rig({ failBeforeHead: 'RESET' });
    const { sink } = send();
    clock.advance(20_000);
    assert.equal(sink.error?.code, 'RESET');
    assert.equal(sink.error?.shouldRetry, false);
  });

  it('is a quota error at once', () => {
    const words = '{"error":{"code":"insufficient_quota"}}';
    const { send, upstream, denied } = rig({ status: 429, chunks: [words] });
    const { sink } = send();
    assert.equal(sink.body.toString(), words);
    assert.equal(sink.head?.headers.get('x-should-retry'), 'false');
    assert.equal(upstream.calls.length, 1);
    assert.deepEqual(denied, ['quota']);
  });

  it('is untouched where nothing was tried again', () => {
    const { send, upstream } = rig({ status: 500, chunks: ['oops'] });
    const { sink } = send({ route: strict });
    assert.equal(sink.status, 500);
    assert.equal(sink.head?.headers.has('x-should-retry'), false);
    assert.equal(upstream.calls.length, 1);
  });

  it('is not held up by an error that never ends', () => {
    const { send, clock } = rig({ status: 404, chunks: ['a'], ending: 'never' });
    assert.equal(send({ route: strict }).sink.status, 404);
    const slow = rig([{ status: 500, chunks: ['a'], ending: 'never' }, stream]);
    const { sink } = slow.send();
    slow.clock.advance(1_500);
    assert.equal(sink.body.toString(), whole);
    clock.advance(1);
    slow.assertNothingLeft();
  });
});

describe('calls that must not run twice', () => {
  it('are made again after a refusal or when nothing was sent', () => {
    const ok: CallScript = { headers: EVENTS, chunks: anthropicEvents };
    for (const first of [{ status: 503 }, { failBeforeHead: 'CONNECT_FAILED' as const }]) {
      const { send, clock } = rig([first, ok]);
      const { sink } = send({ route: strict });
      clock.advance(5_000);
      assert.equal(sink.status, 200);
    }
  });

  it('are not after anything else', () => {
    const rest: CallScript[] = [
      { status: 500 },
      { status: 504 },
      { failBeforeHead: 'RESET' },
      { failBeforeHead: 'FIRST_BYTE_TIMEOUT' },
      { headers: EVENTS, chunks: opening, ending: 'STREAM_CUT' },
      { headers: EVENTS, chunks: [OVERLOADED] },
    ];
    for (const first of rest) {
      const { send, clock, upstream, assertNothingLeft } = rig([first, stream]);
      const { sink } = send({ route: strict });
      clock.advance(60_000);
      assert.equal(sink.isOver, true);
      assert.equal(upstream.calls.length, 1, JSON.stringify(first));
      assertNothingLeft();
    }
  });
});

describe('a dead upstream', () => {
  it('gets hardly more attempts than there are calls', () => {
    const { send, clock, upstream } = rig({ status: 503, headAfterMs: 20 });
    const calls = 2_000;
    for (let call = 0; call < calls; call += 1) {
      send();
      clock.advance(5);
    }
    clock.advance(60_000);
    assert.ok(upstream.calls.length <= 1.2 * calls + 10, `${upstream.calls.length} attempts`);
  });
});
