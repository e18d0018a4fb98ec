// A caller who leaves, in each state a call can be in: the upstream is told within milliseconds,
// the slot is free for the next, and nobody's failures are counted. The bound of 50 ms is stretched
// for busy test machines; what was measured is shown.

import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, afterEach, beforeEach, describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { eventually } from '../../src/testing/eventually.fixture.ts';
import { LeakCheck, MisbehavingUpstream, refusing, stalling } from '../../src/testing/index.ts';
import { AcceptanceGateway } from '../support/acceptance-gateway.ts';
import { RawCaller } from '../support/raw-caller.ts';

const NOTICED_MS = 250;
const ASK = 'POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}';
const endless = {
  answer: {
    status: 200,
    headers: [['content-type', 'text/event-stream']] as const,
    steps: Array.from({ length: 10_000 }, () => ({ afterMs: 10, bytes: 'data: x\n\n' })),
  },
};

/** Accepts connections and never says a word, so that TLS handshakes hang. */
class MuteServer {
  readonly open = new Set<Socket>();
  lastClosedAt: number = 0;
  readonly #server: Server = createServer((socket) => {
    this.open.add(socket);
    socket.resume();
    socket.on('error', () => {});
    socket.on('close', () => {
      this.open.delete(socket);
      this.lastClosedAt = performance.now();
    });
  });

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => {
      this.#server.listen(0, '127.0.0.1', resolve);
    });
    return this;
  }

  get url(): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    for (const socket of this.open) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

for (const edge of ['own', 'node-http']) {
  describe(`a caller who leaves (edge: ${edge})`, () => {
    const leaks = LeakCheck.begin();
    let upstream: MisbehavingUpstream;
    let gateway: AcceptanceGateway;
    const lines: string[] = [];
    beforeEach(async () => {
      lines.length = 0;
      upstream = await MisbehavingUpstream.listen();
    });
    afterEach(async () => {
      await gateway.close();
      await upstream.close();
    });
    after(() => leaks.assertClean());

    async function start(more: object = {}): Promise<void> {
      const endpoints = [upstream.url];
      const one = { dialect: 'sse', profile: 'llm-hosted', endpoints, ...more };
      gateway = await AcceptanceGateway.start({ upstreams: { one }, edge, lines });
    }

    async function asking(): Promise<RawCaller> {
      const caller = await RawCaller.open(gateway.port);
      caller.say(ASK);
      return caller;
    }

    /** Leaves, waits until `noticed` and for the slot; shows and bounds how long that took. */
    async function leave(
      test: TestContext,
      caller: RawCaller,
      noticed: () => boolean,
      what: string,
    ): Promise<void> {
      const leftAt = performance.now();
      caller.destroy();
      await eventually(noticed, what);
      const tookMs = performance.now() - leftAt;
      test.diagnostic(`noticed after ${tookMs.toFixed(1)} ms`);
      assert.ok(tookMs < NOTICED_MS, `${tookMs} ms`);
    }

    /** The verdict on the last call. */
    async function verdict(): Promise<string> {
      await eventually(() => lines.length > 0, 'the log line');
      return JSON.parse(lines.at(-1) ?? '{}').verdict;
    }

    const aborted = (): boolean => upstream.seen.abortedCount === 1;
    const free = (): boolean => gateway.held('call') + gateway.held('slot') === 0;

    it('while queued loses its place, and the upstream never hears of it', async (test) => {
      upstream.use([stalling('before-head'), {}]);
      await start({ limit: { algorithm: 'fixed', max: 1 } });
      const served = await asking();
      await upstream.until(({ requestCount }) => requestCount === 1);
      const queued = await asking();
      await eventually(() => gateway.queued() === 1, 'a call in the queue');
      assert.equal(gateway.held('call'), 2);
      const alone = (): boolean => gateway.queued() === 0 && gateway.held('call') === 1;
      await leave(test, queued, alone, 'an empty queue');
      assert.equal(await verdict(), 'CALLER_GONE');
      assert.equal(gateway.held('slot'), 1);
      assert.equal(upstream.seen.requestCount, 1);
      assert.equal(upstream.seen.abortedCount, 0, 'the call that is served goes on');
      // The slot goes to the next who asks, not to the one who left.
      await leave(test, served, () => aborted() && free(), 'the slot');
      const next = await asking();
      await next.until((text) => text.includes(' 200 '), 'an answer');
      assert.equal(upstream.seen.requestCount, 2);
      assert.equal(gateway.failures(upstream.url), 0);
      next.destroy();
    });

    it('while connecting gives its slot back; two connects go on for the next', async (test) => {
      const mute = await new MuteServer().listen();
      await start({ endpoints: [mute.url], profile: 'rest', timeouts: { tls: '60s' } });
      const callers = [await asking(), await asking(), await asking()];
      await eventually(
        () => mute.open.size === 3,
        () => `three connections; there are ${mute.open.size}`,
      );
      assert.equal(gateway.held('slot'), 3);
      const [first, second, third] = callers as [RawCaller, RawCaller, RawCaller];
      const hold = (slots: number, connects: number) => () =>
        gateway.held('slot') === slots && mute.open.size === connects;
      await leave(test, first, hold(2, 3), 'a free slot');
      await leave(test, second, hold(1, 3), 'another free slot');
      await leave(test, third, hold(0, 2), 'the third connection closed');
      assert.ok(free());
      assert.equal(await verdict(), 'CALLER_GONE');
      assert.equal(gateway.failures(mute.url), 0);
      await gateway.close();
      await eventually(() => mute.open.size === 0, 'the end of all connects');
      await mute.close();
    });

    it('while waiting for the first byte ends the request upstream', async (test) => {
      upstream.use(stalling('before-head'));
      await start();
      const caller = await asking();
      await upstream.until(({ executedCount }) => executedCount === 1);
      await leave(test, caller, () => aborted() && free(), 'the end of the request');
      assert.equal(await verdict(), 'CALLER_GONE');
      assert.equal(upstream.seen.requestCount, 1);
      assert.equal(gateway.failures(upstream.url), 0);
    });

    it('in the pause before another attempt gives its slot back; none follows', async (test) => {
      const pauseMs = 400;
      upstream.use([refusing(503, { ms: pauseMs }), {}]);
      await start();
      const caller = await asking();
      await upstream.until(({ answeredCount }) => answeredCount === 1);
      const refusedAt = performance.now();
      await sleep(20);
      assert.equal(gateway.held('slot'), 1, 'the call waits');
      assert.equal(gateway.failures(upstream.url), 1);
      await leave(test, caller, free, 'a free slot');
      assert.equal(await verdict(), 'CALLER_GONE');
      await sleep(refusedAt + 1.5 * pauseMs - performance.now());
      assert.equal(upstream.seen.requestCount, 1);
      assert.equal(gateway.failures(upstream.url), 1, 'only the refusal itself counts');
    });

    it('in mid-stream ends the stream upstream', async (test) => {
      upstream.use(endless);
      await start();
      const caller = await asking();
      await caller.until((text) => text.includes('data: x'));
      await leave(test, caller, () => aborted() && free(), 'the end of the stream');
      assert.equal(await verdict(), 'CALLER_GONE');
      assert.equal(gateway.failures(upstream.url), 0);
      const [circuit] = gateway.circuits(upstream.url);
      assert.equal(circuit?.state, 'closed');
    });

    it('in mid-stream by the dozen trips no breaker; the endpoint goes on', async (test) => {
      upstream.use(endless);
      await start();
      const callers = await Promise.all(Array.from({ length: 24 }, asking));
      for (const caller of callers) await caller.until((text) => text.includes('data: x'));
      const last = callers.pop() as RawCaller;
      for (const caller of callers) caller.socket.resetAndDestroy();
      const all = (): boolean => upstream.seen.abortedCount === 24 && free();
      await leave(test, last, all, 'the end of all streams');
      assert.equal(await gateway.metric('gw_breaker_trips_total'), 0);
      upstream.use({});
      const next = await asking();
      await next.until((text) => text.includes(' 200 '), 'an answer');
      next.destroy();
    });
  });
}
