import { deepEqual, equal, throws } from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { VirtualClock } from '../testing/virtual-clock.ts';
import type { Lease } from './leases.ts';
import { Leases } from './leases.ts';

describe('leases', () => {
  it('lists what is out by age, oldest first, at most as many as asked', () => {
    const clock = new VirtualClock(0);
    const leases = new Leases(clock);
    for (const owner of ['a', 'b', 'c']) {
      leases.take('slot', owner);
      clock.advance(10);
    }
    deepEqual(leases.oldest(2), [
      { kind: 'slot', owner: 'a', ageMs: 30 },
      { kind: 'slot', owner: 'b', ageMs: 20 },
    ]);
  });

  it('counts the age from when the taker says, or from the time it was taken at', () => {
    const clock = new VirtualClock(100);
    const leases = new Leases(clock);
    equal(leases.take('slot', 'a', 40).takenAt, 40);
    equal(leases.take('slot', 'b').takenAt, 100);
    deepEqual(
      leases.oldest(2).map(({ ageMs }) => ageMs),
      [60, 0],
    );
  });

  it('throws when a lease is released twice', () => {
    const leases = new Leases(new VirtualClock());
    const lease = leases.take('connection', 'call-1');
    leases.release(lease);
    throws(() => leases.release(lease), /released twice: connection of call-1/);
    equal(leases.size, 0);
  });

  it('holds exactly what was taken and not released, in whatever order', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 20 }), { maxLength: 60 }), (steps) => {
        const leases = new Leases(new VirtualClock());
        const out = new Set<Lease>();
        for (const [at, step] of steps.entries()) {
          const victim = [...out][step];
          if (victim === undefined) {
            out.add(leases.take('buffer', `o${at}`));
          } else {
            leases.release(victim);
            out.delete(victim);
          }
          deepEqual(
            leases
              .oldest(1_000)
              .map(({ owner }) => owner)
              .toSorted(),
            [...out].map(({ owner }) => owner).toSorted(),
          );
        }
        for (const lease of out) leases.release(lease);
        equal(leases.size, 0);
      }),
    );
  });
});
