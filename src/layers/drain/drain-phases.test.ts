import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { DrainPhases, drainPhases } from './drain-phases.ts';
import { defaultDrainTimes } from './options.ts';
import type { DrainTimes } from './options.ts';

const times: DrainTimes = {
  lagMs: 100,
  rampMs: 1_000,
  graceMs: 10_000,
  jitterMs: 500,
  boundaryMs: 50,
  lateMs: 20,
};

/** Steps as far as it goes at `now`. */
function settle(phases: DrainPhases, now: number, nothingOpen: boolean = false): string {
  while (phases.step(now, nothingOpen));
  return phases.phase;
}

describe('the phases of a drain', () => {
  it('follow one another when their time is over', () => {
    const phases = new DrainPhases();
    assert.equal(settle(phases, 5), 'serving');
    phases.begin(times, 0);
    const seen: [number, string][] = [
      [99, 'announced'],
      [100, 'ramping'],
      [1_099, 'ramping'],
      [1_100, 'closing'],
      [11_099, 'closing'],
      [11_100, 'cutting'],
      [99_999, 'cutting'],
    ];
    for (const [now, phase] of seen) assert.equal(settle(phases, now), phase, `${now}`);
    phases.end(100_000);
    assert.equal(settle(phases, 200_000), 'over');
  });

  it('skip the ramp when nothing is open, but never the time balancers need', () => {
    const phases = new DrainPhases();
    phases.begin(times, 0);
    assert.equal(settle(phases, 99, true), 'announced');
    assert.equal(settle(phases, 100, true), 'closing');
  });

  it('of no length are passed at once', () => {
    const phases = new DrainPhases();
    phases.begin({ ...times, lagMs: 0, rampMs: 0 }, 7);
    assert.equal(settle(phases, 7), 'closing');
    assert.equal(phases.closeShare(7), 1);
  });

  it('close a rising share of connections in the ramp, none before it and all after it', () => {
    const phases = new DrainPhases();
    phases.begin(times, 0);
    assert.equal(phases.closeShare(50), 0);
    settle(phases, 100);
    assert.deepEqual(
      [100, 350, 600, 1_100].map((now) => phases.closeShare(now)),
      [0, 0.25, 0.5, 1],
    );
    settle(phases, 1_100);
    assert.equal(phases.closeShare(1_101), 1);
  });

  it('close resting connections evenly over the ramp, however often one looks', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1 }), (steps) => {
        const phases = new DrainPhases();
        phases.begin(times, 0);
        settle(phases, 100);
        let left = 1;
        let last = 100;
        for (const step of steps) {
          const now = last + step;
          left *= 1 - phases.restShare(last, now);
          const due = Math.min(1, (now - 100) / times.rampMs);
          assert.ok(Math.abs(1 - left - due) < 1e-9, `${1 - left} at ${now}`);
          last = now;
        }
      }),
    );
  });

  it('refuse what comes after the listener was closed, but not what was on its way', () => {
    const phases = new DrainPhases();
    phases.begin(times, 0);
    settle(phases, 500);
    assert.equal(phases.refuses(400), false);
    settle(phases, 2_000);
    const { since } = phases;
    assert.equal(phases.refuses(since + times.lateMs), false);
    assert.equal(phases.refuses(since + times.lateMs + 1), true);
    phases.cut(3_000);
    assert.equal(phases.refuses(since), true);
  });

  it('end by cutting from anywhere, once', () => {
    const phases = new DrainPhases();
    assert.equal(phases.cut(0), false, 'not while serving');
    phases.begin(times, 0);
    assert.equal(phases.cut(1), true);
    assert.equal(phases.cut(2), false);
    assert.equal(phases.stuck(1 + 500 + 50 + 5_000), false);
    assert.equal(phases.stuck(1 + 500 + 50 + 5_001), true);
  });

  it('only ever move forward', () => {
    const order: readonly string[] = drainPhases;
    const move = fc.record({ afterMs: fc.nat(20_000), empty: fc.boolean(), cut: fc.boolean() });
    fc.assert(
      fc.property(fc.array(move), (moves) => {
        const phases = new DrainPhases();
        phases.begin(times, 0);
        let now = 0;
        let at = order.indexOf(phases.phase);
        for (const { afterMs, empty, cut } of moves) {
          now += afterMs;
          if (cut) phases.cut(now);
          settle(phases, now, empty);
          assert.ok(order.indexOf(phases.phase) >= at);
          at = order.indexOf(phases.phase);
        }
      }),
    );
  });

  it('spread the cuts over less when little time was granted', () => {
    const short = new DrainPhases();
    short.begin({ ...defaultDrainTimes, graceMs: 400 }, 0);
    assert.equal(short.jitterMs, 100);
    const long = new DrainPhases();
    long.begin(defaultDrainTimes, 0);
    assert.equal(long.jitterMs, 5_000);
  });
});
