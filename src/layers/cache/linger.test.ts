import { deepEqual, equal, notEqual } from 'node:assert/strict';
import { describe, it } from 'node:test';
import { testHead } from '../../testing/scripted-service.ts';
import { TwinsRig } from './twins.fixture.ts';

const linger = { lingerMs: 2_000 };

describe('without lingering', () => {
  it('the upstream is told in the same instant that its only caller has left', () => {
    const rig = new TwinsRig();
    const { sink, leave } = rig.send();
    rig.upstream.last.start();
    leave();
    equal(rig.upstream.last.cancelledWith?.code, 'CALLER_GONE');
    equal(sink.error?.code, 'CALLER_GONE');
    rig.assertNothingLeft();
  });
});

describe('a call that lingers', () => {
  it('lets its caller go at once, and is given to the twin that comes', () => {
    const rig = new TwinsRig({ options: linger });
    const first = rig.send();
    const { last } = rig.upstream;
    last.start();
    last.chunk('one ');
    first.leave();
    equal(first.sink.error?.code, 'CALLER_GONE');
    rig.clock.advance(700);
    last.chunk('two ');
    const twin = rig.send();
    equal(twin.sink.text, 'one two ');
    rig.clock.advance(10_000);
    last.chunk('three');
    last.end();
    equal(twin.sink.text, 'one two three');
    equal(twin.sink.ended, true);
    equal(rig.upstream.calls.length, 1);
    deepEqual(rig.said, ['lingered test-route', 'attached test-route']);
    rig.assertNothingLeft();
  });

  it('is cancelled for the same reason when no twin comes in time', () => {
    const rig = new TwinsRig({ options: linger });
    const { sink, leave } = rig.send();
    leave();
    rig.clock.advance(1_900);
    equal(rig.upstream.last.over, false);
    rig.clock.advance(200);
    notEqual(sink.error, undefined);
    equal(rig.upstream.last.cancelledWith, sink.error);
    deepEqual(rig.said, ['lingered test-route', 'expired test-route']);
    rig.assertNothingLeft();
  });

  it('begins anew when its twin leaves as well', () => {
    const rig = new TwinsRig({ options: linger });
    rig.send().leave();
    rig.clock.advance(1_500);
    rig.send().leave();
    rig.clock.advance(1_900);
    equal(rig.upstream.last.over, false);
    rig.clock.advance(200);
    equal(rig.upstream.last.over, true);
    rig.assertNothingLeft();
  });

  it('keeps an answer that became whole meanwhile, until its time is over', () => {
    for (const waitMs of [1_000, 3_000]) {
      const rig = new TwinsRig({ options: linger });
      rig.send().leave();
      const { last } = rig.upstream;
      last.start();
      last.chunk('whole');
      last.end();
      rig.clock.advance(waitMs);
      deepEqual(rig.said, ['lingered test-route'], 'it cost the upstream nothing');
      const twin = rig.send();
      const isTwin = waitMs < linger.lingerMs;
      equal(rig.upstream.calls.length, isTwin ? 1 : 2);
      if (isTwin) deepEqual(twin.sink.story, ['start 200', 'chunk 5', 'end']);
      else twin.leave();
      rig.clock.advance(3_000);
      rig.assertNothingLeft();
    }
  });

  it('is no more when its answer fails or is a refusal: the twin gets a try of its own', () => {
    for (const how of ['fail', 'refusal'] as const) {
      const rig = new TwinsRig({ options: linger });
      rig.send().leave();
      const { last } = rig.upstream;
      if (how === 'fail') last.fail('RESET');
      else last.start(testHead(529));
      equal(last.over, true);
      rig.assertNothingLeft();
      rig.send();
      equal(rig.upstream.calls.length, 2);
    }
  });

  it('lets an upstream go on that its caller had held back', () => {
    const rig = new TwinsRig({ options: linger });
    const first = rig.send({}, { pauseAfterChunks: 0 });
    const { last } = rig.upstream;
    last.start();
    equal(last.paused, true);
    first.leave();
    equal(last.paused, false);
  });

  it('is cancelled when its answer grows beyond what may be kept for a twin', () => {
    const rig = new TwinsRig({ options: { ...linger, replayBytesMax: 8 } });
    rig.send().leave();
    const { last } = rig.upstream;
    last.start();
    last.chunk('12345678');
    equal(last.over, false);
    last.chunk('9');
    equal(last.cancelledWith?.code, 'CALLER_GONE');
    deepEqual(rig.said, ['lingered test-route', 'evicted length']);
    rig.assertNothingLeft();
  });

  it('is none whose answer was too long already', () => {
    const rig = new TwinsRig({ options: { ...linger, replayBytesMax: 8 } });
    const { leave } = rig.send();
    const { last } = rig.upstream;
    last.start();
    last.chunk('123456789');
    leave();
    equal(last.over, true);
    deepEqual(rig.said, ['evicted length']);
    rig.assertNothingLeft();
  });

  it('is one of a bounded number, without those whose answer is whole', () => {
    const rig = new TwinsRig({ options: linger, limits: { lingeringMax: 2 } });
    // With a twin it is watched, but does not linger.
    for (let twin = 0; twin < 2; twin += 1) rig.send({ body: '{"test":0}' });
    rig.send({ body: '{"test":9}' }).leave();
    rig.upstream.last.start();
    rig.upstream.last.end();
    for (const serial of [1, 2, 3]) rig.send({ body: `{"test":${serial}}` }).leave();
    deepEqual(
      rig.upstream.calls.map(({ over }) => over),
      [false, true, false, false, true],
    );
  });

  it('has a caller who left by itself, not one that was told to go', () => {
    for (const code of ['DEADLINE_EXCEEDED', 'DRAINING', 'CALLER_STALLED'] as const) {
      const rig = new TwinsRig({ options: linger });
      const { sink, leave } = rig.send();
      leave(code);
      equal(rig.upstream.last.cancelledWith?.code, code);
      equal(sink.error?.code, code);
      rig.assertNothingLeft();
    }
  });

  it('is shown among the joint calls, with the time it has left', () => {
    const rig = new TwinsRig({ options: linger });
    const first = rig.send();
    rig.clock.advance(500);
    first.leave();
    rig.clock.advance(500);
    deepEqual(rig.calls.view(), [
      {
        call: first.call.id,
        route: 'test-route',
        caller: 'anonymous',
        callers: 0,
        joinable: true,
        keptBytes: 0,
        ageMs: 1_000,
        lingersMs: 1_500,
      },
    ]);
  });

  it('is ended when the process goes; what has callers is left to the drain', () => {
    const rig = new TwinsRig({ options: linger });
    const stays = rig.send({ body: '{"test":1}' });
    const twin = rig.send({ body: '{"test":1}' });
    rig.send().leave();
    rig.calls.close();
    deepEqual(
      rig.upstream.calls.map(({ over }) => over),
      [false, true],
    );
    deepEqual(
      rig.calls.view().map(({ callers, joinable }) => [callers, joinable]),
      [[2, true]],
    );
    stays.leave('DRAINING');
    twin.leave('DRAINING');
    rig.assertNothingLeft();
  });
});
