// Incident: an upstream was down, every caller waited a minute for it, three times, and each of the
// layers in between tried three times more; what was left of the upstream never came back.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { MisbehavingUpstream } from '../../src/testing/index.ts';
import { refusalAnswer } from '../../src/testing/misbehaving-upstream/built-in-answers.ts';
import { startHoldfast } from '../support/holdfast.ts';
import type { HoldfastOptions } from '../support/holdfast.ts';

const CALLERS = 100;
const OWN_ATTEMPTS = 3;
const down = { answer: refusalAnswer(503, '/v1/messages', {}) };

/** A caller as SDKs are: tries three times, unless it is told that there is no use. */
async function patientCaller(url: string): Promise<number> {
  for (let attempt = 1; ; attempt += 1) {
    const answer = await fetch(`${url}/v1/messages`, { method: 'POST', body: '{"model":"m"}' });
    await answer.arrayBuffer();
    const hopeless = answer.headers.get('x-should-retry') === 'false';
    if (answer.ok || hopeless || attempt === OWN_ATTEMPTS) return answer.status;
    await sleep(10);
  }
}

/** A layer in between that tries three times whatever happens. */
async function stubbornLayer(url: string): Promise<number> {
  let status = 0;
  for (let attempt = 0; attempt < 3 && status !== 200; attempt += 1) {
    status = await patientCaller(url);
  }
  return status;
}

async function stormAgainst(options: HoldfastOptions): Promise<{ reached: number; p50Ms: number }> {
  const upstream = await MisbehavingUpstream.listen(down);
  const gateway = await startHoldfast(upstream.url, { dialect: 'anthropic', ...options });
  const took: number[] = [];
  const caller = async (at: number): Promise<void> => {
    await sleep(at * 10);
    const began = performance.now();
    assert.equal(await patientCaller(gateway.url), 503);
    took.push(performance.now() - began);
  };
  await Promise.all(Array.from({ length: CALLERS }, (_none, at) => caller(at)));
  const reached = upstream.seen.requestCount;
  await gateway.close();
  await upstream.close();
  return { reached, p50Ms: took.toSorted((a, b) => a - b)[CALLERS / 2] ?? 0 };
}

describe('a dead upstream', () => {
  it('is asked nine times for each call where every layer tries three times', async () => {
    const upstream = await MisbehavingUpstream.listen(down);
    await Promise.all(Array.from({ length: CALLERS }, () => stubbornLayer(upstream.url)));
    const { requestCount } = upstream.seen;
    await upstream.close();
    assert.equal(requestCount, CALLERS * 9);
  });

  it('is asked by every caller, again and again, while nothing here gives it up', async () => {
    const { reached } = await stormAgainst({ bare: true });
    assert.ok(reached > 2 * CALLERS, `${reached} requests for ${CALLERS} calls`);
  });

  it('is left alone here after a few calls, and callers are told at once', async () => {
    const { reached, p50Ms } = await stormAgainst({});
    assert.ok(reached < CALLERS / 3, `${reached} requests for ${CALLERS} calls`);
    assert.ok(p50Ms < 1_000, `half of the callers waited for ${p50Ms} ms`);
  });
});
