import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '../../core/random.ts';
import { VirtualClock } from '../../testing/virtual-clock.ts';
import { CheckSchedule, defaultCheckOptions } from './check-schedule.ts';
import { HealthChecks } from './health-checks.ts';
import type { CheckResult } from './health-checks.ts';

function rig(answer: () => Promise<CheckResult> = () => Promise.resolve('connects')) {
  const clock = new VirtualClock();
  const ejected = new Set<string>();
  const probes: { readonly key: string; readonly at: number }[] = [];
  const allowed: string[] = [];
  const checks = new HealthChecks({
    clock,
    random: seededRandom(1),
    prober: {
      probe: (key) => {
        probes.push({ key, at: clock.now() });
        return answer();
      },
    },
    ejections: {
      isEjected: (key) => ejected.has(key),
      mayProbeNow: (key, proof) => allowed.push(`${key} ${proof}`),
    },
  });
  const eject = (key: string): void => {
    ejected.add(key);
    checks.ejected(key);
  };
  return { clock, ejected, probes, allowed, checks, eject };
}

/** Lets promises that are settled be heard. */
const settle = (): Promise<void> => new Promise((done) => process.nextTick(done));

/** Moves time in steps, and lets the looks of each step come back. */
async function pass(clock: VirtualClock, ms: number): Promise<void> {
  clock.advance(1_000);
  await settle();
  if (ms > 1_000) await pass(clock, ms - 1_000);
}

describe('health checks', () => {
  it('rest while nothing is given up', () => {
    const { clock, probes } = rig();
    clock.advance(600_000);
    assert.equal(clock.pending, 0);
    assert.deepEqual(probes, []);
  });

  it('look every ten seconds, give or take a fifth, while an endpoint is given up', async () => {
    const { clock, ejected, probes, checks, eject } = rig(() => Promise.resolve('nothing'));
    const startedAt = clock.now();
    eject('a');
    eject('a');
    await pass(clock, 100_000);
    const times = [startedAt, ...probes.map(({ at }) => at)];
    assert.ok(probes.length >= 8 && probes.length <= 12, `${probes.length}`);
    for (const [index, at] of times.slice(1).entries()) {
      const gap = at - (times[index] ?? 0);
      assert.ok(gap >= 8_000 && gap <= 12_000, `${gap}`);
    }
    assert.ok(new Set(times.map((at) => Math.round(at % 1_000))).size > 5, 'jitter');
    ejected.clear();
    const looked = probes.length;
    await pass(clock, 100_000);
    assert.equal(probes.length, looked);
    assert.equal(checks.size, 0);
    assert.equal(clock.pending, 0);
  });

  it('allow a probe by a call, and say how far the look went', async () => {
    for (const result of ['connects', 'answers'] as const) {
      const { clock, allowed, eject } = rig(() => Promise.resolve(result));
      eject('a');
      clock.advance(12_000);
      await settle();
      assert.deepEqual(allowed, [`a ${result}`]);
    }
  });

  it('allow nothing after a look that failed', async () => {
    for (const answer of [
      () => Promise.resolve('nothing' as const),
      () => Promise.reject(new Error('refused')),
      () => {
        throw new Error('a defect');
      },
    ]) {
      const { clock, allowed, probes, eject } = rig(answer);
      eject('a');
      clock.advance(30_000);
      await settle();
      assert.ok(probes.length > 0);
      assert.deepEqual(allowed, []);
    }
  });

  it('do not look again while a look hangs', () => {
    const { clock, probes, eject } = rig(() => new Promise(() => {}));
    eject('a');
    clock.advance(100_000);
    assert.equal(probes.length, 1);
  });

  it('look sooner for one that is due sooner', () => {
    const { clock, probes, eject } = rig(() => Promise.resolve('nothing'));
    for (const key of ['a', 'b', 'c', 'd']) {
      eject(key);
      clock.advance(100);
    }
    clock.advance(12_000);
    assert.deepEqual(
      probes
        .map(({ key }) => key)
        .toSorted()
        .slice(0, 4),
      ['a', 'b', 'c', 'd'],
    );
  });

  it('end with their owner', async () => {
    const { clock, allowed, probes, checks, eject } = rig();
    eject('a');
    clock.advance(5_000);
    eject('b');
    clock.advance(7_000);
    checks.close();
    assert.equal(clock.pending, 0);
    await settle();
    assert.deepEqual(allowed, [], 'a look that comes back late says nothing');
    eject('c');
    clock.advance(100_000);
    assert.deepEqual(
      probes.map(({ key }) => key),
      ['a'],
    );
    assert.equal(clock.pending, 0);
  });
});

describe('the schedule of the checks', () => {
  it('names what is due and plans it anew', () => {
    const schedule = new CheckSchedule(defaultCheckOptions, { next: () => 0.5 });
    assert.equal(schedule.nextAt, undefined);
    schedule.add('a', 0);
    schedule.add('b', 4_000);
    schedule.add('a', 4_000);
    assert.equal(schedule.nextAt, 10_000);
    assert.deepEqual(schedule.takeDue(9_999), []);
    assert.deepEqual(schedule.takeDue(10_000), ['a']);
    assert.equal(schedule.nextAt, 14_000);
    schedule.remove('b');
    assert.equal(schedule.nextAt, 20_000);
  });
});
