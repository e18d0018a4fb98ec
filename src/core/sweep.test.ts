import { deepEqual, equal, ok, throws } from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { VirtualClock } from '../testing/virtual-clock.ts';
import type { Swept } from './sweep.ts';
import { SWEEP_EVERY_MS, Sweep } from './sweep.ts';

class Entry implements Swept {
  sweepIndex: number = -1;
  readonly at: number[] = [];
  readonly #then: ((entry: Entry) => void) | undefined;

  constructor(then?: (entry: Entry) => void) {
    this.#then = then;
  }

  sweep(now: number): void {
    this.at.push(now);
    this.#then?.(this);
  }
}

describe('sweep', () => {
  it('asks each entry every 100 ms and ticks only while there is one', () => {
    const clock = new VirtualClock(0);
    const sweep = new Sweep(clock);
    equal(clock.pending, 0);
    const entry = new Entry();
    sweep.add(entry);
    clock.advance(250);
    deepEqual(entry.at, [100, 200]);
    sweep.remove(entry);
    clock.advance(1_000);
    equal(entry.at.length, 2);
    equal(clock.pending, 0);
  });

  it('keeps one timer when an entry adds another while it is swept', () => {
    const clock = new VirtualClock(0);
    const sweep = new Sweep(clock);
    const next = new Entry();
    const entry = new Entry((self) => {
      if (self.at.length === 1) sweep.add(next);
    });
    sweep.add(entry);
    clock.advance(SWEEP_EVERY_MS);
    equal(clock.pending, 1);
    clock.advance(SWEEP_EVERY_MS * 3);
    deepEqual(next.at, [200, 300, 400]);
    deepEqual(entry.at, [100, 200, 300, 400]);
  });

  it('keeps ticking when a call that times out is replaced by another', () => {
    const clock = new VirtualClock(0);
    const sweep = new Sweep(clock);
    const retried = new Entry();
    const failed = new Entry((self) => {
      sweep.remove(self);
      sweep.add(retried);
    });
    sweep.add(failed);
    clock.advance(300);
    deepEqual(failed.at, [100]);
    deepEqual(retried.at, [200, 300]);
  });

  it('goes on for all others when one entry has a defect', () => {
    const clock = new VirtualClock(0);
    const sweep = new Sweep(clock);
    const entry = new Entry();
    sweep.add(entry);
    const broken = new Entry(() => {
      sweep.remove(broken);
      throw new Error('planted');
    });
    sweep.add(broken);
    throws(() => clock.advance(100), /planted/);
    clock.advance(100);
    deepEqual(entry.at, [200]);
  });

  it('forgives removing an entry that is not in', () => {
    const sweep = new Sweep(new VirtualClock());
    const entry = new Entry();
    sweep.remove(entry);
    sweep.add(entry);
    sweep.remove(entry);
    sweep.remove(entry);
    equal(sweep.size, 0);
  });

  it('reaches every entry that stays, whoever is added or removed meanwhile', () => {
    const step = fc.record({ actor: fc.nat({ max: 7 }), target: fc.nat({ max: 7 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), fc.nat({ max: 255 }), (steps, members) => {
        const clock = new VirtualClock(0);
        const sweep = new Sweep(clock);
        const touched = new Set<Entry>();
        const entries: Entry[] = Array.from({ length: 8 }, (_, index) => {
          const acts = steps.filter(({ actor }) => actor === index);
          return new Entry(() => {
            for (const { target } of acts.splice(0)) {
              const other = entries[target] as Entry;
              touched.add(other);
              if (other.sweepIndex < 0) sweep.add(other);
              else sweep.remove(other);
            }
          });
        });
        const inside = entries.filter((_, index) => (members & (1 << index)) !== 0);
        for (const entry of inside) sweep.add(entry);
        clock.advance(SWEEP_EVERY_MS);
        for (const entry of inside) if (!touched.has(entry)) ok(entry.at.length > 0);
        const present = entries.filter((entry) => entry.sweepIndex >= 0);
        equal(sweep.size, present.length);
        // One tick may still come after the last entry has left, but no more.
        if (present.length === 0) clock.advance(SWEEP_EVERY_MS);
        equal(clock.pending, present.length > 0 ? 1 : 0);
      }),
    );
  });
});
