// Incident: a platform allowed 25 requests at a time per instance. Streams of five to ten minutes
// held them, dashboards showed few connections a second and plenty of room, and the next caller got
// 503.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { MisbehavingUpstream } from '../../src/testing/index.ts';
import { refusalAnswer } from '../../src/testing/misbehaving-upstream/built-in-answers.ts';
import { startHoldfast } from '../support/holdfast.ts';
import type { HoldfastOptions } from '../support/holdfast.ts';
import { mostAtOnce } from '../support/most-at-once.ts';

const STREAMS = 60;
const PLATFORM_MAX = 25;
const steps = Array.from({ length: 10 }, (_none, n) => ({
  afterMs: 30,
  bytes: `data: {"n":${n}}\n\n`,
}));
const stream = {
  answer: { status: 200, headers: [['content-type', 'text/event-stream']] as const, steps },
};

describe('60 streams on a platform that carries 25', () => {
  let platform: MisbehavingUpstream;

  before(async () => {
    platform = await MisbehavingUpstream.listen(() => {
      const running = platform.seen.requests.filter(
        ({ answeredAt, abortedAt }) => answeredAt < 0 && abortedAt < 0,
      );
      return running.length > PLATFORM_MAX ? { answer: refusalAnswer(503, '/', {}) } : stream;
    });
  });
  after(() => platform.close());

  async function statusesThrough(options: HoldfastOptions): Promise<Map<number, number>> {
    const gateway = await startHoldfast(platform.url, { dialect: 'sse', ...options });
    const statuses = new Map<number, number>();
    const call = async (): Promise<void> => {
      let told = 0;
      // Comes again as asked, as SDKs do; without being asked it gives up.
      for (let waitS = 0; waitS >= 0 && told !== 200;) {
        await sleep(waitS * 1_000);
        const answer = await fetch(`${gateway.url}/stream`, { method: 'POST', body: '{}' });
        const text = await answer.text();
        const whole = answer.status === 200 && text.endsWith('data: {"n":9}\n\n');
        told = whole ? 200 : answer.status;
        waitS = Number(answer.headers.get('retry-after') ?? -1);
      }
      statuses.set(told, (statuses.get(told) ?? 0) + 1);
    };
    await Promise.all(Array.from({ length: STREAMS }, call));
    await gateway.close();
    return statuses;
  }

  it('are refused where nobody counts the streams', async () => {
    const statuses = await statusesThrough({ bare: true, limit: { enabled: false } });
    assert.ok((statuses.get(503) ?? 0) > 10, JSON.stringify([...statuses]));
  });

  it('wait their turn here, or come again when they are told to, and all get through', async () => {
    const first = platform.seen.requestCount;
    const limit = { algorithm: 'fixed', max: PLATFORM_MAX };
    const statuses = await statusesThrough({ limit });
    assert.deepEqual([...statuses], [[200, STREAMS]]);
    assert.ok(mostAtOnce(platform.seen.requests.slice(first)) <= PLATFORM_MAX);
  });
});
