import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { VirtualClock } from '../../testing/virtual-clock.ts';
import { GuardRules, defaultGuardOptions } from './guard-rules.ts';
import type { GuardLevel, ProcessReading } from './guard-rules.ts';
import { ProcessGuard, READ_EVERY_MS } from './process-guard.ts';

const calm: ProcessReading = { loopUtilization: 0.3, loopDelayP99Ms: 12, heapShare: 0.4 };

/** Levels after readings one second apart. */
function levels(readings: readonly Partial<ProcessReading>[], rules = new GuardRules()) {
  return readings.map((reading, at) => rules.read({ ...calm, ...reading }, at * 1_000));
}

const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);

describe('the rules of the guard', () => {
  const cases: [string, Partial<ProcessReading>, GuardLevel][] = [
    ['a busy loop that is late', { loopUtilization: 0.91, loopDelayP99Ms: 60 }, 'no-batch'],
    ['a busy loop that is never late', { loopUtilization: 1, loopDelayP99Ms: 20 }, 'open'],
    ['a loop just below its mark', { loopUtilization: 0.89, loopDelayP99Ms: 199 }, 'open'],
    ['a loop that is late by itself', { loopDelayP99Ms: 201 }, 'no-batch'],
    ['a loop that has no time left', { loopUtilization: 0.99, loopDelayP99Ms: 60 }, 'closed'],
    ['a loop late by over a second', { loopDelayP99Ms: 1_001 }, 'closed'],
    ['a heap that fills up', { heapShare: 0.86 }, 'no-batch'],
    ['a heap that is nearly full', { heapShare: 0.96 }, 'closed'],
    ['nothing much', {}, 'open'],
  ];
  for (const [name, reading, level] of cases) {
    it(`make ${level} of ${name}`, () => {
      assert.equal(levels(times(4, reading)).at(-1), level);
    });
  }

  it('let the loop be late for three seconds', () => {
    const late = { loopDelayP99Ms: 300 };
    assert.deepEqual(levels([late, late, late, late]), ['open', 'open', 'open', 'no-batch']);
    assert.equal(levels([late, late, {}, late, late, late]).at(-1), 'open');
  });

  it('believe the heap at once', () => {
    assert.deepEqual(levels([{ heapShare: 0.96 }]), ['closed']);
  });

  it('leave a level only well below its marks', () => {
    const heaps = [0.96, 0.94, 0.91, 0.89, 0.82, 0.8];
    assert.deepEqual(levels(heaps.map((heapShare) => ({ heapShare }))), [
      'closed',
      'closed',
      'closed',
      'no-batch',
      'no-batch',
      'open',
    ]);
  });

  it('go from closed to open at once when all is calm', () => {
    assert.deepEqual(levels([{ heapShare: 0.96 }, {}]), ['closed', 'open']);
  });

  it('count the loop alone where told so', () => {
    const rules = new GuardRules({ ...defaultGuardOptions, busyDelayMs: 0 });
    assert.equal(levels(times(4, { loopUtilization: 1 }), rules).at(-1), 'closed');
  });
});

describe('the guard of the process', () => {
  function rig() {
    const clock = new VirtualClock();
    const heard: GuardLevel[] = [];
    const state = { reading: calm, reads: 0 };
    const readings = {
      read: () => {
        state.reads += 1;
        return state.reading;
      },
    };
    const observer = { guardChanged: (level: GuardLevel) => void heard.push(level) };
    return { clock, heard, state, guard: new ProcessGuard({ clock, readings, observer }) };
  }

  it('is open before it has looked, and looks once a second', () => {
    const { clock, guard, state } = rig();
    assert.equal(guard.level, 'open');
    assert.equal(guard.reading, undefined);
    clock.advance(10 * READ_EVERY_MS);
    assert.equal(state.reads, 10);
    assert.equal(guard.reading, calm);
  });

  it('tells when its level changes, and only then', () => {
    const { clock, guard, state, heard } = rig();
    state.reading = { ...calm, heapShare: 0.9 };
    clock.advance(3_000);
    assert.equal(guard.level, 'no-batch');
    state.reading = calm;
    clock.advance(3_000);
    assert.deepEqual(heard, ['no-batch', 'open']);
  });

  it('leaves no timer behind when it is closed', () => {
    const { clock, guard, state } = rig();
    clock.advance(1_000);
    guard.close();
    clock.advance(5_000);
    assert.equal(state.reads, 1);
    assert.equal(clock.pending, 0);
  });

  it('goes on looking after a reader has failed', () => {
    const { clock, state } = rig();
    const readings = {
      read: () => {
        state.reads += 1;
        throw new Error('no reading');
      },
    };
    const guard = new ProcessGuard({ clock, readings });
    assert.throws(() => clock.advance(1_000), /no reading/);
    assert.throws(() => clock.advance(1_000), /no reading/);
    guard.close();
  });
});
