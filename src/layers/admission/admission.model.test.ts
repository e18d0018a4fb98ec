// The layer under any sequence of coming, answering, failing, leaving and changing limits: nobody
// is forgotten, no slot is granted twice or lost, and nobody waits while there is room.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Priority } from '../../core/caller.ts';
import { CallError } from '../../core/errors.ts';
import type { Service } from '../../core/layer.ts';
import { testLimits, testTarget } from '../../testing/test-call.ts';
import { Rig, finish, fixed, outcome } from './admission.fixture.ts';
import type { Sent } from './admission.fixture.ts';

const ways = ['end', 'fail', 'cut', 'leave'] as const;

const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('send' as const),
      tenant: fc.constantFrom('only-a', 'x', 'y'),
      priority: fc.constantFrom<Priority>('interactive', 'default', 'batch'),
      patienceMs: fc.constantFrom(0, 150, 5_000),
      leftMs: fc.constantFrom(Number.POSITIVE_INFINITY, 400),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('over' as const),
      at: fc.nat(30),
      how: fc.constantFrom(...ways),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('time' as const), ms: fc.nat(700) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('limit' as const),
      upstream: fc.constantFrom('a', 'b'),
      calls: fc.integer({ min: 1, max: 6 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('foreign' as const), at: fc.nat(30) }) },
);

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

const targets = { a: testTarget(1, { upstream: 'a' }), b: testTarget(2, { upstream: 'b' }) };

class Model {
  readonly rig = new Rig({ upstreams: ['a', 'b'], limits: { a: fixed(2), b: fixed(2) } });
  readonly #onlyA: Service = this.rig.route(['a']);
  readonly #open: Sent[] = [];
  readonly #foreign: { sent: Sent; upstream: 'a' | 'b' }[] = [];

  run(steps: readonly Step[]): void {
    for (const one of steps) {
      const before = this.#counts();
      this.#do(one);
      this.#check(one, before);
    }
    this.#close();
  }

  #do(one: Step): void {
    switch (one.do) {
      case 'send': {
        const { tenant, priority, patienceMs, leftMs } = one;
        this.#open.push(
          this.rig.send({
            as: { tenant, priority },
            deadline: this.rig.clock.now() + leftMs,
            route: { limits: { ...testLimits, queueMs: patienceMs } },
            ...(tenant === 'only-a' && { through: this.#onlyA }),
          }),
        );
        return;
      }
      case 'over': {
        const sent = this.#open[one.at];
        if (sent !== undefined) this.#end(sent, one.how);
        return;
      }
      case 'time':
        this.rig.clock.advance(one.ms);
        return;
      case 'limit':
        this.rig.limits.configure(one.upstream, fixed(one.calls));
        return;
      case 'foreign': {
        const sent = this.#open[one.at];
        if (sent?.far === undefined) return;
        const upstream = sent.call.timeline.admittedTo === 'a' ? 'b' : 'a';
        this.rig.limits.attemptBegan(targets[upstream], sent.call);
        this.#foreign.push({ sent, upstream });
      }
    }
  }

  #end(sent: Sent, how: (typeof ways)[number]): void {
    // The attempt of a call is over before the call is.
    for (const { upstream } of this.#foreign.filter((foreign) => foreign.sent === sent)) {
      this.rig.limits.attemptOver(targets[upstream], sent.call, outcome('ok'), 0);
    }
    const left = this.#foreign.filter((foreign) => foreign.sent !== sent);
    this.#foreign.splice(0, this.#foreign.length, ...left);
    if (how === 'leave') sent.call.cancellation.cancel(new CallError('CALLER_GONE'));
    else if (sent.far !== undefined && how === 'end') finish(sent);
    else if (how === 'fail') sent.far?.fail('RESET');
    else if (how === 'cut') {
      sent.far?.start();
      sent.far?.fail('STREAM_CUT');
    }
  }

  #counts() {
    return { a: this.rig.view('a').occupied, b: this.rig.view('b').occupied };
  }

  #check(one: Step, before: { a: number; b: number }): void {
    const over = this.#open.filter(({ sink }) => sink.isOver);
    for (const sent of over) this.#open.splice(this.#open.indexOf(sent), 1);
    for (const sent of over) if (sent.far !== undefined) assert.ok(sent.far.over, 'left behind');
    const inside = this.#open.filter(({ far }) => far !== undefined);
    assert.equal(this.rig.leases.size, inside.length, 'leases');
    for (const upstream of ['a', 'b'] as const) {
      const view = this.rig.view(upstream);
      const held = inside.filter(({ call }) => call.timeline.admittedTo === upstream).length;
      const foreign = this.#foreign.filter((other) => other.upstream === upstream).length;
      assert.equal(view.occupied, held + foreign, 'occupied');
      if (one.do !== 'limit' && one.do !== 'foreign') {
        assert.ok(view.occupied <= Math.max(view.limit, before[upstream]), 'a slot too many');
      }
    }
    this.#checkWaiting();
  }

  #checkWaiting(): void {
    const waiting = this.#open.filter(({ far }) => far === undefined);
    const { queued, occupied, limit } = this.rig.view('a');
    assert.equal(queued.interactive + queued.default + queued.batch, waiting.length, 'queued');
    assert.equal(this.rig.sweep.size, waiting.length > 0 ? 1 : 0, 'in the sweep');
    if (waiting.length === 0) return;
    assert.ok(occupied >= limit, 'waits although there is room');
    if (waiting.every(({ call }) => call.caller.tenant === 'only-a')) return;
    const b = this.rig.view('b');
    assert.ok(b.occupied >= b.limit, 'waits although there is room elsewhere');
  }

  #close(): void {
    while (this.#open.length > 0) {
      const [sent] = this.#open;
      if (sent === undefined) break;
      this.#end(sent, 'leave');
      this.#check({ do: 'time', ms: 0 }, this.#counts());
    }
    assert.deepEqual(this.#counts(), { a: 0, b: 0 });
    assert.equal(this.rig.leases.size, 0);
    assert.equal(this.rig.sweep.size, 0);
    this.rig.clock.advance(1_000);
    assert.equal(this.rig.clock.pending, 0);
  }
}

describe('the layer, for any sequence of events', () => {
  it('forgets nobody, grants each slot once and leaves nothing behind', () => {
    const steps = fc.array(step, { maxLength: 200, size: 'max' });
    fc.assert(
      fc.property(steps, (list) => new Model().run(list)),
      { numRuns: 200 },
    );
  });
});
