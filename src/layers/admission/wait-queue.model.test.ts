// The queue against a model that is a plain array: nobody is lost, nobody comes out twice, the
// order within a tenant holds, turns go round, and places stay bounded.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Priority } from '../../core/caller.ts';
import { Entry, choice } from './wait-queue.fixture.ts';
import { WaitQueue } from './wait-queue.ts';

type Step =
  | { readonly do: 'offer'; readonly tenant: string; readonly priority: Priority }
  | { readonly do: 'take'; readonly newestFirst: boolean; readonly staleAge: number }
  | { readonly do: 'leave'; readonly at: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant('offer' as const),
    tenant: fc.constantFrom('v', 'w', 'x', 'y', 'z'),
    priority: fc.constantFrom<Priority>('interactive', 'default', 'batch'),
  }),
  fc.record({
    do: fc.constant('take' as const),
    newestFirst: fc.boolean(),
    staleAge: fc.constantFrom(Number.POSITIVE_INFINITY, 15, 5),
  }),
  fc.record({ do: fc.constant('leave' as const), at: fc.nat(40) }),
);

class Model {
  readonly queue = new WaitQueue<Entry>();
  readonly waiting: Entry[] = [];
  readonly #capacity: number;
  /** Grants that each waiting class has let pass. */
  readonly #passed = { interactive: 0, default: 0, batch: 0 };
  /** Grants to other tenants since this one, while it waited all the time. */
  readonly #skipped = new Map<string, number>();
  #now: number = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  run(steps: readonly Step[]): void {
    for (const one of steps) {
      this.#now += 1;
      if (one.do === 'offer') this.#offer(one.tenant, one.priority);
      else if (one.do === 'take') this.#take(one.newestFirst, one.staleAge);
      else this.#leave(one.at);
      this.#check();
    }
  }

  #offer(tenant: string, priority: Priority): void {
    const entry = new Entry(String(this.#now), tenant, priority, this.#now);
    const before = this.waiting.length;
    this.waiting.push(entry);
    const refused = this.queue.offer(entry, this.#capacity, false);
    if (refused === undefined) assert.ok(before < this.#capacity, 'a place too many');
    else {
      assert.equal(before, this.#capacity, 'refused although there was a place');
      this.#out(refused);
    }
  }

  #take(newestFirst: boolean, staleAge: number): void {
    const stale: Entry[] = [];
    const staleBefore = this.#now - staleAge;
    const taken = this.queue.take(choice({ newestFirst, staleBefore, stale }));
    for (const gone of stale) {
      assert.ok(gone.since < staleBefore, 'dropped too soon');
      this.#out(gone);
    }
    if (taken === undefined) {
      assert.equal(this.waiting.length, 0, 'somebody waits and nobody was served');
      return;
    }
    assert.ok(taken.since >= staleBefore, 'served although stale');
    const line = this.waiting.filter((other) => isAlike(other, taken));
    const expected = newestFirst ? line.at(-1) : line[0];
    assert.equal(taken, expected, 'out of order within its tenant');
    this.#out(taken);
    this.#judgeClasses(taken);
    this.#judgeTurns(taken);
  }

  #leave(at: number): void {
    const entry = this.waiting[at];
    if (entry === undefined) return;
    this.queue.remove(entry);
    this.#out(entry);
  }

  #out(entry: Entry): void {
    const at = this.waiting.indexOf(entry);
    assert.ok(at >= 0, 'came out twice, or was never in');
    this.waiting.splice(at, 1);
    // A class or a line that is empty has nothing to wait for, and begins anew.
    const { priority, tenant } = entry;
    if (this.waiting.every((other) => other.priority !== priority)) this.#passed[priority] = 0;
    if (!this.waiting.some((other) => isAlike(other, entry))) {
      this.#skipped.delete(`${priority} ${tenant}`);
    }
  }

  #judgeClasses(taken: Entry): void {
    for (const priority of ['interactive', 'default', 'batch'] as const) {
      const waits = this.waiting.some((other) => other.priority === priority);
      const served = taken.priority === priority;
      this.#passed[priority] = waits && !served ? this.#passed[priority] + 1 : 0;
    }
    assert.ok(this.#passed.batch <= 9, 'batch was passed over too often');
    assert.ok(this.#passed.default <= 10, 'default was passed over too often');
    if (this.#passed.interactive > 0) assert.ok(this.#passed.interactive <= 2, 'order of classes');
  }

  #judgeTurns(taken: Entry): void {
    for (const tenant of ['v', 'w', 'x', 'y', 'z']) {
      const key = `${taken.priority} ${tenant}`;
      const waits = this.waiting.some((other) => isAlike(other, { ...taken, tenant }));
      const skipped = waits && tenant !== taken.tenant ? (this.#skipped.get(key) ?? 0) + 1 : 0;
      assert.ok(skipped <= 4, 'a tenant was skipped');
      this.#skipped.set(key, skipped);
    }
  }

  #check(): void {
    assert.equal(this.queue.size, this.waiting.length);
    assert.ok(this.queue.size <= this.#capacity);
    const oldest = Math.min(...this.waiting.map(({ since }) => since));
    assert.equal(this.queue.oldestSince, oldest);
  }
}

function isAlike(one: Entry, other: Pick<Entry, 'tenant' | 'priority'>): boolean {
  return one.tenant === other.tenant && one.priority === other.priority;
}

describe('the queue, for any sequence of coming, calling and leaving', () => {
  it('loses nobody, serves nobody twice, keeps its order and its bound', () => {
    const steps = fc.array(step, { maxLength: 300, size: 'max' });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 30 }), steps, (capacity, list) => {
        new Model(capacity).run(list);
      }),
      { numRuns: 300 },
    );
  });
});
