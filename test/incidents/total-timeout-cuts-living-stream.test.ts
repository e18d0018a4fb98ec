// Incident: a total timeout cut answers that were still producing, at exactly 60, 300 or 600 s.
// Here time is scaled: the total is 400 ms and the answer produces for about 1.5 s. No option makes
// a total cut what is producing, so the bad case is a naive gateway.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { MisbehavingUpstream } from '../../src/testing/index.ts';
import { startHoldfast } from '../support/holdfast.ts';
import { startNaiveProxy } from '../support/naive-proxy.ts';

const EVENTS = 50;
const events = Array.from({ length: EVENTS }, (_none, n) => ({
  afterMs: 30,
  bytes: `data: {"n":${n}}\n\n`,
}));
const livingStream = {
  answer: { status: 200, headers: [['content-type', 'text/event-stream']] as const, steps: events },
};

async function countEvents(url: string): Promise<number> {
  let text = '';
  try {
    const answer = await fetch(`${url}/stream`, { method: 'POST', body: '{}' });
    const decoder = new TextDecoder();
    for await (const part of answer.body ?? []) text += decoder.decode(part, { stream: true });
  } catch {
    // A cut shows in the count.
  }
  return text.split('\n\n').length - 1;
}

describe('a stream that is producing', () => {
  let upstream: MisbehavingUpstream;
  before(async () => {
    upstream = await MisbehavingUpstream.listen(livingStream);
  });
  after(() => upstream.close());

  it('is cut by the total timeout of a naive gateway', async () => {
    const naive = await startNaiveProxy({ upstreamPort: upstream.port, totalMs: 400 });
    const seen = await countEvents(naive.url);
    await naive.close();
    assert.ok(seen < EVENTS, `${seen} events`);
  });

  it('outlives the total here, because phases have limits and living streams do not', async () => {
    const limits = { connect: '300ms', tls: '300ms', firstByte: '300ms' };
    const timeouts = { ...limits, total: '400ms', byteIdle: '300ms', progressIdle: '300ms' };
    const gateway = await startHoldfast(upstream.url, { dialect: 'sse', timeouts });
    const seen = await countEvents(gateway.url);
    await gateway.close();
    assert.equal(seen, EVENTS);
  });

  it('is still cut when it stops producing', async () => {
    upstream.use({ ...livingStream, faults: [{ do: 'stall', at: 'event:5' }] });
    const lines: string[] = [];
    const timeouts = { byteIdle: '300ms', byteIdleAfterPing: '300ms', progressIdle: '400ms' };
    const gateway = await startHoldfast(upstream.url, { dialect: 'sse', timeouts, lines });
    const seen = await countEvents(gateway.url);
    await gateway.close();
    assert.equal(seen, 5);
    assert.equal(JSON.parse(lines[0] ?? '{}').verdict, 'STREAM_IDLE');
  });
});
