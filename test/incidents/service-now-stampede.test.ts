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
const AUTHORIZATION = `Basic ${Buffer.from('integration:integration').toString('base64')}`;
const TABLES = ['incident', 'change_task', 'sc_task', 'sys_user', 'sys_user_group'];

/** One read of the warm-up: the ids it got, or how it failed. */
async function read(
  url: string,
  at: number,
  own: Readonly<Record<string, string>>,
): Promise<string[] | string> {
  const query = 'sysparm_query=ORDERBYsys_id&sysparm_fields=sys_id&sysparm_limit=5';
  const path = `/api/now/table/${TABLES[at % TABLES.length]}?${query}&sysparm_offset=${at}`;
  const headers = { authorization: AUTHORIZATION, ...own };
  const signal = AbortSignal.timeout(20_000);
  try {
    const answer = await fetch(`${url}${path}`, { headers, signal });
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

/** A session of the instance, as a `Cookie` field. */
async function openSession(url: string): Promise<Record<string, string>> {
  const path = '/api/now/table/incident?sysparm_limit=1';
  const answer = await fetch(`${url}${path}`, { headers: { authorization: AUTHORIZATION } });
  await answer.text();
  return { cookie: (answer.headers.getSetCookie()[0] ?? '').split(';')[0] ?? '' };
}

/** All reads at once, straight at an instance or through a gateway; perhaps of one session. */
async function warmUp(options?: HoldfastOptions, isOneSession: boolean = false): Promise<WarmUp> {
  const instance = serviceNowInstance({ running: PLACES, queryMs: 100 });
  const { url } = await instance.listen();
  const own = isOneSession ? await openSession(url) : {};
  const gateway =
    options === undefined
      ? undefined
      : await startHoldfast(url, { dialect: 'servicenow', profile: 'servicenow', ...options });
  const asked = gateway?.url ?? url;
  const reading = Array.from({ length: READS }, (_none, at) => read(asked, at, own));
  const reads = await Promise.all(reading);
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

  it('run four at a time even where all bring the cookie of one session', async () => {
    const { failures, seen } = await warmUp({}, true);
    assert.deepEqual(failures, []);
    assert.equal(seen.runningMost, PLACES);
    assert.equal(seen.sessions, READS + 1, 'a session for each, and the one of the cookie');
  });
});
