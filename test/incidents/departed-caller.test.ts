// Incident: callers left, and the gateway went on reading, paying for and writing answers that
// nobody took (EPIPE in the log, the upstream generating for minutes).

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { sseDialect } from '../../src/dialects/sse.ts';
import { eventually } from '../../src/testing/eventually.fixture.ts';
import { MisbehavingUpstream } from '../../src/testing/index.ts';
import { startBareGateway } from '../support/bare-gateway.ts';
import { startHoldfast } from '../support/holdfast.ts';
import { startNaiveProxy } from '../support/naive-proxy.ts';
import { RawCaller } from '../support/raw-caller.ts';

const POST = 'POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}';
const endless = Array.from({ length: 10_000 }, () => ({ afterMs: 20, bytes: 'data: x\n\n' }));
const generating = {
  answer: {
    status: 200,
    headers: [['content-type', 'text/event-stream']] as const,
    steps: endless,
  },
};

describe('a caller who leaves in mid-stream', () => {
  let upstream: MisbehavingUpstream;
  beforeEach(async () => {
    upstream = await MisbehavingUpstream.listen(generating);
  });
  afterEach(() => upstream.close());

  async function leaveAfterFirstEvent(port: number, how: 'FIN' | 'RST'): Promise<number> {
    const caller = await RawCaller.open(port);
    caller.say(POST);
    await caller.until((text) => text.includes('data: x'));
    const leftAt = performance.now();
    if (how === 'FIN') caller.destroy();
    else caller.socket.resetAndDestroy();
    return leftAt;
  }

  it('keeps a naive gateway and its upstream working for nobody', async () => {
    const naive = await startNaiveProxy({ upstreamPort: upstream.port });
    await leaveAfterFirstEvent(naive.port, 'FIN');
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.equal(upstream.seen.requests[0]?.aborted, false);
    await naive.close();
  });

  it('does so here too where its leaving is not passed on', async () => {
    const { port: upstreamPort } = upstream;
    const deaf = await startBareGateway({
      upstreamPort,
      dialect: sseDialect,
      deafToLeaving: true,
    });
    await leaveAfterFirstEvent(deaf.port, 'FIN');
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.equal(upstream.seen.requests[0]?.aborted, false);
    await deaf.close();
  });

  for (const how of ['FIN', 'RST'] as const) {
    it(`is noticed by ${how} within 50 ms, and the upstream is told`, async () => {
      const lines: string[] = [];
      const gateway = await startHoldfast(upstream.url, { dialect: 'sse', lines });
      const leftAt = await leaveAfterFirstEvent(Number(new URL(gateway.url).port), how);
      await upstream.until((seen) => seen.requests[0]?.aborted === true);
      const noticedMs = (upstream.seen.requests[0]?.abortedAt ?? Infinity) - leftAt;
      assert.ok(noticedMs < 50, `${noticedMs} ms`);
      await eventually(() => lines.length === 1, 'the log line');
      const line = JSON.parse(lines[0] ?? '{}');
      assert.equal(line.verdict, 'CALLER_GONE');
      assert.equal(line.closedBy, 'caller');
      await gateway.close();
    });
  }

  it('is noticed while the upstream has not said anything yet', async () => {
    upstream.use({ faults: [{ do: 'stall', at: 'before-head' }] });
    const gateway = await startHoldfast(upstream.url, { dialect: 'sse' });
    const caller = await RawCaller.open(Number(new URL(gateway.url).port));
    caller.say(POST);
    await upstream.until((seen) => seen.requests[0]?.executed === true);
    const leftAt = performance.now();
    caller.destroy();
    await upstream.until((seen) => seen.requests[0]?.aborted === true);
    assert.ok((upstream.seen.requests[0]?.abortedAt ?? Infinity) - leftAt < 50);
    await gateway.close();
  });
});
