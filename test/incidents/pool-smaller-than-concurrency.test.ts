// Incident: a test rig ran 200 callers over a pool of ten connections. "Pool is full" for nearly
// all of them, and those that waited waited for ever.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MisbehavingUpstream } from '../../src/testing/index.ts';
import { LeakCheck } from '../../src/testing/leak-check.ts';
import { startHoldfast } from '../support/holdfast.ts';
import { mostAtOnce } from '../support/most-at-once.ts';

const CALLERS = 200;
const POOL = 10;

describe('200 callers at an upstream that carries ten', () => {
  it('mostly fail over a pool without a queue', async () => {
    const upstream = await MisbehavingUpstream.listen({ thinkMs: 50 });
    let inUse = 0;
    const call = async (): Promise<boolean> => {
      if (inUse >= POOL) return false;
      inUse += 1;
      const answer = await fetch(upstream.url);
      await answer.arrayBuffer();
      inUse -= 1;
      return answer.ok;
    };
    const outcomes = await Promise.all(Array.from({ length: CALLERS }, call));
    await upstream.close();
    assert.equal(outcomes.filter(Boolean).length, POOL);
  });

  it('are all answered here, or told politely when to come again; nobody hangs', async () => {
    const leaks = LeakCheck.begin();
    const upstream = await MisbehavingUpstream.listen({ thinkMs: 50 });
    const limit = { algorithm: 'fixed', max: POOL, queue: 10 };
    const gateway = await startHoldfast(upstream.url, { limit });
    const statuses = new Map<number, number>();
    const call = async (): Promise<void> => {
      const answer = await fetch(gateway.url, { signal: AbortSignal.timeout(20_000) });
      await answer.arrayBuffer();
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
      if (answer.status === 200) return;
      assert.equal(answer.status, 503);
      assert.match(answer.headers.get('retry-after') ?? '', /^\d+$/);
      assert.equal(answer.headers.get('x-should-retry'), 'false');
    };
    await Promise.all(Array.from({ length: CALLERS }, call));
    const most = mostAtOnce(upstream.seen.requests);
    await gateway.close();
    await upstream.close();
    assert.ok((statuses.get(200) ?? 0) >= POOL, JSON.stringify([...statuses]));
    assert.ok(most <= POOL, `${most} at a time`);
    await leaks.assertClean();
  });
});
