import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Timeline } from '../core/timeline.ts';
import { phaseTimes } from './phase-times.ts';

/** Slots of a call over plain TCP or TLS in the order in which they happen, 10 ms apart. */
const order = [
  'routedAt',
  'receivedAt',
  'admittedAt',
  'acquiredAt',
  'connectedAt',
  'securedAt',
  'firstWriteAt',
  'sentAt',
  'firstByteAt',
  'lastByteAt',
] as const;
type Slot = (typeof order)[number];

/** A call in which all happened up to this slot, and that was over at 1,000 ms. */
function timelineUpTo(last: Slot): Timeline {
  const timeline = new Timeline(0);
  for (const [at, slot] of order.slice(0, order.indexOf(last) + 1).entries()) {
    timeline[slot] = (at + 1) * 10;
  }
  timeline.endedAt = 1_000;
  return timeline;
}

function times(timeline: Timeline, failed: boolean): Record<string, number> {
  return JSON.parse(`{${phaseTimes(timeline, failed).slice(1)}}`).ms;
}

describe('the times of phases', () => {
  it('are those between the slots of a call that ended well', () => {
    assert.deepEqual(times(timelineUpTo('lastByteAt'), false), {
      total: 1_000,
      route: 10,
      receive: 10,
      queue: 20,
      connect: 10,
      tls: 10,
      acquire: 10,
      send: 10,
      wait: 10,
      stream: 10,
    });
  });

  const died: readonly (readonly [Slot, string, number])[] = [
    ['receivedAt', 'queue', 990],
    ['admittedAt', 'acquire', 970],
    ['acquiredAt', 'connect', 960],
    ['connectedAt', 'tls', 950],
    ['securedAt', 'acquire', 940],
    ['firstWriteAt', 'send', 930],
    ['sentAt', 'wait', 920],
    ['firstByteAt', 'stream', 910],
    ['lastByteAt', 'stream', 910],
  ];
  for (const [last, phase, ms] of died) {
    it(`give ${phase} its time when the call died after ${last}`, () => {
      const timeline = timelineUpTo(last);
      const before = { ...timeline };
      assert.equal(times(timeline, true)[phase], ms);
      assert.deepEqual({ ...timeline }, before, 'the timeline stays as it was');
    });
  }

  it('add up to the whole of a call that died on the wire', () => {
    const timeline = timelineUpTo('sentAt');
    const { total = 0, route = 0, receive, queue = 0, ...wire } = times(timeline, true);
    const parts = Object.values(wire).reduce((sum, ms) => sum + ms, 0);
    assert.equal(receive, 10);
    // 10 ms between the slot and the search for a connection have no name.
    assert.equal(route + queue + parts + 10, total);
  });

  it('say how long an upload went on that never came to its end', () => {
    const timeline = timelineUpTo('firstWriteAt');
    timeline.receivedAt = -1;
    const { receive, send } = times(timeline, true);
    assert.deepEqual([receive, send], [990, 930]);
    assert.equal(times(timeline, false)['receive'], undefined);
  });

  it('count a wait between attempts as such, and not as part of the answer before', () => {
    const timeline = timelineUpTo('lastByteAt');
    timeline.backoffMs = 5;
    timeline.backoffSince = 400;
    const { backoff, stream } = times(timeline, true);
    assert.deepEqual([backoff, stream], [605, 10]);
  });

  it('leave out what did not happen', () => {
    assert.deepEqual(times(timelineUpTo('routedAt'), false), { total: 1_000, route: 10 });
  });
});
