import { deepEqual, equal } from 'node:assert/strict';
import { describe, it } from 'node:test';
import { testHead } from '../../testing/scripted-service.ts';
import { TwinsRig } from './twins.fixture.ts';

const KIB = 'k'.repeat(1024);

describe('callers of one answer', () => {
  it('read at their own pace: one that is full stops nobody else', () => {
    const rig = new TwinsRig();
    const slow = rig.send();
    const { last } = rig.upstream;
    last.start();
    const fast = rig.send();
    slow.sink.pause();
    equal(last.paused, false);
    last.chunk('ab');
    last.chunk('cd');
    deepEqual([slow.sink.text, fast.sink.text], ['', 'abcd']);
    slow.sink.resume();
    equal(slow.sink.text, 'abcd');
    last.chunk('ef');
    last.end();
    deepEqual([slow.sink.text, fast.sink.text], ['abcdef', 'abcdef']);
    rig.assertNothingLeft();
  });

  it('hold the upstream back when none of them can take more', () => {
    const rig = new TwinsRig();
    const one = rig.send();
    const { last } = rig.upstream;
    last.start();
    const other = rig.send();
    one.sink.pause();
    other.sink.pause();
    equal(last.paused, true);
    last.chunk('under way');
    deepEqual([one.sink.text, other.sink.text], ['', '']);
    other.sink.resume();
    equal(last.paused, false);
    equal(other.sink.text, 'under way');
    other.leave();
    equal(last.paused, true, 'the one that is left is full');
    one.sink.resume();
    deepEqual([last.paused, one.sink.text], [false, 'under way']);
    deepEqual([last.pauses, last.resumes], [2, 2]);
  });

  it('hold it back one by one, as ever, when there is but one', () => {
    const rig = new TwinsRig();
    const { sink } = rig.send({}, { pauseAfterChunks: 0 });
    const { last } = rig.upstream;
    last.start();
    equal(last.paused, true);
    last.chunk('under way');
    equal(sink.text, 'under way', 'what comes all the same is passed on at once');
    sink.resume();
    deepEqual([last.paused, last.pauses, last.resumes], [false, 1, 1]);
  });

  it('come in while the first is full, and set the upstream going again', () => {
    const rig = new TwinsRig();
    const dead = rig.send();
    const { last } = rig.upstream;
    last.start();
    dead.sink.pause();
    last.chunk('a');
    const twin = rig.send();
    deepEqual([twin.sink.text, last.paused], ['a', false]);
  });

  it('are cut off when they fall further behind than what is kept', () => {
    const rig = new TwinsRig({ options: { replayBytesMax: 4 * 1024 } });
    const dead = rig.send();
    const { last } = rig.upstream;
    last.start();
    const living = rig.send();
    dead.sink.pause();
    for (let kib = 0; kib < 4; kib += 1) last.chunk(KIB);
    equal(dead.sink.isOver, false);
    last.chunk('one too many');
    equal(dead.sink.error?.code, 'CALLER_STALLED');
    equal(dead.sink.text, '');
    equal(rig.calls.memory.usedBytes, 0);
    last.end();
    equal(living.sink.text, `${KIB.repeat(4)}one too many`);
    deepEqual(rig.said, ['attached test-route', 'evicted length', 'outrun test-route']);
    rig.assertNothingLeft();
  });

  it('are not cut off while they keep up, however long the answer is', () => {
    const rig = new TwinsRig({ options: { replayBytesMax: 4 * 1024 } });
    const slow = rig.send();
    const { last } = rig.upstream;
    last.start();
    const fast = rig.send();
    for (let round = 0; round < 20; round += 1) {
      slow.sink.pause();
      last.chunk(KIB);
      last.chunk(KIB);
      slow.sink.resume();
      equal(rig.calls.memory.usedBytes <= 4 * 1024, true);
    }
    last.end();
    deepEqual([slow.sink.body.length, fast.sink.body.length], [40 * 1024, 40 * 1024]);
    rig.assertNothingLeft();
  });

  it('keep what was under way when all of them are full, beyond any bound', () => {
    const rig = new TwinsRig({ options: { replayBytesMax: 1024 } });
    const one = rig.send();
    const { last } = rig.upstream;
    last.start();
    const other = rig.send();
    one.sink.pause();
    other.sink.pause();
    last.chunk(KIB);
    last.chunk(KIB);
    last.end();
    equal(one.sink.isOver, false);
    one.sink.resume();
    other.sink.resume();
    for (const { sink } of [one, other]) equal(sink.text, KIB + KIB);
    rig.assertNothingLeft();
  });

  it('hear the end only when they have had everything, whichever it is', () => {
    for (const ending of ['end', 'fail'] as const) {
      const rig = new TwinsRig();
      const slow = rig.send();
      const { last } = rig.upstream;
      last.start();
      const fast = rig.send();
      slow.sink.pause();
      last.chunk('all');
      if (ending === 'end') last.end();
      else last.fail('STREAM_CUT');
      deepEqual([slow.sink.isOver, fast.sink.isOver], [false, true]);
      slow.sink.resume();
      deepEqual(slow.sink.story, fast.sink.story);
      rig.assertNothingLeft();
    }
  });

  it('may leave with the rest of a finished answer still to come', () => {
    const rig = new TwinsRig();
    const slow = rig.send();
    const { last } = rig.upstream;
    last.start();
    rig.send();
    slow.sink.pause();
    last.chunk('all');
    last.end();
    slow.leave();
    equal(slow.sink.error?.code, 'CALLER_GONE');
    rig.assertNothingLeft();
  });

  it('may leave while another one is told something', () => {
    const rig = new TwinsRig();
    const leavers: (() => void)[] = [];
    const first = rig.send(
      {},
      {
        onEvent({ type }) {
          if (type === 'chunk') for (const leave of leavers) leave();
        },
      },
    );
    const { last } = rig.upstream;
    last.start();
    const twin = rig.send();
    leavers.push(() => twin.leave());
    last.chunk('a');
    deepEqual(twin.sink.story, ['start 200', 'fail CALLER_GONE']);
    last.end();
    equal(first.sink.ended, true);
    rig.assertNothingLeft();
  });

  it('are let go at once when they leave alone, with a part still to come', () => {
    const rig = new TwinsRig();
    const slow = rig.send();
    const { last } = rig.upstream;
    last.start();
    const fast = rig.send();
    slow.sink.pause();
    last.chunk('missed');
    fast.leave();
    slow.leave();
    deepEqual(slow.sink.story, ['start 200', 'fail CALLER_GONE']);
    equal(last.cancelledWith?.code, 'CALLER_GONE');
    rig.assertNothingLeft();
  });

  it('are not told of the end inside of what they are told before', () => {
    const rig = new TwinsRig();
    rig.send();
    const { last } = rig.upstream;
    last.start();
    last.chunk('all');
    let depth = 0;
    const depths: number[] = [];
    rig.send(
      {},
      {
        onEvent({ type }) {
          depths.push(depth);
          depth += 1;
          if (type === 'chunk') last.end();
          depth -= 1;
        },
      },
    );
    deepEqual(depths, [0, 0, 0]);
    rig.assertNothingLeft();
  });

  it('can be joined by one more while the rest of a finished answer is still to come', () => {
    const rig = new TwinsRig();
    const slow = rig.send();
    const { last } = rig.upstream;
    last.start();
    rig.send();
    slow.sink.pause();
    last.chunk('all');
    last.end();
    const late = rig.send();
    deepEqual(late.sink.story, ['start 200', 'chunk 3', 'end']);
    equal(rig.upstream.calls.length, 1);
  });

  it('stop a replay in the middle and go on with it', () => {
    const rig = new TwinsRig();
    rig.send();
    const { last } = rig.upstream;
    last.start();
    for (let kib = 0; kib < 8; kib += 1) last.chunk(KIB);
    const twin = rig.send({}, { pauseAfterChunks: 1 });
    equal(twin.sink.chunks.length, 1);
    last.chunk('live');
    equal(twin.sink.chunks.length, 1);
    twin.sink.resume();
    equal(twin.sink.text, `${KIB.repeat(8)}live`);
  });
});

describe('memory for twins', () => {
  it('is taken slab by slab and given back when an answer is too long', () => {
    const rig = new TwinsRig({ options: { replayBytesMax: 8 * 1024 } });
    const { sink } = rig.send();
    const { last } = rig.upstream;
    last.start();
    last.chunk('a little');
    equal(rig.calls.memory.usedBytes, 2 * 1024);
    for (let kib = 0; kib < 8; kib += 1) last.chunk(KIB);
    deepEqual(rig.said, ['evicted length']);
    equal(rig.calls.memory.usedBytes, 0);
    rig.send();
    equal(rig.upstream.calls.length, 2, 'it can not be joined any more');
    last.end();
    equal(sink.text, `a little${KIB.repeat(8)}`);
  });

  it('is given back as soon as the slowest caller of a long answer has caught up', () => {
    const rig = new TwinsRig({ options: { replayBytesMax: 4 * 1024 } });
    const slow = rig.send();
    const { last } = rig.upstream;
    last.start();
    rig.send();
    last.chunk(KIB.repeat(3));
    slow.sink.pause();
    last.chunk(KIB.repeat(2));
    deepEqual(rig.said, ['attached test-route', 'evicted length']);
    equal(rig.calls.memory.usedBytes > 0, true);
    slow.sink.resume();
    equal(rig.calls.memory.usedBytes, 0);
  });

  it('is not taken for an answer that nobody can join', () => {
    const rig = new TwinsRig();
    rig.send();
    rig.upstream.last.start(testHead(404));
    rig.upstream.last.chunk(KIB);
    equal(rig.calls.memory.usedBytes, 0);
  });

  it('is bounded for all calls together, and no call fails for it', () => {
    const rig = new TwinsRig({ limits: { bytesMax: 3 * 1024 } });
    const sinks = [1, 2, 3].map((serial) => rig.send({ body: `{"test":${serial}}` }).sink);
    for (const upstream of rig.upstream.calls) {
      upstream.start();
      upstream.chunk(KIB);
      upstream.end();
    }
    const held = new TwinsRig({ limits: { bytesMax: 3 * 1024 } });
    const more = [1, 2, 3].map((serial) => held.send({ body: `{"test":${serial}}` }).sink);
    for (const upstream of held.upstream.calls) {
      upstream.start();
      upstream.chunk(KIB);
    }
    deepEqual(held.said, ['evicted memory', 'evicted memory']);
    for (const sink of [...sinks, ...more]) equal(sink.text, KIB);
    deepEqual(rig.said, []);
    rig.assertNothingLeft();
  });

  it('is given back when a call has run for too long', () => {
    const rig = new TwinsRig({ limits: { keepMs: 1_000 } });
    const { sink } = rig.send();
    const { last } = rig.upstream;
    last.start();
    last.chunk('a');
    rig.clock.advance(900);
    deepEqual(rig.said, []);
    rig.clock.advance(200);
    deepEqual(rig.said, ['evicted age']);
    equal(rig.calls.memory.usedBytes, 0);
    last.chunk('b');
    last.end();
    equal(sink.text, 'ab');
    rig.assertNothingLeft();
  });
});
