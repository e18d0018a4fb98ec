import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Call } from '../../core/call.ts';
import { seededRandom } from '../../core/random.ts';
import type { Target } from '../../core/target.ts';
import { testCall, testTarget } from '../../testing/test-call.ts';
import { Chooser } from './chooser.ts';
import type { ChoiceGate } from './gates.ts';
import { Loads } from './loads.ts';
import { defaultBalanceOptions } from './options.ts';
import type { BalanceOptions } from './options.ts';
import { Plan } from './plan.ts';

const CALLS = 2_000;

interface Rigged {
  readonly tiers: readonly number[];
  readonly options?: Partial<BalanceOptions>;
  /** Upstream names of targets that a judging gate, or a hard one, refuses. */
  readonly judged?: readonly string[];
  readonly full?: readonly string[];
  readonly kind?: 'completion' | 'other';
  readonly recoveredAt?: Readonly<Record<string, number>>;
}

/** Targets a, b, c ... one per number in `tiers`, and a chooser over them. */
function rig({ tiers, options, judged = [], full = [], kind = 'completion', ...rest }: Rigged) {
  const targets = tiers.map((tier, index) =>
    testTarget(100 + index, { upstream: 'abcdefgh'[index] ?? '', tier, route: { kind } }),
  );
  const gates: ChoiceGate[] = [
    {
      opensAt: ({ upstream }) => (judged.includes(upstream) ? 9_000 : 0),
      mayOverrule: () => true,
      overrule() {},
    },
    { opensAt: ({ upstream }) => (full.includes(upstream) ? 7_000 : 0) },
  ];
  const recovery = {
    recoveredAt: ({ upstream }: Target) => rest.recoveredAt?.[upstream] ?? Number.NEGATIVE_INFINITY,
  };
  const loads = new Loads();
  const chooser = new Chooser(
    { random: seededRandom(7), gates, recovery },
    { ...defaultBalanceOptions, ...options },
  );
  const plan = new Plan(targets, loads, 0);
  const choose = (call: Call = testCall(), tried: readonly Target[] = []): string =>
    chooser.choose(plan, call, tried, 0)?.target.upstream ?? 'none';
  /** How often each was chosen, in per cent, none of them ever being busy. */
  const shares = (call?: Call): Record<string, number> => {
    const counts: Record<string, number> = {};
    for (let count = 0; count < CALLS; count += 1) {
      const name = choose(call);
      counts[name] = (counts[name] ?? 0) + 1;
    }
    for (const name of Object.keys(counts)) {
      counts[name] = Math.round(((counts[name] ?? 0) * 100) / CALLS);
    }
    return counts;
  };
  const load = (name: string) => {
    const target = targets.find(({ upstream }) => upstream === name);
    return loads.of(target?.key ?? '', 0);
  };
  return { targets, chooser, choose, shares, load };
}

function near(counts: Record<string, number>, wanted: Record<string, number>): void {
  assert.deepEqual(Object.keys(counts).toSorted(), Object.keys(wanted).toSorted());
  for (const [name, share] of Object.entries(wanted)) {
    assert.ok(Math.abs((counts[name] ?? 0) - share) <= 4, JSON.stringify(counts));
  }
}

describe('the choice of a target', () => {
  it('is even between equals', () => {
    near(rig({ tiers: [0, 0] }).shares(), { a: 50, b: 50 });
    near(rig({ tiers: [0, 0, 0, 0] }).shares(), { a: 25, b: 25, c: 25, d: 25 });
  });

  it('takes the lighter of two and leaves the heaviest alone', () => {
    const { shares, load } = rig({ tiers: [0, 0, 0] });
    load('a').answered(10, 0);
    load('b').answered(20, 0);
    load('c').answered(30, 0);
    // Of three pairs, a wins the two it is in, b the other.
    near(shares(), { a: 67, b: 33 });
  });

  it('passes over what a gate refuses', () => {
    near(rig({ tiers: [0, 0], judged: ['a'] }).shares(), { b: 100 });
    near(rig({ tiers: [0, 0, 0, 0], full: ['a', 'b'] }).shares(), { c: 50, d: 50 });
  });

  it('stays in the first tier while that is healthy, and spills what it cannot carry', () => {
    near(rig({ tiers: [0, 1] }).shares(), { a: 100 });
    near(rig({ tiers: [0, 1], judged: ['a'] }).shares(), { b: 100 });
    near(rig({ tiers: [5, 5, 7], judged: ['a'] }).shares(), { b: 70, c: 30 });
  });

  it('finds nothing where everything is refused, and says when that ends', () => {
    const { choose, chooser } = rig({ tiers: [0, 0, 1], judged: ['a', 'b', 'c'], full: ['a'] });
    assert.equal(choose(), 'none');
    assert.equal(chooser.opensAt, 9_000);
    const { choose: other, chooser: soon } = rig({ tiers: [0, 1], judged: ['a'], full: ['b'] });
    assert.equal(other(), 'none');
    assert.equal(soon.opensAt, 7_000);
  });
});

describe('a panic', () => {
  it('uses those that were given up when fewer than half are left', () => {
    const { shares, choose, chooser } = rig({ tiers: [0, 0, 0], judged: ['a', 'b'] });
    near(shares(), { a: 33, b: 33, c: 33 });
    choose();
    assert.equal(chooser.panicked, true);
  });

  it('does not come at half', () => {
    const { shares, chooser } = rig({ tiers: [0, 0, 0, 0], judged: ['a', 'b'] });
    near(shares(), { c: 50, d: 50 });
    assert.equal(chooser.panicked, false);
  });

  it('does not come while another tier can take the rest', () => {
    const { shares } = rig({ tiers: [0, 0, 0, 1], judged: ['a', 'b'] });
    near(shares(), { c: 47, d: 53 });
  });

  it('comes when the other tier can not take enough', () => {
    const { shares } = rig({ tiers: [0, 0, 0, 1, 1, 1], judged: ['a', 'b', 'd', 'e'] });
    near(shares(), { a: 17, b: 17, c: 17, d: 17, e: 17, f: 17 });
  });

  it('never uses what is full', () => {
    near(rig({ tiers: [0, 0, 0], judged: ['a'], full: ['b'] }).shares(), { a: 50, c: 50 });
  });

  it('does not come when nothing is left to protect', () => {
    assert.equal(rig({ tiers: [0, 0], judged: ['a', 'b'] }).choose(), 'none');
  });
});

describe('a further attempt', () => {
  it('goes where the call has not been', () => {
    const { targets, choose } = rig({ tiers: [0, 0, 0] });
    for (let count = 0; count < 50; count += 1) {
      assert.equal(choose(testCall(), targets.slice(0, 2)), 'c');
    }
  });

  it('goes to the next tier rather than to the same place', () => {
    const { targets, choose } = rig({ tiers: [0, 1] });
    assert.equal(choose(testCall(), targets.slice(0, 1)), 'b');
  });

  it('goes to the lightest again when the call has been everywhere', () => {
    const { targets, choose, load } = rig({ tiers: [0, 0, 0] });
    load('a').answered(30, 0);
    load('b').answered(10, 0);
    load('c').answered(20, 0);
    for (let count = 0; count < 50; count += 1) assert.equal(choose(testCall(), targets), 'b');
  });
});

describe('the slow start', () => {
  /** Share of a target that came back `agoMs` ago, against one that was never away. */
  const shareAfter = (agoMs: number, kind: 'completion' | 'other'): number => {
    const { choose, load } = rig({ tiers: [0, 0], kind, recoveredAt: { a: -agoMs } });
    let chosen = 0;
    for (let count = 0; count < 1_000; count += 1) {
      const name = choose();
      if (name === 'a') chosen += 1;
      // Nothing ends, so that the load ends up in proportion to the weight.
      load(name).inFlight += 1;
    }
    return Math.round(chosen / 10);
  };

  it('gives a recovered target its share little by little', () => {
    assert.equal(shareAfter(0, 'other'), 9);
    assert.equal(shareAfter(15_000, 'other'), 33);
    assert.equal(shareAfter(30_000, 'other'), 50);
  });

  it('is off for completions', () => {
    assert.equal(shareAfter(0, 'completion'), 50);
  });
});

describe('a sticky route', () => {
  const sticky = { sticky: 'x-session' };
  const callOf = (session: string) => testCall({ headers: { 'X-Session': session } });

  it('keeps the calls of one session together and spreads the sessions', () => {
    const { choose, load } = rig({ tiers: [0, 0, 0], options: sticky });
    load('a').answered(1_500, 0);
    const owners = new Set<string>();
    for (let session = 0; session < 50; session += 1) {
      const owner = choose(callOf(`s${session}`));
      owners.add(owner);
      for (let count = 0; count < 5; count += 1) {
        assert.equal(choose(callOf(`s${session}`)), owner);
      }
    }
    assert.equal(owners.size, 3);
  });

  it('leaves an owner that carries more than twice the median', () => {
    const { choose, load } = rig({ tiers: [0, 0], options: sticky });
    const owner = choose(callOf('s1'));
    load(owner).inFlight = 1;
    assert.equal(choose(callOf('s1')), owner);
    load(owner).inFlight = 2;
    assert.notEqual(choose(callOf('s1')), owner);
  });

  it('chooses as ever for calls without a session', () => {
    near(rig({ tiers: [0, 0], options: sticky }).shares(testCall()), { a: 50, b: 50 });
  });
});
