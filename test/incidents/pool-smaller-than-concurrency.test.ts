// Incident: a test rig ran 200 callers over a pool of ten connections. "Pool is full" for nearly
// all of them, and those that waited waited for ever.

import assert from 'node:assert/strict';
import { after, afterEach, beforeEach, describe, it } from 'node:test';
import { LeakCheck, MisbehavingUpstream } from '../../src/testing/index.ts';
import { refusalAnswer } from '../../src/testing/misbehaving-upstream/built-in-answers.ts';
import { startHoldfast } from '../support/holdfast.ts';
import { mostAtOnce } from '../support/most-at-once.ts';

const CALLERS = 200;
const POOL = 10;
const limited = { algorithm: 'fixed', max: POOL };

describe('200 callers at an upstream that carries ten', () => {
  const leaks = LeakCheck.begin();
  let upstream: MisbehavingUpstream;
  let thinkMs: number;
  beforeEach(async () => {
    thinkMs = 20;
    upstream = await MisbehavingUpstream.listen(() => {
      const inUse = upstream.seen.requests.filter(
        ({ answeredAt, abortedAt }) => answeredAt < 0 && abortedAt < 0,
      );
      const isFull = inUse.length > POOL;
      return isFull ? { answer: refusalAnswer(503, '/', {}) } : { thinkMs };
    });
  });
  afterEach(() => upstream.close());
  after(() => leaks.assertClean());

  /** What each caller got, who asks once and waits for at most 20 s. */
  async function answersWith(limit: Record<string, unknown>): Promise<Response[]> {
    const gateway = await startHoldfast(upstream.url, { limit });
    const call = async (): Promise<Response> => {
      const answer = await fetch(gateway.url, { signal: AbortSignal.timeout(20_000) });
      await answer.arrayBuffer();
      return answer;
    };
    try {
      return await Promise.all(Array.from({ length: CALLERS }, call));
    } finally {
      await gateway.close();
    }
  }

  const isWell = ({ status }: Response): boolean => status === 200;

  it('mostly fail while nothing here limits them, for all the retries', async () => {
    // So long that all are there at once on a slow machine as well.
    thinkMs = 500;
    const answers = await answersWith({ enabled: false });
    const well = answers.filter(isWell).length;
    assert.ok(well < CALLERS / 2, `${well} answered`);
  });

  it('are all answered here, ten at a time, when they may wait', async () => {
    const perSlot = CALLERS / POOL;
    const answers = await answersWith({ ...limited, queue: perSlot, patient: true });
    assert.equal(answers.filter(isWell).length, CALLERS);
    assert.equal(upstream.seen.requestCount, CALLERS);
    assert.ok(mostAtOnce(upstream.seen.requests) <= POOL);
  });

  it('are told politely when to come again where the line is short; nobody hangs', async () => {
    const answers = await answersWith({ ...limited, queue: 1 });
    const well = answers.filter(isWell).length;
    assert.ok(well >= 2 * POOL && well < CALLERS, `${well} answered`);
    for (const { status, headers } of answers.filter((answer) => !isWell(answer))) {
      assert.equal(status, 503);
      assert.match(headers.get('retry-after') ?? '', /^\d+$/);
      assert.equal(headers.get('x-should-retry'), 'false');
    }
    // Whoever was refused has not bothered the upstream.
    assert.equal(upstream.seen.requestCount, well);
    assert.ok(mostAtOnce(upstream.seen.requests) <= POOL);
  });
});
