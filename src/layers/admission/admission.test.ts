import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Cancellation } from '../../core/cancellation.ts';
import { CallError } from '../../core/errors.ts';
import { RecordingSink } from '../../testing/recording-sink.ts';
import type { SinkEvent } from '../../testing/recording-sink.ts';
import { testHead } from '../../testing/scripted-service.ts';
import { testLimits } from '../../testing/test-call.ts';
import { Rig, finish, fixed } from './admission.fixture.ts';
import type { Sent } from './admission.fixture.ts';

const gone = () => new CallError('CALLER_GONE');

describe('a slot of the admission layer', () => {
  it('is taken at once while there is room, and named in the timeline', () => {
    const rig = new Rig();
    rig.clock.advance(5);
    const sent = rig.send();
    assert.equal(sent.call.timeline.admittedTo, 'a');
    assert.equal(sent.call.timeline.admittedAt, rig.clock.now());
    assert.equal(rig.view().occupied, 1);
    assert.equal(rig.leases.size, 1);
  });

  it('is held until the last byte, not until the head', () => {
    const rig = new Rig();
    const sent = rig.send();
    sent.far?.start();
    sent.far?.chunk('x');
    assert.equal(rig.view().occupied, 1);
    sent.far?.end();
    assert.equal(rig.view().occupied, 0);
    assert.equal(rig.leases.size, 0);
    assert.deepEqual(sent.sink.story, ['start 200', 'chunk 1', 'end']);
  });

  it('is given back when the call fails before or after its head', () => {
    const rig = new Rig();
    const [early, late] = rig.sendAll(2);
    early?.far?.fail('RESET');
    late?.far?.start();
    late?.far?.fail('STREAM_CUT');
    assert.equal(rig.view().occupied, 0);
    assert.equal(rig.leases.size, 0);
  });

  it('is given back when the caller leaves a running call', () => {
    const rig = new Rig();
    const sent = rig.send();
    sent.call.cancellation.cancel(gone());
    assert.equal(sent.sink.error?.code, 'CALLER_GONE');
    assert.equal(rig.view().occupied, 0);
    assert.equal(rig.leases.size, 0);
  });

  it('is free for whoever hears the last word', () => {
    const rig = new Rig({ script: { chunks: ['x'] }, limits: { a: fixed(1) } });
    const sent = rig.send();
    assert.equal(sent.sink.ended, true);
    assert.equal(rig.view().occupied, 0);
  });

  it('is given back when something below throws, and the exception goes on', () => {
    const terminal = () => {
      throw new Error('a defect');
    };
    const rig = new Rig({ terminal });
    assert.throws(() => rig.send(), /a defect/);
    assert.equal(rig.view().occupied, 0);
    assert.equal(rig.leases.size, 0);
  });

  it('is given back once when something below throws after it has ended the call', () => {
    const rig: Rig = new Rig({
      terminal: (call, sink) => {
        rig.far.service(call, sink);
        rig.far.last.start();
        rig.far.last.end();
        throw new Error('a late defect');
      },
    });
    assert.throws(() => rig.send(), /a late defect/);
    assert.equal(rig.view().occupied, 0);
    assert.equal(rig.leases.size, 0);
  });

  it('teaches how long slots are held only where the upstream took the call', () => {
    const rig = new Rig();
    for (let count = 0; count < 10; count += 1) {
      const { far } = rig.send();
      rig.clock.advance(3);
      if (count % 2 === 0) far?.fail('RESET');
      else far?.start(testHead(429));
      if (count % 2 === 1) far?.end();
    }
    assert.equal(rig.view().holdP50Ms, undefined);
    rig.holdTimes(1_000);
    assert.ok(Math.abs((rig.view().holdP50Ms ?? 0) - 1_000) < 100);
  });

  it('is not needed by a route without upstreams', () => {
    const rig = new Rig({ upstreams: [] });
    const sent = rig.send();
    assert.equal(sent.call.timeline.admittedTo, '');
    assert.equal(rig.leases.size, 0);
    assert.equal(rig.far.calls.length, 1);
  });

  it('counts calls, not connections: sixty streams run where a limit of sixty was set', () => {
    const rig = new Rig({ limits: { a: fixed(60) } });
    const streams = rig.sendAll(60);
    for (const { far } of streams) far?.start();
    assert.equal(rig.view().occupied, 60);
    assert.equal(rig.view().headroom, 0);
    assert.equal(rig.far.calls.length, 60);
  });
});

describe('a call without a slot', () => {
  it('waits and is let in within the very release of a slot', () => {
    const rig = new Rig();
    const [first] = rig.sendAll(2);
    const third = rig.send({ as: { priority: 'interactive' } });
    assert.equal(third.far, undefined);
    assert.equal(rig.view().queued.interactive, 1);
    rig.clock.advance(250);
    if (first !== undefined) finish(first);
    assert.notEqual(third.far, undefined);
    assert.equal(third.call.timeline.admittedAt, rig.clock.now());
    assert.deepEqual(rig.heard.waits, [{ priority: 'interactive', waitedMs: 250 }]);
    assert.equal(rig.view().occupied, 2);
    assert.equal(rig.sweep.size, 0);
  });

  it('leaves the queue at once when its caller leaves, and is never let in', () => {
    const rig = new Rig({ limits: { a: fixed(1) } });
    const first = rig.send();
    const [second, third] = rig.sendAll(2);
    second?.call.cancellation.cancel(gone());
    assert.equal(second?.sink.error?.code, 'CALLER_GONE');
    assert.equal(rig.view().queued.default, 1);
    finish(first);
    assert.equal(second?.far, undefined);
    assert.notEqual(third?.far, undefined);
    assert.equal(rig.leases.size, 1);
  });

  it('never stands in line when its caller has left before', () => {
    const rig = new Rig({ limits: { a: fixed(1) } });
    rig.send();
    const cancellation = new Cancellation();
    cancellation.cancel(gone());
    const sent = rig.send({ cancellation });
    assert.deepEqual(sent.sink.story, ['fail CALLER_GONE']);
    assert.equal(rig.view().queued.default, 0);
    assert.equal(rig.sweep.size, 0);
  });

  it('is told to come back after it waited as long as its route lets it', () => {
    const rig = new Rig({ limits: { a: fixed(1) } });
    rig.send();
    const sent = rig.send();
    rig.clock.advance(testLimits.queueMs - 1);
    assert.equal(sent.sink.isOver, false);
    rig.clock.advance(101);
    const { error } = sent.sink;
    assert.equal(error?.code, 'OVERLOADED');
    assert.equal(error?.status, 503);
    assert.equal(error?.shouldRetry, false);
    assert.ok((error?.retryAfterMs ?? 0) >= 1_000);
    assert.match(error?.message ?? '', /1 of 1 calls are out at a and 1 wait/);
    assert.deepEqual(rig.heard.of('shed'), ['shed a queue-timeout']);
  });

  it('hears of the crowd it stood in when many are sent away together', () => {
    const rig = new Rig({ limits: { a: fixed(2) } });
    rig.holdTimes(100);
    rig.sendAll(2);
    const crowd = rig.sendAll(13);
    rig.clock.advance(400);
    assert.deepEqual(rig.heard.of('shed'), Array<string>(13).fill('shed a codel'));
    for (const { sink } of crowd) {
      assert.match(sink.error?.message ?? '', /2 of 2 calls are out at a and 13 wait\./);
    }
  });

  it('hears of the crowd it stood in when the line moves past it', () => {
    const rig = new Rig({ limits: { a: fixed(1) } });
    rig.holdTimes(1_000);
    const first = rig.send();
    rig.send();
    rig.clock.advance(995);
    rig.send();
    rig.clock.advance(15);
    assert.equal(rig.view().overloaded, true);
    const crowd = rig.sendAll(2);
    rig.clock.advance(95);
    const fresh = rig.send();
    // Between two sweeps, so that nobody but the slot that is freed finds who waited for too long.
    rig.clock.advance(10);
    assert.ok(crowd.every(({ sink }) => !sink.isOver));
    finish(first);
    assert.notEqual(fresh.far, undefined);
    for (const { sink } of crowd) assert.match(sink.error?.message ?? '', / at a and 3 wait\./);
  });

  it('waits for at most half of what its deadline leaves', () => {
    const rig = new Rig({ limits: { a: fixed(1) } });
    rig.send();
    const sent = rig.send({ deadline: rig.clock.now() + 600 });
    rig.clock.advance(299);
    assert.equal(sent.sink.isOver, false);
    rig.clock.advance(101);
    assert.equal(sent.sink.error?.code, 'OVERLOADED');
  });

  it('is refused at once on a route whose calls do not wait', () => {
    const rig = new Rig({ limits: { a: fixed(1) } });
    rig.send();
    const sent = rig.send({ route: { limits: { ...testLimits, queueMs: 0 } } });
    assert.equal(sent.sink.error?.code, 'OVERLOADED');
    assert.deepEqual(rig.heard.of('shed'), ['shed a queue-full']);
  });

  it('is refused when the queue is full, and asked to wait for as long as the queue takes', () => {
    const rig = new Rig({ limits: { a: fixed(1, { queueMin: 4 }) } });
    rig.holdTimes(2_000);
    rig.send();
    rig.sendAll(4);
    const sent = rig.send();
    assert.equal(sent.sink.error?.code, 'OVERLOADED');
    const retryAfterMs = sent.sink.error?.retryAfterMs ?? 0;
    assert.ok(
      retryAfterMs >= 4 * 2_000 * 0.8 && retryAfterMs <= 4 * 2_000 * 1.2,
      `${retryAfterMs}`,
    );
    assert.match(sent.sink.error?.message ?? '', /queue is full/);
  });

  it('spreads what it asks callers to wait, and never asks for less than a second', () => {
    const rig = new Rig({ limits: { a: fixed(1, { queueMin: 1 }) } });
    rig.sendAll(3);
    const waits = rig.sendAll(50).map(({ sink }) => sink.error?.retryAfterMs ?? 0);
    assert.ok(waits.every((ms) => ms >= 1_000 && ms <= 1_500));
    assert.ok(new Set(waits).size > 40);
  });

  it('has sixteen places in line even where the limit is one', () => {
    const rig = new Rig({ limits: { a: fixed(1) } });
    const sent = rig.sendAll(18);
    assert.equal(rig.view().queued.default, 16);
    assert.equal(sent.filter(({ sink }) => sink.isOver).length, 1);
  });

  it('has two places in line for each call of a larger limit', () => {
    const rig = new Rig({ limits: { a: fixed(20) } });
    rig.sendAll(100);
    assert.equal(rig.view().queued.default, 40);
  });

  it('is not asked to wait for longer than about a minute', () => {
    const rig = new Rig({ limits: { a: fixed(1) } });
    rig.holdTimes(120_000);
    rig.sendAll(17);
    const retryAfterMs = rig.send().sink.error?.retryAfterMs ?? 0;
    assert.ok(retryAfterMs >= 48_000 && retryAfterMs <= 72_000, `${retryAfterMs}`);
  });

  it('hears nothing more when its caller leaves after the refusal', () => {
    const rig = new Rig({ limits: { a: fixed(1, { queueMin: 1 }) } });
    const refused = rig.sendAll(4).at(-1);
    assert.equal(refused?.sink.error?.code, 'OVERLOADED');
    refused?.call.cancellation.cancel(gone());
    assert.deepEqual(refused?.sink.story, ['fail OVERLOADED']);
  });

  it('is served before older ones once the queue is standing', () => {
    const rig = new Rig({ limits: { a: fixed(1) } });
    rig.holdTimes(1_000);
    const first = rig.send();
    rig.send();
    rig.clock.advance(990);
    const [older, newer] = rig.sendAll(2);
    rig.clock.advance(10);
    assert.equal(rig.view().overloaded, true);
    finish(first);
    assert.equal(older?.far, undefined);
    assert.notEqual(newer?.far, undefined);
  });

  it('may free the next slot while it is let in, however long the line', () => {
    const script = (_: unknown, index: number) => (index === 0 ? { headAfterMs: 10 } : {});
    const rig = new Rig({ script, limits: { a: fixed(1, { queueMin: 20_000 }) } });
    const sent = rig.sendAll(20_000);
    rig.clock.advance(10);
    assert.ok(sent.every(({ sink }) => sink.ended));
    assert.equal(rig.view().occupied, 0);
  });

  it('stands before whoever comes while a slot is being given away', () => {
    const back: string[] = [];
    const script = (_: unknown, index: number) => (index === 0 ? { headAfterMs: 10 } : {});
    const rig: Rig = new Rig({ script, limits: { a: fixed(1) } });
    rig.send();
    const onEvent = (event: SinkEvent) => {
      // The first to be let in ends at once, and its caller has a further call ready.
      if (event.type === 'end' && back.length === 0) {
        back.push('first');
        rig.sendTo(
          new RecordingSink({ onEvent: ({ type }) => type === 'end' && back.push('new') }),
        );
      }
    };
    rig.sendTo(new RecordingSink({ onEvent }));
    rig.sendTo(new RecordingSink({ onEvent: ({ type }) => type === 'end' && back.push('old') }));
    rig.clock.advance(10);
    assert.deepEqual(back, ['first', 'old', 'new']);
  });

  it('does not lose its slot to one that was sent away and came back at once', () => {
    const rig: Rig = new Rig({ limits: { a: fixed(1) } });
    rig.holdTimes(100);
    const first = rig.send();
    rig.send();
    rig.clock.advance(95);
    const back: Sent[] = [];
    const onEvent = ({ type }: SinkEvent) => type === 'fail' && back.push(rig.send());
    rig.sendTo(new RecordingSink({ onEvent }));
    rig.clock.advance(5);
    assert.equal(rig.view().overloaded, true);
    rig.clock.advance(3);
    const fresh = rig.send();
    // The one in between has waited for more than 10 ms now, twice the target; the last has not.
    rig.clock.advance(3);
    finish(first);
    assert.notEqual(fresh.far, undefined);
    assert.equal(back.length, 1);
    assert.equal(back[0]?.far, undefined);
    assert.equal(rig.view().occupied, 1);
  });

  it('ends as a bug when something below throws, and not the call that freed its slot', () => {
    let throwing = false;
    const rig: Rig = new Rig({
      limits: { a: fixed(1) },
      terminal: (call, sink) => {
        if (throwing) throw new Error('a defect');
        rig.far.service(call, sink);
      },
    });
    const first = rig.send();
    const second = rig.send();
    throwing = true;
    finish(first);
    assert.equal(first.sink.ended, true);
    assert.equal(second.sink.error?.code, 'BUG');
    assert.equal(rig.view().occupied, 0);
    assert.equal(rig.leases.size, 0);
    assert.throws(() => rig.clock.runTurns(), /a defect/);
  });
});

describe('a deadline at admission', () => {
  const p50 = { firstByteP50: () => 400 };

  it('refuses a call whose answer could not even begin in time', () => {
    const rig = new Rig({ limits: { a: fixed(100) }, latency: p50 });
    const sent = rig.sendAll(10, { deadline: rig.clock.now() + 10_000 });
    assert.ok(sent.every(({ sink }) => !sink.isOver));
    const late = rig.send({ deadline: rig.clock.now() + 399 });
    assert.equal(late.sink.error?.code, 'DEADLINE_EXCEEDED');
    assert.equal(late.sink.error?.status, 504);
    assert.deepEqual(rig.heard.of('shed'), ['shed a deadline']);
  });

  it('counts the wait that is to be expected', () => {
    const rig = new Rig({ limits: { a: fixed(1) }, latency: p50 });
    rig.holdTimes(1_000);
    for (const sent of rig.sendAll(5, { deadline: rig.clock.now() + 60_000 })) {
      assert.equal(sent.sink.isOver, false);
    }
    // One is out and four wait: the fifth in line would have to wait for 5 s.
    const sent = rig.send({ deadline: rig.clock.now() + 5_300 });
    assert.equal(sent.sink.error?.code, 'DEADLINE_EXCEEDED');
  });

  it('refuses at most a fifth of the calls with one, lest a wrong clock starve a caller', () => {
    const rig = new Rig({ limits: { a: fixed(1_000) }, latency: p50 });
    const sent = rig.sendAll(100, { deadline: rig.clock.now() + 10 });
    assert.equal(sent.filter(({ sink }) => sink.isOver).length, 20);
  });

  it('asks the limit itself how soon answers begin, where nobody else knows', () => {
    const rig = new Rig({ limits: { a: fixed(100) } });
    rig.sendAll(10, { deadline: rig.clock.now() + 10_000 });
    const sent = rig.send({ deadline: rig.clock.now() + 10 });
    assert.equal(sent.sink.isOver, false);
  });
});

describe('the guard at admission', () => {
  it('refuses batch calls first', () => {
    const rig = new Rig();
    rig.guard.level = 'no-batch';
    const batch = rig.send({ as: { priority: 'batch' } });
    const other = rig.send();
    assert.equal(batch.sink.error?.code, 'OVERLOADED');
    assert.match(batch.sink.error?.message ?? '', /process/);
    assert.equal(other.sink.isOver, false);
    assert.deepEqual(rig.heard.of('shed'), ['shed a guard']);
  });

  it('refuses all when it is closed, and lets running calls go on', () => {
    const rig = new Rig();
    const running = rig.send();
    rig.guard.level = 'closed';
    const sent = rig.send({ as: { priority: 'interactive' } });
    assert.equal(sent.sink.error?.code, 'OVERLOADED');
    finish(running);
    assert.equal(running.sink.ended, true);
  });
});

describe('shadow mode', () => {
  it('lets all calls pass at once and counts what it would have done', () => {
    const rig = new Rig({ limits: { a: fixed(1, { shadow: true, queueMin: 2 }) } });
    const sent = rig.sendAll(5);
    assert.ok(sent.every(({ far }) => far !== undefined));
    assert.equal(rig.view().occupied, 5);
    assert.deepEqual(rig.heard.of('would'), [
      'would queue a default',
      'would queue a default',
      'would shed a queue-full',
      'would shed a queue-full',
    ]);
    assert.deepEqual(rig.heard.of('shed'), []);
    for (const one of sent) finish(one);
    assert.equal(rig.leases.size, 0);
  });

  it('only counts what guard and deadlines would refuse', () => {
    const rig = new Rig({
      limits: { a: fixed(9, { shadow: true }) },
      latency: { firstByteP50: () => 100 },
    });
    rig.guard.level = 'closed';
    const sent = rig.sendAll(5, { deadline: rig.clock.now() + 50 });
    assert.ok(sent.every(({ sink }) => !sink.isOver));
    assert.equal(rig.heard.of('would shed a guard').length, 5);
    assert.equal(rig.heard.of('would shed a deadline').length, 1);
  });

  it('lets everybody in who waits when it is switched on', () => {
    const rig = new Rig({ limits: { a: fixed(1) } });
    const sent = rig.sendAll(4);
    rig.limits.configure('a', fixed(1, { shadow: true }));
    assert.ok(sent.every(({ far }) => far !== undefined));
    assert.equal(rig.sweep.size, 0);
  });
});
