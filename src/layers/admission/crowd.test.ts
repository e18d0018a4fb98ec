// Two hundred callers at an upstream that carries ten: what a pool smaller than its callers did to
// them was silence; here each is answered or told, and those who are let in did not wait long.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { testLimits } from '../../testing/test-call.ts';
import { Crowd, quantile } from './crowd.fixture.ts';
import type { CrowdOptions } from './crowd.fixture.ts';

const alike = { v: 50, w: 50, x: 50, y: 50 };
const uneven = { v: 140, w: 20, x: 20, y: 20 };

function crowd(options: CrowdOptions, ms: number): Crowd {
  const made = new Crowd(options);
  made.run(ms);
  return made;
}

for (const [name, holdMs, targetMs, ms] of [
  ['answers of 100 ms', 100, 5, 12_000],
  ['streams of 2 s', 2_000, 100, 90_000],
] as const) {
  const run = crowd({ callers: alike, limit: 10, holdMs }, ms);

  describe(`200 callers at a limit of 10, with ${name}`, () => {
    it('are all answered or told to come back; none hangs', () => {
      assert.equal(run.open, 0);
      assert.ok(run.refusals.length > 0);
      assert.ok(run.refusals.every(({ code, status }) => code === 'OVERLOADED' && status === 503));
      assert.equal(run.rig.leases.size, 0);
      assert.equal(run.rig.sweep.size, 0);
      assert.equal(run.rig.view().occupied, 0);
    });

    it('never have more than ten calls out, and hardly ever fewer', () => {
      assert.equal(run.outMax, 10);
      assert.ok(run.workMs / (ms * 10) > 0.97, `${run.workMs / (ms * 10)}`);
    });

    it('wait at most twice the target once the queue is standing', () => {
      const { overloadedWaitsMs } = run;
      assert.ok(overloadedWaitsMs.length > 100, `${overloadedWaitsMs.length}`);
      const p99 = quantile(overloadedWaitsMs, 0.99);
      // The p50 of the hold times sets the target, and is known to a tenth.
      assert.ok(p99 <= 2 * targetMs * 1.1, `${p99}`);
    });

    it('are refused soon, and in no case later than their route lets them wait', () => {
      const afterMs = run.refusals.map((refusal) => refusal.afterMs);
      // The sweep sees them every 100 ms.
      assert.ok(quantile(afterMs, 0.9) <= 2 * targetMs * 1.1 + 100, `${quantile(afterMs, 0.9)}`);
      assert.ok(Math.max(...afterMs) <= testLimits.queueMs + 100);
    });

    it('are served alike across four tenants', () => {
      assert.ok(run.fairness >= 0.95, `${run.fairness}`);
    });
  });
}

describe('an uneven crowd', () => {
  it('does not take the slots of tenants with a seventh of its callers', () => {
    const run = crowd({ callers: uneven, limit: 10, holdMs: 2_000 }, 90_000);
    assert.ok(run.fairness >= 0.95, `${run.fairness} ${JSON.stringify([...run.answers])}`);
  });

  it('of batch calls leaves the others nine tenths, and gets its tenth', () => {
    const callers = { jobs: 100, people: 100 };
    const priorityOf = (tenant: string) =>
      tenant === 'jobs' ? ('batch' as const) : ('interactive' as const);
    const run = crowd({ callers, limit: 10, holdMs: 2_000, priorityOf }, 90_000);
    const jobs = run.answers.get('jobs') ?? 0;
    const people = run.answers.get('people') ?? 0;
    const share = jobs / (jobs + people);
    assert.ok(share > 0.05 && share < 0.25, `${share}`);
  });
});
