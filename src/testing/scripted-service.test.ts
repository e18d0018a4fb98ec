import { deepEqual, equal, throws } from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CallError } from '../core/errors.ts';
import { RecordingSink } from './recording-sink.ts';
import type { ServiceScript } from './scripted-service.ts';
import { ScriptedService, byHand, testHead } from './scripted-service.ts';
import { testCall } from './test-call.ts';
import { VirtualClock } from './virtual-clock.ts';

const setUp = (script?: ServiceScript) => {
  const clock = new VirtualClock(0);
  const upstream = new ScriptedService(clock, script);
  const sink = new RecordingSink({ now: () => clock.now() });
  return { clock, upstream, sink };
};

describe('scripted service', () => {
  it('answers at once, and may do so before the service returns', () => {
    const { upstream, sink } = setUp({ chunks: ['a', 'bc'] });
    upstream.service(testCall(), sink);
    deepEqual(sink.story, ['start 200', 'chunk 1', 'chunk 2', 'end']);
    equal(sink.text, 'abc');
  });

  it('keeps the delays of its script on the clock', () => {
    const { clock, upstream, sink } = setUp({
      headAfterMs: 10,
      chunks: ['x', { afterMs: 5, bytes: 'y' }],
      endAfterMs: 2,
    });
    upstream.service(testCall(), sink);
    clock.advance(100);
    deepEqual(
      sink.events.map((event) => [event.type, event.at]),
      [
        ['start', 10],
        ['chunk', 10],
        ['chunk', 15],
        ['end', 17],
      ],
    );
  });

  it('writes the wire slots of the timeline', () => {
    const { clock, upstream, sink } = setUp({
      headAfterMs: 10,
      chunks: [{ afterMs: 5, bytes: 'four' }],
    });
    const call = testCall();
    upstream.service(call, sink);
    clock.advance(15);
    const { acquiredAt, sentAt, firstByteAt, lastByteAt, responseBytes, attempts } = call.timeline;
    deepEqual([acquiredAt, sentAt, firstByteAt, lastByteAt], [0, 0, 10, 15]);
    deepEqual([responseBytes, attempts], [4, 1]);
  });

  it('gives each call its own script and the last script to all that follow', () => {
    const { upstream } = setUp([{ failBeforeHead: 'RESET' }, { status: 201 }]);
    const results = [1, 2, 3].map(() => {
      const sink = new RecordingSink();
      upstream.service(testCall(), sink);
      return sink.error?.code ?? sink.status;
    });
    deepEqual(results, ['RESET', 201, 201]);
  });

  it('is driven by hand from the far side', () => {
    const { upstream, sink } = setUp(byHand);
    upstream.service(testCall({ body: 'question' }), sink);
    equal(upstream.last.bodyText, 'question');
    deepEqual(sink.story, []);
    upstream.last.interim(103);
    upstream.last.start(testHead(206));
    upstream.last.chunk('part');
    upstream.last.fail('STREAM_CUT');
    deepEqual(sink.story, ['interim 103', 'start 206', 'chunk 4', 'fail STREAM_CUT']);
  });

  it('fails the sink once and stops when the call is cancelled', () => {
    const { clock, upstream, sink } = setUp({ chunks: ['a', { afterMs: 10, bytes: 'b' }] });
    const call = testCall();
    upstream.service(call, sink);
    call.cancellation.cancel(new CallError('CALLER_GONE'));
    call.cancellation.cancel(new CallError('DEADLINE_EXCEEDED'));
    clock.advance(100);
    deepEqual(sink.story, ['start 200', 'chunk 1', 'fail CALLER_GONE']);
    equal(upstream.last.cancelledWith?.code, 'CALLER_GONE');
    equal(clock.pending, 0);
  });

  it('never touches a call that was cancelled before it came', () => {
    const { upstream, sink } = setUp({ chunks: ['a'] });
    const call = testCall();
    call.cancellation.cancel(new CallError('CALLER_GONE'));
    upstream.service(call, sink);
    deepEqual(sink.story, ['fail CALLER_GONE']);
  });

  it('holds its chunks while paused and marks the pause in the timeline', () => {
    const { clock, upstream } = setUp({ chunks: ['a', 'b', { afterMs: 5, bytes: 'c' }] });
    const sink = new RecordingSink({ pauseAfterChunks: 1 });
    const call = testCall();
    upstream.service(call, sink);
    clock.advance(50);
    deepEqual(sink.chunks, ['a']);
    equal(call.timeline.pausedAt, 0);
    sink.resume();
    clock.advance(5);
    deepEqual(sink.chunks, ['a', 'b', 'c']);
    equal(sink.ended, true);
    equal(call.timeline.pausedAt, -1);
  });

  it('does not enter a sink again from inside its own callback', () => {
    const { upstream } = setUp({ chunks: ['a', 'b'] });
    let depth = 0;
    const sink = new RecordingSink({
      onEvent(event, self) {
        depth += 1;
        equal(depth, 1);
        if (event.type === 'chunk') {
          self.pause();
          self.resume();
        }
        depth -= 1;
      },
    });
    upstream.service(testCall(), sink);
    equal(sink.ended, true);
  });

  it('spoils lent bytes after the call, so that keeping them shows', () => {
    const { upstream } = setUp({ chunks: ['secret'] });
    const kept: Uint8Array[] = [];
    const sink = new RecordingSink();
    const keeper = Object.assign(Object.create(sink) as RecordingSink, {
      interim: () => {},
      start: () => {},
      chunk: (bytes: Uint8Array) => void kept.push(bytes),
      end: () => {},
      fail: () => {},
    });
    upstream.service(testCall(), keeper);
    equal(Buffer.concat(kept).toString(), '!!!!!!');
  });
});

describe('recording sink', () => {
  it('throws at whoever breaks the grammar', () => {
    const sink = new RecordingSink();
    throws(() => sink.chunk(Buffer.from('x')), /grammar: "chunk"/);
    sink.start(testHead(), { pause() {}, resume() {} });
    throws(() => sink.start(testHead(), { pause() {}, resume() {} }), /grammar: "start"/);
    throws(() => sink.interim(testHead(103)), /grammar: "interim"/);
    throws(() => sink.chunk(new Uint8Array()), /empty chunk/);
    sink.end();
    throws(() => sink.end(), /grammar: "end"/);
    throws(() => sink.fail(new CallError('RESET')), /grammar: "fail"/);
  });

  it('keeps a copy of lent bytes', () => {
    const sink = new RecordingSink();
    const lent = Buffer.from('abc');
    sink.start(testHead(), { pause() {}, resume() {} });
    sink.chunk(lent);
    lent.fill(0);
    equal(sink.text, 'abc');
  });

  it('settles `over` on an ending of either kind', async () => {
    const sink = new RecordingSink();
    sink.fail(new CallError('CONNECT_FAILED'));
    await sink.over;
    equal(sink.error?.code, 'CONNECT_FAILED');
  });
});
