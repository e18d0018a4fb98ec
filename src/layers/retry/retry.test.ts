import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Cancellation } from '../../core/cancellation.ts';
import { CallError } from '../../core/errors.ts';
import type { CallScript } from '../../testing/scripted-service.ts';
import { byHand, testHead } from '../../testing/scripted-service.ts';
import { testCall } from '../../testing/test-call.ts';
import {
  errorEvent,
  EVENTS,
  nine,
  opening,
  RetryRig,
  stream,
  strict,
  whole,
} from './retry.fixture.ts';

const OVERLOADED = errorEvent('overloaded_error');

describe('the gate in front of an answer', () => {
  it('passes a good answer as it came', () => {
    const rig = new RetryRig(stream);
    const { sink } = rig.send();
    assert.equal(sink.text, whole);
    assert.equal(sink.ended, true);
    assert.equal(rig.upstream.calls.length, 1);
    rig.assertNothingLeft();
  });

  it('opens at the first content, not before', () => {
    const rig = new RetryRig(byHand);
    const { sink } = rig.send();
    rig.upstream.last.start(testHead(200, EVENTS));
    for (const event of opening) rig.upstream.last.chunk(event);
    assert.deepEqual(sink.story, []);
    rig.upstream.last.chunk(nine.slice(1).join(''));
    assert.equal(sink.text, nine.join(''));
  });

  it('opens at once where nobody reads the answer', () => {
    const rig = new RetryRig({ headers: { 'content-type': 'image/png' }, ending: 'never' });
    assert.equal(rig.send().sink.status, 200);
    const redirect = new RetryRig({ status: 302, ending: 'never' });
    assert.equal(redirect.send().sink.status, 302);
  });

  it('opens at the end of a whole answer without content', () => {
    const chunks = [...opening, 'event: message_stop\ndata: {"type":"message_stop"}\n\n'];
    const rig = new RetryRig({ headers: EVENTS, chunks });
    const { sink } = rig.send();
    assert.equal(sink.text, chunks.join(''));
    assert.equal(sink.ended, true);
    rig.assertNothingLeft();
  });

  it('opens after ten seconds or 64 KiB without content', () => {
    const silent = new RetryRig({ headers: EVENTS, chunks: opening, ending: 'never' });
    const { sink } = silent.send();
    silent.clock.advance(9_900);
    assert.equal(sink.status, 0);
    silent.clock.advance(300);
    assert.equal(sink.text, opening.join(''));
    const comments = `: ${'x'.repeat(40_000)}\n\n`;
    const noisy = new RetryRig({ headers: EVENTS, chunks: [comments], ending: 'never' });
    const noise = noisy.send().sink;
    assert.equal(noise.status, 0);
    noisy.upstream.last.chunk(comments);
    assert.equal(noise.body.length, 2 * comments.length);
  });

  it('opens at a slow answer of a later attempt as well', () => {
    const slow: CallScript = { headers: EVENTS, chunks: opening, ending: 'never' };
    const rig = new RetryRig([{ status: 500 }, slow]);
    const { sink } = rig.send();
    rig.clock.advance(10_300);
    assert.equal(sink.text, opening.join(''));
    assert.equal(rig.upstream.calls.length, 2);
  });

  it('holds informational heads as well, and shows those of the accepted attempt only', () => {
    const cut: CallScript = { interim: [103, 103], failBeforeHead: 'RESET' };
    const rig = new RetryRig([cut, { ...stream, interim: [102] }]);
    const { sink } = rig.send();
    rig.clock.advance(100);
    assert.deepEqual(sink.story.slice(0, 2), ['interim 102', 'start 200']);
  });

  it('keeps no more than a few informational heads', () => {
    const rig = new RetryRig({ ...stream, interim: Array.from({ length: 50 }, () => 102) });
    const { sink } = rig.send();
    assert.equal(sink.events.filter(({ type }) => type === 'interim').length, 8);
    assert.equal(sink.text, whole);
  });

  it('hands on the flow of the upstream', () => {
    const rig = new RetryRig(stream);
    const { sink } = rig.send({}, { pauseAfterChunks: 2 });
    assert.equal(rig.upstream.last.paused, true);
    assert.equal(sink.text, anthropicOpeningOf(2));
    sink.resume();
    assert.equal(sink.text, whole);
  });
});

function anthropicOpeningOf(events: number): string {
  return nine.slice(0, events).join('');
}

describe('an answer that fails in front of its first content', () => {
  it('is replaced after an error event, unseen', () => {
    const rig = new RetryRig([{ headers: EVENTS, chunks: [...opening, OVERLOADED] }, stream]);
    const { sink } = rig.send();
    rig.clock.advance(2_000);
    assert.equal(sink.text, whole);
    assert.deepEqual(rig.retried, ['overloaded_error']);
    rig.assertNothingLeft();
  });

  it('is replaced after a cut, unseen', () => {
    const rig = new RetryRig([{ headers: EVENTS, chunks: opening, ending: 'STREAM_CUT' }, stream]);
    const { sink } = rig.send();
    rig.clock.advance(100);
    assert.equal(sink.text, whole);
    assert.deepEqual(rig.retried, ['STREAM_CUT']);
    rig.assertNothingLeft();
  });

  it('is replaced when it is empty', () => {
    const rig = new RetryRig([{ headers: EVENTS }, stream]);
    const { sink } = rig.send();
    rig.clock.advance(100);
    assert.equal(sink.text, whole);
    assert.deepEqual(rig.retried, ['EMPTY_ANSWER']);
  });

  it('is replaced when it is a document that is cut anywhere, or that is an error', () => {
    const json = { 'content-type': 'application/json' };
    const half = '{"type":"message",';
    const good = { headers: json, chunks: [half, '"content":[]}'] };
    const bad = { headers: json, chunks: ['{"type":"error","error":{"type":"overloaded_error"}}'] };
    for (const first of [
      { headers: json, chunks: [half] },
      { headers: json, chunks: [half], ending: 'STREAM_CUT' },
      bad,
    ] as const) {
      const rig = new RetryRig([first, good]);
      const { sink } = rig.send();
      rig.clock.advance(1_500);
      assert.equal(sink.text, good.chunks.join(''));
      rig.assertNothingLeft();
    }
  });

  it('is passed on when the fault is in the request', () => {
    const words = errorEvent('invalid_request_error');
    const rig = new RetryRig({ headers: EVENTS, chunks: [words] });
    const { sink } = rig.send();
    assert.equal(sink.text, words);
    assert.equal(sink.ended, true);
    assert.deepEqual([rig.retried, rig.denied], [[], []]);
  });

  it('is passed on with its words when no attempt is left', () => {
    const rig = new RetryRig({ headers: EVENTS, chunks: [...opening, OVERLOADED] });
    const { sink } = rig.send();
    rig.clock.advance(20_000);
    assert.equal(rig.upstream.calls.length, 3);
    assert.equal(sink.head?.headers.has('x-should-retry'), false);
    assert.equal(sink.text, opening.join('') + OVERLOADED);
    assert.equal(sink.ended, true);
    rig.assertNothingLeft();
  });

  it('is an error with a status of its own when it had no words', () => {
    const rig = new RetryRig({ headers: EVENTS, chunks: opening, ending: 'STREAM_CUT' });
    const { sink } = rig.send();
    rig.clock.advance(20_000);
    assert.deepEqual(sink.story, ['fail STREAM_CUT']);
    rig.assertNothingLeft();
  });
});

describe('an answer that fails behind its first content', () => {
  it('keeps its error event, and no attempt follows', () => {
    const rig = new RetryRig([{ headers: EVENTS, chunks: [...nine, OVERLOADED] }, stream]);
    const { sink } = rig.send();
    rig.clock.advance(60_000);
    assert.equal(sink.text, nine.join('') + OVERLOADED);
    assert.equal(rig.upstream.calls.length, 1);
    rig.assertNothingLeft();
  });

  it('stays cut', () => {
    const rig = new RetryRig([{ headers: EVENTS, chunks: nine, ending: 'STREAM_CUT' }, stream]);
    const { sink } = rig.send();
    rig.clock.advance(60_000);
    assert.equal(sink.error?.code, 'STREAM_CUT');
    assert.equal(sink.error?.shouldRetry, undefined);
    assert.equal(sink.text, nine.join(''));
    assert.equal(rig.upstream.calls.length, 1);
    rig.assertNothingLeft();
  });
});

describe('an answer that is dropped', () => {
  it('is read to its end first, so that its connection can serve again', () => {
    const last = { afterMs: 300, bytes: 'rest' };
    for (const bad of [
      { status: 529, chunks: ['some', last] },
      { headers: EVENTS, chunks: [OVERLOADED], endAfterMs: 300 },
    ]) {
      const rig = new RetryRig([bad, stream]);
      rig.send();
      rig.clock.advance(10_000);
      assert.equal(rig.upstream.calls.length, 2);
      assert.equal(rig.upstream.calls[0]?.cancelledWith, undefined);
    }
  });

  it('is given up when it does not end within a second, or is too long', () => {
    for (const bad of [
      { status: 529, chunks: ['some'], ending: 'never' },
      { headers: EVENTS, chunks: [OVERLOADED], ending: 'never' },
      { status: 500, chunks: ['x'.repeat(70_000)], ending: 'never' },
    ] as const) {
      const rig = new RetryRig([bad, stream]);
      const { sink } = rig.send();
      rig.clock.advance(2_300);
      assert.equal(rig.upstream.calls[0]?.cancelledWith?.code, 'SUPERSEDED');
      assert.equal(sink.text, whole);
      rig.assertNothingLeft();
    }
  });

  it('is not held up first where it will be shown anyway', () => {
    const bad: CallScript = { status: 500, chunks: ['oops'], ending: 'never' };
    const rig = new RetryRig(bad);
    assert.equal(rig.send({ route: strict }).sink.text, 'oops');
    assert.deepEqual(rig.denied, ['not-replayable']);
    assert.equal(new RetryRig(bad, { attemptsMax: 1 }).send().sink.text, 'oops');
    assert.equal(new RetryRig({ ...bad, status: 404 }).send().sink.text, 'oops');
  });

  it('is shown as far as it came when it breaks off and no attempt is left', () => {
    const rig = new RetryRig(
      { status: 503, chunks: ['half'], ending: 'STREAM_CUT' },
      {},
      { reservePerSecond: 0 },
    );
    const { sink } = rig.send();
    assert.deepEqual(sink.story, ['start 503', 'chunk 4', 'fail STREAM_CUT']);
    assert.equal(sink.head?.headers.get('x-should-retry'), 'false');
    assert.deepEqual(rig.denied, ['budget']);
    rig.assertNothingLeft();
  });
});

describe('a caller that leaves', () => {
  const gone = new CallError('CALLER_GONE');

  it('ends the wait for another attempt at once', () => {
    const rig = new RetryRig({ status: 503, headers: { 'retry-after': '20' } });
    const cancellation = new Cancellation();
    const { sink } = rig.send({ cancellation });
    rig.clock.advance(1_000);
    assert.deepEqual(rig.lent, [1, 1]);
    cancellation.cancel(gone);
    assert.deepEqual(sink.story, ['fail CALLER_GONE']);
    assert.deepEqual(rig.lent, [0, 0]);
    rig.clock.advance(60_000);
    assert.equal(rig.upstream.calls.length, 1);
    rig.assertNothingLeft();
  });

  it('ends a running attempt, and none follows', () => {
    const starts: CallScript[] = [
      byHand,
      { headers: EVENTS, chunks: opening, ending: 'never' },
      { status: 503, chunks: ['a'], ending: 'never' },
      { headers: EVENTS, chunks: nine, ending: 'never' },
    ];
    for (const script of starts) {
      const rig = new RetryRig(script);
      const cancellation = new Cancellation();
      const { sink } = rig.send({ cancellation });
      cancellation.cancel(gone);
      rig.clock.advance(60_000);
      assert.equal(sink.error?.code, 'CALLER_GONE');
      assert.equal(rig.upstream.calls.length, 1);
      rig.assertNothingLeft();
    }
  });

  it('concerns neither the attempts before the running one nor a call that is over', () => {
    const rig = new RetryRig([{ status: 500 }, { headers: EVENTS, chunks: nine, ending: 'never' }]);
    const cancellation = new Cancellation();
    const { sink } = rig.send({ cancellation });
    rig.clock.advance(100);
    const [first, second] = rig.upstream.calls;
    second?.fail('STREAM_CUT');
    cancellation.cancel(gone);
    for (const attempt of [first, second]) {
      assert.equal(attempt?.call.cancellation.reason, undefined);
    }
    assert.equal(sink.error?.code, 'STREAM_CUT');
    rig.assertNothingLeft();
  });

  it('may do so while held bytes are passed to it', () => {
    for (const at of ['interim', 'start', 'chunk']) {
      const chunks = [...opening, 'event: ping\ndata: {"type":"ping"}\n\n', ...nine.slice(1)];
      const rig = new RetryRig({ headers: EVENTS, chunks, interim: [103, 103] });
      const cancellation = new Cancellation();
      const leave = { onEvent: ({ type }: { type: string }) => leaveAt(type) };
      const leaveAt = (type: string): void => {
        if (type === at) cancellation.cancel(gone);
      };
      const { sink } = rig.send({ cancellation }, leave);
      assert.deepEqual(sink.story.slice(-1), ['fail CALLER_GONE']);
      assert.equal(sink.events.filter(({ type }) => type === at).length, 1);
      rig.assertNothingLeft();
    }
  });

  it('may do so while the held bytes of an answer that has ended are passed to it', () => {
    const chunks = [...opening, 'event: message_stop\ndata: {"type":"message_stop"}\n\n'];
    for (const script of [
      { headers: EVENTS, chunks },
      { status: 503, chunks: ['a', 'b'] },
      { status: 503, chunks: ['a', 'b'], ending: 'STREAM_CUT' },
    ] as const) {
      const rig = new RetryRig(script, {}, { reservePerSecond: 0 });
      const cancellation = new Cancellation();
      const onEvent = ({ type }: { type: string }): void => {
        if (type === 'chunk') cancellation.cancel(gone);
      };
      rig.send({ cancellation }, { onEvent });
      rig.assertNothingLeft();
    }
  });
});

describe('a defect', () => {
  it('in the first attempt ends the call, so that all above give back what they hold', () => {
    const rig = new RetryRig(() => {
      throw new Error('bug');
    });
    const heard: string[] = [];
    const onEvent = ({ type }: { type: string }): number => heard.push(type);
    assert.throws(() => rig.send({}, { onEvent }), /bug/);
    assert.deepEqual(heard, ['fail']);
    rig.assertNothingLeft();
  });

  it('above it, in an answer at once, stops what runs below', () => {
    const rig = new RetryRig({ ...stream, ending: 'never' });
    const onEvent = (): void => {
      throw new Error('bug');
    };
    assert.throws(() => rig.send({}, { onEvent }), /bug/);
    assert.equal(rig.upstream.last.cancelledWith?.code, 'BUG');
    rig.assertNothingLeft();
  });

  it('in a later attempt ends the call as well, since nobody else would', () => {
    const rig = new RetryRig((_call, index) => {
      if (index > 0) throw new Error('bug');
      return { status: 500 };
    });
    const { sink } = rig.send();
    assert.throws(() => rig.clock.advance(100), /bug/);
    assert.deepEqual(sink.story, ['fail BUG']);
    rig.assertNothingLeft();
  });
});

describe('the timeline of a call', () => {
  it('counts attempts and the time between them', () => {
    const busy = { status: 503, headers: { 'retry-after': '3' } };
    const rig = new RetryRig([busy, busy, stream]);
    const { call } = rig.send();
    rig.clock.advance(10_000);
    assert.equal(call.timeline.attempts, 3);
    assert.ok(call.timeline.backoffMs >= 6_000 && call.timeline.backoffMs <= 6_600);
    assert.deepEqual(
      rig.upstream.calls.map(({ call: { attempt } }) => attempt),
      [1, 2, 3],
    );
  });
});

describe('a body that can not be read again', () => {
  it('is sent once', () => {
    const { body } = testCall();
    const rig = new RetryRig(() => {
      body.commit();
      return { status: 503 };
    });
    const { sink } = rig.send({ body });
    rig.clock.advance(60_000);
    assert.equal(sink.status, 503);
    assert.equal(sink.head?.headers.has('x-should-retry'), false);
    assert.deepEqual(rig.denied, ['not-replayable']);
  });

  it('is sent once when that turns out only while a refusal is read', () => {
    const rig = new RetryRig([{ status: 503, chunks: ['a'], endAfterMs: 300 }, stream]);
    const { call, sink } = rig.send();
    call.body.commit();
    rig.clock.advance(60_000);
    assert.equal(sink.status, 503);
    assert.deepEqual(rig.denied, ['not-replayable']);
  });
});

describe('a route without further attempts', () => {
  it('passes everything on as it came', () => {
    const rig = new RetryRig({ status: 503, chunks: ['no'] }, { attemptsMax: 1 });
    const { sink } = rig.send();
    assert.deepEqual(sink.story, ['start 503', 'chunk 2', 'end']);
    assert.equal(sink.head?.headers.has('x-should-retry'), false);
    assert.deepEqual([rig.retried, rig.denied], [[], []]);
    rig.assertNothingLeft();
  });
});
