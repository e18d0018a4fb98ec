// An upstream that refuses everything, under a steady load: what it hears beyond the calls
// themselves stays within the retry budget, and callers hear of it at once. With the breaker off
// the budget stands alone; with it on the upstream is left in peace.

import assert from 'node:assert/strict';
import { request, Agent } from 'node:http';
import { after, afterEach, beforeEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { defaultRetryBudgetOptions } from '../../src/layers/retry/options.ts';
import { LeakCheck, MisbehavingUpstream, refusing } from '../../src/testing/index.ts';
import { AcceptanceGateway } from '../support/acceptance-gateway.ts';

const RATE = 200;
const SECONDS = 1.5;
const CALLS = RATE * SECONDS;
const { ratio, reservePerSecond, windowMs } = defaultRetryBudgetOptions;
/** What may be tried again without calls that earn it; the load is shorter than the window. */
const RESERVE = (reservePerSecond * windowMs) / 1_000;

interface Heard {
  readonly status: number;
  readonly tookMs: number;
}

/** One call over a kept connection. */
function ask(url: string, agent: Agent): Promise<Heard> {
  const beganAt = performance.now();
  return new Promise((resolve, reject) => {
    const asked = request(`${url}/v1/messages`, { method: 'POST', agent }, (answer) => {
      answer.resume();
      answer.on('error', reject);
      answer.on('end', () => {
        resolve({ status: answer.statusCode ?? 0, tookMs: performance.now() - beganAt });
      });
    });
    asked.on('error', reject);
    asked.end('{"model":"m"}');
  });
}

/** `RATE` calls a second, whatever becomes of them. */
async function load(url: string): Promise<Heard[]> {
  const agent = new Agent({ keepAlive: true });
  const beganAt = performance.now();
  const calls: Promise<Heard>[] = [];
  while (calls.length < CALLS) {
    const due = Math.min(CALLS, ((performance.now() - beganAt) * RATE) / 1_000);
    while (calls.length < due) calls.push(ask(url, agent));
    await sleep(5);
  }
  const heard = await Promise.all(calls);
  agent.destroy();
  return heard;
}

function percentile(heard: readonly Heard[], share: number): number {
  const sorted = heard.map(({ tookMs }) => tookMs).toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

describe(`an upstream that answers 503 to all of ${RATE} calls a second`, () => {
  const leaks = LeakCheck.begin();
  let upstream: MisbehavingUpstream;
  let gateway: AcceptanceGateway;
  beforeEach(async () => {
    upstream = await MisbehavingUpstream.listen(refusing(503));
  });
  afterEach(async () => {
    await gateway.close();
    await upstream.close();
  });
  after(() => leaks.assertClean());

  function start(options: object): Promise<AcceptanceGateway> {
    const endpoints = [upstream.url];
    const down = { dialect: 'anthropic', profile: 'llm-hosted', endpoints, ...options };
    return AcceptanceGateway.start({ upstreams: { down } });
  }

  it('hears no more than a fifth beyond them and the reserve, without a breaker', async (test) => {
    gateway = await start({ breaker: false, limit: { enabled: false } });
    const heard = await load(gateway.url);
    const attempts = upstream.seen.requestCount;
    const p50 = percentile(heard, 0.5);
    test.diagnostic(`${attempts} attempts, p50 ${p50.toFixed(1)} ms`);
    assert.ok(heard.every(({ status }) => status === 503));
    assert.ok(p50 < 150, `p50 ${p50} ms`);
    assert.ok(
      attempts >= CALLS,
      `${attempts} attempts: every call is heard, nothing is in the way`,
    );
    assert.ok(attempts <= CALLS * (1 + ratio) + RESERVE, `${attempts} attempts for ${CALLS} calls`);
    assert.equal(attempts, CALLS + (await gateway.metric('gw_retries_total')));
    assert.ok((await gateway.metric('gw_retry_denied_total')) > CALLS / 2);
  });

  it('hears next to nothing with the breaker, and callers are told at once', async (test) => {
    gateway = await start({});
    const heard = await load(gateway.url);
    const attempts = upstream.seen.requestCount;
    const [p50, p99] = [percentile(heard, 0.5), percentile(heard, 0.99)];
    test.diagnostic(`${attempts} attempts, p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`);
    assert.ok(heard.every(({ status }) => status === 503));
    assert.ok(attempts <= CALLS / 4, `${attempts} attempts for ${CALLS} calls`);
    assert.ok(p50 < 150, `p50 ${p50} ms`);
    // The first few wait for their backoff, which is a second at most.
    assert.ok(p99 < 1_500, `p99 ${p99} ms`);
    assert.equal(await gateway.metric('gw_breaker_trips_total'), 1);
  });

  it('is asked again within the same bounds where one call in four fails', async (test) => {
    upstream.use(({ index }) => (index % 4 === 0 ? refusing(500) : {}));
    gateway = await start({ breaker: false, limit: { enabled: false } });
    const heard = await load(gateway.url);
    const attempts = upstream.seen.requestCount;
    const good = heard.filter(({ status }) => status === 200).length;
    test.diagnostic(`${attempts} attempts, ${good} of ${CALLS} calls answered`);
    assert.ok(attempts > CALLS, 'some calls were tried again');
    assert.ok(attempts <= CALLS * (1 + ratio) + RESERVE, `${attempts} attempts for ${CALLS} calls`);
    assert.ok(good > CALLS * 0.8, `${good} calls: more than without a second attempt`);
  });
});
