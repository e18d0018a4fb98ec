// Incident: a pool kept sockets that the upstream had closed; requests sent on them hung or failed
// with `other side closed` after a quiet time. The path here is 15 ms long each way, so that a
// close and a request can pass each other on it. It begins behind the connect, so the gateway takes
// it for short and allows 50 ms for a race to show.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { plainDialect } from '../../src/dialects/plain.ts';
import { DelayRelay } from '../../src/testing/delay-relay.ts';
import { MisbehavingUpstream } from '../../src/testing/index.ts';
import { defaultTransportOptions } from '../../src/transport/transport-options.ts';
import { startBareGateway } from '../support/bare-gateway.ts';
import { startHoldfast } from '../support/holdfast.ts';
import { startNaiveProxy } from '../support/naive-proxy.ts';
import { whenTimely } from '../support/timely.ts';

const IDLE_MS = 200;
const ONE_WAY_MS = 15;
const LANES = 24;
const POSTS_PER_LANE = 6;
/** Whether a request meets the close is chance; that none of so many series does is not. */
const NAIVE_SERIES_MAX = 5;

/** Posts at pauses around the upstream's idle limit; counts the answers that were not 200. */
async function visibleFailures(url: string, run: string): Promise<number> {
  let failures = 0;
  const lane = async (name: number): Promise<void> => {
    for (let n = 0; n < POSTS_PER_LANE; n += 1) {
      const headers = { 'x-request-id': `${run}-${name}-${n}` };
      const answer = await fetch(`${url}/order`, { method: 'POST', body: '{}', headers });
      await answer.text();
      if (answer.status !== 200) failures += 1;
      // From one path's length before the close to one after it, evenly over the lanes.
      const place = (name * POSTS_PER_LANE + n) / (LANES * POSTS_PER_LANE);
      const pause = IDLE_MS - 2 * ONE_WAY_MS + place * 3 * ONE_WAY_MS;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  };
  await Promise.all(Array.from({ length: LANES }, (_none, name) => lane(name)));
  return failures;
}

describe('requests sent around the moment at which the upstream closes idle sockets', () => {
  let upstream: MisbehavingUpstream;
  let relay: DelayRelay;
  let runs = 0;
  before(async () => {
    upstream = await MisbehavingUpstream.listen({}, { idle: { afterMs: IDLE_MS, how: 'fin' } });
    relay = await DelayRelay.listen(upstream.port, { oneWayMs: ONE_WAY_MS });
  });
  after(async () => {
    await relay.close();
    await upstream.close();
  });

  async function assertFailing(url: string, name: string): Promise<void> {
    let failures = 0;
    for (let series = 1; series <= NAIVE_SERIES_MAX && failures === 0; series += 1) {
      failures = await visibleFailures(url, `${name}${series}`);
    }
    assert.ok(failures > 0, 'the race was not met; the test proves nothing');
  }

  it('fail through a naive pool', async () => {
    const naive = await startNaiveProxy({ upstreamPort: relay.port });
    await assertFailing(naive.url, 'naive');
    await naive.close();
  });

  it('fail here too where nothing is learned and nothing is sent again', async () => {
    const idle = { ...defaultTransportOptions.idle, learn: false, startMs: 60_000 };
    const transport = { idle, replayLadder: false };
    const { port: upstreamPort } = relay;
    const bare = await startBareGateway({ upstreamPort, dialect: plainDialect, transport });
    await assertFailing(bare.url, 'bare');
    await bare.close();
  });

  it('all succeed here, and none runs twice', () =>
    whenTimely(async () => {
      runs += 1;
      const run = `holdfast${runs}`;
      const url = `http://127.0.0.1:${relay.port}`;
      // A limit that learns from a busy machine might refuse a call, politely; that is another
      // story.
      const limit = { enabled: false };
      const lines: string[] = [];
      const rules = { profile: 'rest', replay: 'idle-race', limit, lines };
      const gateway = await startHoldfast(url, rules);
      const failures = await visibleFailures(gateway.url, run);
      await gateway.close();
      const calls = lines.join('').trimEnd().split('\n');
      const failed = calls.filter((line) => !line.includes('"verdict":"complete"'));
      assert.deepEqual([failures, failed], [0, []]);
      assert.deepEqual(upstream.seen.doubleExecutions(), []);
      const ours = [...upstream.seen.executions().keys()].filter((id) => id.startsWith(`${run}-`));
      assert.equal(ours.length, LANES * POSTS_PER_LANE);
    }));
});
