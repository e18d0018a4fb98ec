import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checked } from '../../core/checked.ts';
import { Progress } from '../../core/dialect.ts';
import { CallError } from '../../core/errors.ts';
import { stack } from '../../core/layer.ts';
import { seededRandom } from '../../core/random.ts';
import { Sweep } from '../../core/sweep.ts';
import { NEVER } from '../../core/timeline.ts';
import { RecordingSink } from '../../testing/recording-sink.ts';
import { ScriptedService, byHand } from '../../testing/scripted-service.ts';
import { testCall } from '../../testing/test-call.ts';
import { VirtualClock } from '../../testing/virtual-clock.ts';
import { Drain, drainLayer } from './drain.ts';
import type { DrainGround } from './drain.ts';
import type { DrainReport } from './drain-tally.ts';
import { mergedReports } from './drain-tally.ts';
import { defaultDrainTimes, plainClose } from './options.ts';

/** What the drain has done to the world. */
class Ground implements DrainGround {
  connections: number = 0;
  listening: boolean = true;
  readonly phases: string[] = [];
  readonly shares: number[] = [];
  readonly reports: DrainReport[] = [];

  get report(): DrainReport | undefined {
    assert.ok(this.reports.length <= 1, 'told once');
    return this.reports[0];
  }

  closeResting(share: number): void {
    this.shares.push(share);
  }

  stopAccepting(): void {
    this.listening = false;
  }

  phaseBegan(phase: string): void {
    this.phases.push(phase);
  }

  drained(report: DrainReport): void {
    this.reports.push(report);
  }
}

function rig() {
  const clock = new VirtualClock();
  const sweep = new Sweep(clock);
  const drain = new Drain({ clock, sweep, random: seededRandom(7) });
  const upstream = new ScriptedService(clock, byHand);
  const service = stack([drainLayer(drain)], upstream.service, { between: checked });
  const ground = new Ground();
  const open = (route: string = 'r') => {
    const sink = new RecordingSink({ now: () => clock.now() });
    const call = testCall({ route: { name: route }, now: clock.now() });
    service(call, sink);
    return { sink, call, upstream: upstream.last };
  };
  return { clock, sweep, drain, upstream, ground, open };
}

describe('the drain layer', () => {
  it('counts a call to its last byte, however it ends', () => {
    const { drain, open } = rig();
    const whole = open();
    const broken = open();
    const left = open();
    assert.equal(drain.running, 3);
    whole.upstream.start();
    assert.equal(drain.running, 3, 'a head is not the end');
    whole.upstream.end();
    assert.equal(drain.running, 2);
    broken.upstream.fail('STREAM_TRUNCATED');
    left.call.cancellation.cancel(new CallError('CALLER_GONE'));
    assert.equal(drain.running, 0);
  });

  it('takes no time and asks no clock while nothing was asked of it', () => {
    const { drain, open, sweep } = rig();
    open();
    assert.equal(drain.closesNext(), false);
    assert.equal(sweep.size, 0);
  });

  it('serves through lag and ramp, then refuses with a word on when to come back', () => {
    const { clock, drain, ground, open } = rig();
    ground.connections = 1;
    drain.begin(defaultDrainTimes, ground);
    clock.advance(4_000);
    assert.equal(open().sink.isOver, false);
    assert.equal(drain.closesNext(), false);
    clock.advance(10_000);
    assert.equal(open().sink.isOver, false);
    clock.advance(7_200);
    assert.deepEqual(ground.phases, ['announced', 'ramping', 'closing']);
    assert.equal(ground.listening, false);
    const late = open();
    assert.equal(late.sink.error?.code, 'DRAINING');
    assert.equal(late.sink.error?.retryAfterMs, 1_000);
    assert.equal(late.sink.error?.shouldRetry, true);
    assert.equal(drain.running, 2);
  });

  it('asks for more and more closes in the ramp', () => {
    const { clock, drain, ground } = rig();
    ground.connections = 1;
    drain.begin(defaultDrainTimes, ground);
    const closing = (): number => {
      let count = 0;
      for (let n = 0; n < 1_000; n += 1) if (drain.closesNext()) count += 1;
      return count / 1_000;
    };
    clock.advance(5_100 + 3_750);
    assert.ok(Math.abs(closing() - 0.25) < 0.05);
    clock.advance(7_500);
    assert.ok(Math.abs(closing() - 0.75) < 0.05);
    clock.advance(3_700);
    assert.equal(closing(), 1);
    assert.ok(ground.shares.length > 140, `${ground.shares.length} looks at resting ones`);
  });

  it('is over when the last call and the last connection are gone', () => {
    const { clock, drain, ground, open, sweep } = rig();
    ground.connections = 1;
    const { upstream } = open();
    clock.advance(50);
    drain.begin({ ...defaultDrainTimes, ...plainClose }, ground);
    upstream.start();
    clock.advance(3_000);
    upstream.end();
    drain.check();
    assert.equal(ground.report, undefined, 'its connection is still open');
    ground.connections = 0;
    drain.check();
    assert.deepEqual(ground.report, {
      finished: 1,
      failed: 0,
      cut: 0,
      refused: 0,
      tookMs: 3_000,
      routes: [{ route: 'r', finished: 1, failed: 0, cut: 0, oldestCutMs: 0 }],
    });
    assert.equal(sweep.size, 0);
    assert.equal(clock.pending <= 1, true, 'at most one last tick of the sweep');
  });

  it('spreads the cuts after the deadline and reports them by route and age', () => {
    const { clock, drain, ground, open } = rig();
    const calls = Array.from({ length: 40 }, (_none, n) => open(n < 30 ? 'a' : 'b'));
    drain.begin({ ...defaultDrainTimes, ...plainClose, graceMs: 60_000 }, ground);
    clock.advance(60_000);
    assert.equal(drain.running, 40);
    clock.advance(2_500);
    assert.ok(drain.running > 5 && drain.running < 35, `${drain.running} after half of it`);
    clock.advance(2_700);
    assert.equal(drain.running, 0);
    for (const { sink } of calls) assert.equal(sink.error?.code, 'DRAINING');
    assert.equal(ground.report?.cut, 40);
    const routes = ground.report?.routes.map(({ route, cut }) => [route, cut]);
    assert.deepEqual(routes, [
      ['a', 30],
      ['b', 10],
    ]);
    const oldest = ground.report?.routes[0]?.oldestCutMs ?? 0;
    assert.ok(oldest > 60_000 && oldest <= 65_100, `${oldest} ms`);
  });

  it('waits for the end of an event before it cuts, but not for ever', () => {
    const { clock, drain, ground, open } = rig();
    const ending = open();
    const stuck = open();
    for (const { call } of [ending, stuck]) {
      call.timeline.progress = new Progress();
      call.timeline.progress.atBoundary = false;
    }
    drain.begin({ ...defaultDrainTimes, ...plainClose }, ground);
    drain.cut();
    clock.advance(300);
    assert.equal(ending.sink.isOver, false);
    (ending.call.timeline.progress as Progress).atBoundary = true;
    clock.advance(100);
    assert.equal(ending.sink.error?.code, 'DRAINING');
    assert.equal(stuck.sink.isOver, false);
    clock.advance(800);
    assert.equal(stuck.sink.error?.code, 'DRAINING');
  });

  it('cuts at once when told to, also in the midst of the spreading', () => {
    const { clock, drain, ground, open } = rig();
    const calls = [open(), open(), open()];
    drain.begin({ ...defaultDrainTimes, ...plainClose }, ground);
    clock.advance(120_000);
    drain.cut();
    for (const { sink } of calls) assert.equal(sink.error?.code, 'DRAINING');
    assert.deepEqual(ground.phases, ['announced', 'ramping', 'closing', 'cutting', 'over']);
  });

  it('closes the listener when it is cut before its time', () => {
    const { drain, ground } = rig();
    ground.connections = 1;
    drain.begin(defaultDrainTimes, ground);
    drain.cut();
    assert.equal(ground.listening, false);
    assert.equal(drain.closesNext(), true);
  });

  it('says that a call may be repeated only when nothing of it was sent', () => {
    const { drain, ground, open } = rig();
    const queued = open();
    const sent = open();
    queued.call.timeline.firstWriteAt = NEVER;
    drain.begin({ ...defaultDrainTimes, ...plainClose }, ground);
    drain.cut();
    assert.equal(queued.sink.error?.shouldRetry, true);
    assert.equal(queued.sink.error?.replay, 'safe');
    assert.equal(sent.sink.error?.shouldRetry, undefined);
    assert.equal(sent.sink.error?.replay, 'never');
  });

  it('comes to an end although something does not', () => {
    const { clock, drain, ground, open } = rig();
    open();
    ground.connections = 1;
    drain.begin({ ...defaultDrainTimes, ...plainClose, graceMs: 0 }, ground);
    assert.equal(drain.running, 0);
    clock.advance(6_000);
    assert.equal(ground.reports.length, 0, 'a connection is still open');
    clock.advance(200);
    assert.equal(ground.reports[0]?.cut, 1);
  });
});

describe('reports of several processes', () => {
  it('are added up, the longest time and age standing for all', () => {
    const one = { route: 'a', finished: 2, failed: 0, cut: 1, oldestCutMs: 70 };
    const two = { route: 'a', finished: 3, failed: 1, cut: 2, oldestCutMs: 90 };
    const other = { route: 'b', finished: 9, failed: 0, cut: 0, oldestCutMs: 0 };
    const report = (tookMs: number, routes: (typeof one)[]): DrainReport => ({
      finished: 0,
      failed: 0,
      cut: 0,
      refused: 1,
      tookMs,
      routes,
    });
    assert.deepEqual(mergedReports([report(10, [one]), report(30, [two, other])]), {
      finished: 14,
      failed: 1,
      cut: 3,
      refused: 2,
      tookMs: 30,
      routes: [{ route: 'a', finished: 5, failed: 1, cut: 3, oldestCutMs: 90 }, other],
    });
  });
});
