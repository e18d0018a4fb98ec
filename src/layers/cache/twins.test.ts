import { deepEqual, equal, notEqual, throws } from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Call } from '../../core/call.ts';
import { CallError } from '../../core/errors.ts';
import { freeFlow } from '../../core/sink.ts';
import type { Sink } from '../../core/sink.ts';
import { NEVER } from '../../core/timeline.ts';
import { RecordingSink } from '../../testing/recording-sink.ts';
import { testHead } from '../../testing/scripted-service.ts';
import { testCall } from '../../testing/test-call.ts';
import { defaultTwinsOptions } from './options.ts';
import { TwinsRig, session } from './twins.fixture.ts';
import { twinsLayer } from './twins.ts';

describe('a twin', () => {
  it('is given the running answer from its first byte, and goes on with it', () => {
    const rig = new TwinsRig();
    const first = rig.send();
    const upstream = rig.upstream.last;
    upstream.start(testHead(200, { 'content-type': 'text/event-stream' }));
    upstream.chunk('one ');
    upstream.chunk('two ');
    const twin = rig.send();
    equal(twin.sink.text, 'one two ');
    upstream.chunk('three');
    upstream.end();
    equal(rig.upstream.calls.length, 1);
    for (const { sink } of [first, twin]) {
      equal(sink.head?.headers.get('content-type'), 'text/event-stream');
      equal(sink.text, 'one two three');
      equal(sink.ended, true);
    }
    deepEqual(rig.said, ['attached test-route']);
    rig.assertNothingLeft();
  });

  it('may come before the head, and hears what was said before it', () => {
    const rig = new TwinsRig();
    const first = rig.send();
    rig.upstream.last.interim(103);
    const twin = rig.send();
    rig.upstream.last.interim(102);
    rig.upstream.last.start();
    rig.upstream.last.end();
    deepEqual(twin.sink.story, ['interim 103', 'interim 102', 'start 200', 'end']);
    deepEqual(first.sink.story, twin.sink.story);
    rig.assertNothingLeft();
  });

  it('fails with the call it has joined', () => {
    const rig = new TwinsRig();
    const first = rig.send();
    const twin = rig.send();
    rig.upstream.last.start();
    rig.upstream.last.chunk('half');
    rig.upstream.last.fail('STREAM_CUT');
    deepEqual(first.sink.story, ['start 200', 'chunk 4', 'fail STREAM_CUT']);
    deepEqual(twin.sink.story, first.sink.story);
    rig.assertNothingLeft();
  });

  it('shows the wire of that call in its timeline, from when it came', () => {
    const rig = new TwinsRig();
    const first = rig.send();
    rig.clock.advance(50);
    rig.upstream.last.start();
    rig.upstream.last.chunk('early');
    rig.clock.advance(50);
    const { call } = rig.send();
    const { timeline } = call;
    const joinedAt = rig.clock.now();
    equal(timeline.twinOf, first.call.id);
    equal(first.call.timeline.twinOf, '');
    deepEqual([timeline.firstWriteAt, timeline.firstByteAt], [joinedAt, joinedAt]);
    equal(timeline.securedAt, NEVER);
    rig.clock.advance(50);
    rig.upstream.last.chunk('late');
    rig.clock.advance(100);
    equal(timeline.lastByteAt, joinedAt + 50, 'brought up to date while it runs');
    rig.upstream.last.chunk('last');
    rig.upstream.last.end();
    deepEqual([timeline.attempts, timeline.responseBytes], [1, 13], 'and at its end');
    equal(first.call.timeline.firstByteAt, joinedAt - 50);
  });

  it('keeps the call alive when the first caller leaves, and is the last to be heard', () => {
    const rig = new TwinsRig();
    const first = rig.send();
    rig.upstream.last.start();
    rig.upstream.last.chunk('a');
    const twin = rig.send();
    first.leave();
    equal(first.sink.story.at(-1), 'fail CALLER_GONE');
    const upstream = rig.upstream.last;
    equal(upstream.over, false);
    upstream.chunk('b');
    equal(twin.sink.text, 'ab');
    twin.leave();
    equal(upstream.cancelledWith?.code, 'CALLER_GONE');
    equal(twin.sink.error?.code, 'CALLER_GONE');
    rig.assertNothingLeft();
  });

  it('may leave without a word to the first caller', () => {
    const rig = new TwinsRig();
    const first = rig.send();
    rig.upstream.last.start();
    rig.send().leave('DEADLINE_EXCEEDED');
    rig.upstream.last.chunk('a');
    rig.upstream.last.end();
    deepEqual(first.sink.story, ['start 200', 'chunk 1', 'end']);
    rig.assertNothingLeft();
  });

  it('is given a provisional head as such, and the answer that follows it', () => {
    const rig = new TwinsRig();
    rig.send();
    const { body } = rig.upstream.last.call;
    rig.upstream.last.start({ ...testHead(), provisional: true });
    equal(body.replayable, true, 'attempts may still be replaced');
    const heads: (boolean | undefined)[] = [];
    const sink = new RecordingSink();
    rig.service(testCall({ headers: session }), {
      interim: (head) => sink.interim(head),
      start(head, flow) {
        heads.push(head.provisional);
        sink.start(head, flow);
      },
      chunk: (bytes) => sink.chunk(bytes),
      end: (trailers) => sink.end(trailers),
      fail: (error) => sink.fail(error),
    });
    rig.upstream.last.chunk('the answer');
    rig.upstream.last.end();
    deepEqual(heads, [true]);
    equal(sink.text, 'the answer');
    rig.assertNothingLeft();
  });

  it('that breaks on its own side harms nobody else', () => {
    const rig = new TwinsRig();
    const first = rig.send();
    rig.upstream.last.start();
    rig.upstream.last.chunk('a');
    const breaks = (): void => {
      throw new Error('a defect of this caller');
    };
    throws(() => rig.send({}, { onEvent: breaks }), /defect of this caller/);
    rig.upstream.last.chunk('b');
    rig.upstream.last.end();
    equal(first.sink.text, 'ab');
    rig.assertNothingLeft();
  });
});

describe('calls that look alike', () => {
  const upstreamCalls = (one: Parameters<TwinsRig['send']>[0], other: typeof one): number => {
    const rig = new TwinsRig();
    rig.send({ headers: session, ...one });
    rig.send({ headers: session, ...other });
    return rig.upstream.calls.length;
  };
  const caller = (name: string) => ({ name, tenant: 't', priority: 'default' }) as const;
  const differing: readonly (readonly [what: string, Parameters<TwinsRig['send']>[0]])[] = [
    ['caller', { caller: caller('b') }],
    ['fingerprint of their credentials', { fingerprint: 'f2' }],
    ['credentials behind one fingerprint', { headers: { ...session, 'x-api-key': 'other' } }],
    ['session', { headers: { ...session, 'session-id': 's2' } }],
    ['betas', { headers: { ...session, 'anthropic-beta': 'b1' } }],
    ['path', { path: '/v1/messages?beta=true' }],
    ['route', { route: { name: 'other' } }],
    ['body of one length', { body: '{"test":trie}' }],
    ['length of body', { body: '{"test": true}' }],
  ];
  for (const [what, difference] of differing) {
    it(`run each for itself when they differ in their ${what}`, () => {
      const one = { caller: caller('a'), fingerprint: 'f1' };
      equal(upstreamCalls(one, { ...one, ...difference }), 2);
      equal(upstreamCalls({ ...one, ...difference }, { ...one, ...difference }), 1);
    });
  }

  it('are twins when only what names the try differs', () => {
    const fields = { ...session, 'x-stainless-retry-count': '0', traceparent: '00-a' };
    const again = { 'session-id': 's1', 'x-stainless-retry-count': '1', 'x-request-id': 'r' };
    equal(upstreamCalls({ headers: fields }, { headers: again }), 1);
    equal(upstreamCalls({ headers: fields }, { headers: { ...again, 'x-new': '1' } }), 2);
  });

  it('are twins whatever the order in which Codex writes its metadata', () => {
    const body = (metadata: string): string => `{"input":"x","client_metadata":{${metadata}}}`;
    const one = { body: body('"a":"1","b":"2"') };
    equal(upstreamCalls(one, { body: body('"b":"2","a":"1"') }), 1);
    equal(upstreamCalls(one, { body: body('"b":"1","a":"2"') }), 2);
  });

  it('pass untouched without a session, a completion or a body, or with a huge one', () => {
    const passed: unknown[] = [];
    const calls = new TwinsRig().calls;
    const layer = twinsLayer({ calls }, { ...defaultTwinsOptions, bodyBytesMax: 20 });
    const service = layer.wrap((call, sink) => passed.push(call, sink));
    const untouched = [
      testCall(),
      testCall({ headers: { 'session-id': '' } }),
      testCall({ headers: session, route: { kind: 'other' } }),
      testCall({ headers: session, method: 'GET' }),
      testCall({ headers: session, body: '' }),
      testCall({ headers: session, body: 'x'.repeat(21) }),
    ];
    for (const call of untouched) {
      const sink = new RecordingSink();
      service(call, sink);
      deepEqual(passed.splice(0), [call, sink]);
    }
    service(testCall({ headers: session, body: 'x'.repeat(20) }), new RecordingSink());
    notEqual(passed[1], undefined);
    equal(passed[1] instanceof RecordingSink, false);
  });

  it('are no twins when the first is over, was refused or is being ended', () => {
    for (const step of ['end', 'fail', 'refuse', 'cancel'] as const) {
      const rig = new TwinsRig();
      rig.send();
      const { last } = rig.upstream;
      last.start(testHead(step === 'refuse' ? 429 : 200));
      if (step === 'end') last.end();
      if (step === 'fail') last.fail('STREAM_CUT');
      if (step === 'cancel') last.call.cancellation.cancel(new CallError('SUPERSEDED'));
      rig.send();
      equal(rig.upstream.calls.length, 2, step);
    }
  });

  it('do not join a call that was told to stop and has not answered yet', () => {
    const below: Call[] = [];
    const rig = new TwinsRig({ terminal: (call) => below.push(call) });
    rig.send();
    // As the heartbeat layer does when nothing of an answer can be passed on.
    below[0]?.cancellation.cancel(new CallError('SUPERSEDED'));
    rig.send();
    equal(below.length, 2);
  });

  it('do not even see a layer without session fields', () => {
    const { calls } = new TwinsRig();
    const next = (): void => {};
    equal(twinsLayer({ calls }, { ...defaultTwinsOptions, sessionFields: [] }).wrap(next), next);
  });

  it('are not waited for when their caller had left before they came', () => {
    const rig = new TwinsRig({ options: { lingerMs: 1_000 } });
    const call = testCall({ headers: session });
    call.cancellation.cancel(new CallError('CALLER_GONE'));
    const sink = new RecordingSink();
    rig.service(call, sink);
    equal(sink.error?.code, 'CALLER_GONE');
    deepEqual(rig.said, []);
    rig.assertNothingLeft();
  });
});

describe('a defect below', () => {
  it('is seen by the caller whose call it broke, and leaves nothing behind', () => {
    const kept: Sink[] = [];
    const terminal = (_: unknown, sink: Sink): never => {
      sink.start(testHead(), freeFlow);
      kept.push(sink);
      throw new Error('a defect');
    };
    const rig = new TwinsRig({ terminal });
    const sink = new RecordingSink();
    throws(() => rig.service(testCall({ headers: session }), sink), /a defect/);
    deepEqual(sink.story, ['start 200'], 'the exception itself says the rest');
    rig.assertNothingLeft();
    kept[0]?.end();
    deepEqual(sink.story, ['start 200'], 'a last word from below is for nobody');
  });
});
