// Incident: each release cut the streams that were running, without a word, and all their callers
// came back in the same second.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { MisbehavingUpstream } from '../../src/testing/index.ts';
import { askStream, isWholeStream, listenForDrain } from '../support/drain-upstream.ts';
import { startHoldfast } from '../support/holdfast.ts';
import { startNaiveProxy } from '../support/naive-proxy.ts';
import { RawCaller } from '../support/raw-caller.ts';

const CALLERS = 24;

describe('a deploy while streams run', () => {
  let upstream: MisbehavingUpstream;
  before(async () => {
    upstream = await listenForDrain();
  });
  after(() => upstream.close());

  const start = () => startHoldfast(upstream.url, { dialect: 'openai-chat' });
  const portOf = (url: string): number => Number(new URL(url).port);

  async function streams(port: number, events: number): Promise<RawCaller[]> {
    const callers = await Promise.all(Array.from({ length: CALLERS }, () => RawCaller.open(port)));
    for (const caller of callers) caller.say(askStream(events, 20));
    for (const caller of callers) await caller.until((text) => text.includes('data: '));
    return callers;
  }

  /** When each connection was closed, in ms from now on. */
  async function closings(callers: readonly RawCaller[]): Promise<number[]> {
    const from = performance.now();
    const at = callers.map(
      ({ socket }) =>
        new Promise<number>((resolve) =>
          socket.once('close', () => resolve(performance.now() - from)),
        ),
    );
    return (await Promise.all(at)).toSorted((a, b) => a - b);
  }

  /** Time between the first and the last tenth. */
  function spreadOf(sorted: readonly number[]): number {
    const tenth = Math.ceil(sorted.length / 10);
    return (sorted.at(-tenth) ?? 0) - (sorted[tenth - 1] ?? 0);
  }

  const wholeOf = (callers: readonly RawCaller[]): number =>
    callers.filter(({ text }) => isWholeStream(text)).length;

  it('cuts them all on a naive gateway, without a word', async () => {
    const naive = await startNaiveProxy({ upstreamPort: upstream.port });
    const callers = await streams(naive.port, 30);
    await naive.close();
    for (const caller of callers) await caller.untilClosed();
    assert.equal(wholeOf(callers), 0);
    assert.ok(callers.every(({ text }) => !text.includes('error')));
  });

  it('cuts them all when the drain is given no time', async () => {
    const gateway = await start();
    const callers = await streams(portOf(gateway.url), 30);
    const report = await gateway.close(0);
    assert.equal(wholeOf(callers), 0);
    assert.equal(report.cut, CALLERS);
  });

  it('lets them end whole with a drain, and takes nobody new', async () => {
    const gateway = await start();
    const callers = await streams(portOf(gateway.url), 30);
    const report = await gateway.close();
    for (const caller of callers) await caller.untilClosed();
    assert.equal(wholeOf(callers), CALLERS);
    assert.deepEqual([report.finished, report.cut], [CALLERS, 0]);
    await assert.rejects(RawCaller.open(portOf(gateway.url)), /ECONNREFUSED/);
  });

  it('tells those that outlive the drain why, and not all in one instant', async () => {
    const gateway = await start();
    const callers = await streams(portOf(gateway.url), 10_000);
    const closed = closings(callers);
    const report = await gateway.close(2_000);
    const times = await closed;
    for (const { text } of callers) {
      assert.match(text, /data: \{"error":\{[^\n]*shutting down/);
      assert.ok(!isWholeStream(text));
    }
    assert.equal(report.cut, CALLERS);
    assert.ok((times[0] ?? 0) >= 1_900, `the first after ${times[0]} ms`);
    assert.ok(spreadOf(times) > 150, `within ${spreadOf(times)} ms`);
  });

  it('closes resting connections one by one, and without a ramp all at once', async () => {
    const rest = async (port: number): Promise<RawCaller[]> => {
      const callers = await Promise.all(
        Array.from({ length: CALLERS }, () => RawCaller.open(port)),
      );
      for (const caller of callers) caller.say('GET /x HTTP/1.1\r\nHost: h\r\n\r\n');
      for (const caller of callers) await caller.until((text) => text.includes(' 200 '));
      return callers;
    };
    const drained = async (rampMs: number): Promise<number> => {
      const gateway = await start();
      const callers = await rest(portOf(gateway.url));
      // What closes of itself must not be taken for what a drain closes.
      await new Promise((resolve) => setTimeout(resolve, 300));
      const closed = closings(callers);
      await gateway.drain({ lagMs: 0, rampMs });
      const spreadMs = spreadOf(await closed);
      assert.ok(callers.every(({ reset }) => !reset));
      return spreadMs;
    };
    const [atOnce, spread] = [await drained(0), await drained(2_000)];
    // Far apart, since a busy machine spreads what was closed in one turn.
    assert.ok(atOnce < 400, `${atOnce} ms`);
    assert.ok(spread > 800, `${spread} ms`);
  });
});
