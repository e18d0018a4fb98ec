// Incident: a service warmed its cache with a query per table and group, all at once. The instance
// has four places for integrations; it closed the other connections ("The socket connection was
// closed unexpectedly"), and answered 500 elsewhere.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { serviceNowInstance } from '../../src/simulator/service-now/service-now-instance.ts';
import type { InstanceReport } from '../../src/simulator/service-now/service-now-instance.ts';
import { LeakCheck } from '../../src/testing/leak-check.ts';
import { startHoldfast } from '../support/holdfast.ts';
import type { HoldfastOptions } from '../support/holdfast.ts';

const READS = 40;
const PLACES = 4;
const TABLES = ['incident', 'change_task', 'sc_task', 'sys_user', 'sys_user_group'];

/** One read of the warm-up: the ids it got, or how it failed. */
async function read(url: string, at: number): Promise<string[] | string> {
  const query = 'sysparm_query=ORDERBYsys_id&sysparm_fields=sys_id&sysparm_limit=5';
  const path = `/api/now/table/${TABLES[at % TABLES.length]}?${query}&sysparm_offset=${at}`;
  const authorization = `Basic ${Buffer.from('integration:integration').toString('base64')}`;
  const signal = AbortSignal.timeout(20_000);
  try {
    const answer = await fetch(`${url}${path}`, { headers: { authorization }, signal });
    const { result } = (await answer.json()) as { result?: { sys_id: string }[] };
    return result?.map(({ sys_id: id }) => id) ?? `status ${answer.status}`;
  } catch (fault) {
    return `failed: ${String(fault)}`;
  }
}

interface WarmUp {
  readonly answered: number;
  readonly failures: readonly string[];
  readonly seen: InstanceReport;
}

/** All reads at once, straight at an instance or through a gateway. */
async function warmUp(options?: HoldfastOptions): Promise<WarmUp> {
  const instance = serviceNowInstance({ running: PLACES, queryMs: 100 });
  const { url } = await instance.listen();
  const gateway =
    options === undefined
      ? undefined
      : await startHoldfast(url, { dialect: 'servicenow', profile: 'servicenow', ...options });
  const asked = gateway?.url ?? url;
  const reads = await Promise.all(Array.from({ length: READS }, (_none, at) => read(asked, at)));
  const seen = instance.report;
  await gateway?.close();
  await instance.close();
  const failures = reads.filter((outcome) => typeof outcome === 'string');
  return { answered: reads.length - failures.length, failures, seen };
}

describe('forty reads at once of an instance with four places', () => {
  it('mostly end in closed connections', async () => {
    const { answered, seen } = await warmUp();
    // Nearly all of them, but a slow machine may not manage to ask for all at once.
    assert.ok(seen.closed > READS / 4, `${seen.closed} closed`);
    assert.equal(answered + seen.closed, READS);
    assert.ok(seen.atOnceMost > PLACES);
  });

  it('end so here as well while nothing limits them, for all the retries', async () => {
    const { answered, failures, seen } = await warmUp({ limit: { enabled: false } });
    assert.ok(answered < READS, 'all answered');
    assert.match(failures.join(), /status 50\d/);
    assert.ok(seen.closed > 0 && seen.atOnceMost > PLACES);
  });

  it('are all answered here, four at a time, and no connection is closed', async () => {
    const leaks = LeakCheck.begin();
    const { failures, seen } = await warmUp({});
    assert.deepEqual(failures, []);
    assert.equal(seen.requests, READS);
    assert.equal(seen.closed, 0);
    assert.equal(seen.atOnceMost, PLACES);
    await leaks.assertClean();
  });
});
