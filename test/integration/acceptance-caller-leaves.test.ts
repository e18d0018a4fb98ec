// A caller who leaves, in each state a call can be in: the upstream is told within 50 ms, nothing
// that the call held is left, the log names the phase, and nobody's failures are counted. The bound
// is judged only while the event loop that both sides of the race run on is in time itself.

import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import type { Leases } from '../../src/core/leases.ts';
import { anthropicEvents, typedEvent } from '../../src/dialects/samples.ts';
import { eventually } from '../../src/testing/eventually.fixture.ts';
import { LeakCheck, MisbehavingUpstream, refusing, stalling } from '../../src/testing/index.ts';
import type { Behaviour } from '../../src/testing/index.ts';
import { sseAnswer } from '../../src/testing/misbehaving-upstream/built-in-answers.ts';
import { AcceptanceGateway } from '../support/acceptance-gateway.ts';
import { RawCaller } from '../support/raw-caller.ts';
import { whenTimely } from '../support/timely.ts';

const NOTICED_MS = 50;
const MIB = 1024 * 1024;
const BODY = '{"model":"m","stream":true}';
const head = (bodyBytes: number): string =>
  `POST /v1/messages HTTP/1.1\r\nHost: h\r\nContent-Length: ${bodyBytes}\r\n\r\n`;
const ASK = head(BODY.length) + BODY;
const endless: Behaviour = {
  answer: sseAnswer(Array.from({ length: 10_000 }, () => ({ afterMs: 10, bytes: 'data: x\n\n' }))),
};
/** A model that says that it is there, and pings, but says nothing. */
const wordless: Behaviour = {
  answer: sseAnswer([
    { afterMs: 0, bytes: anthropicEvents[0] ?? '' },
    ...Array.from({ length: 1_000 }, () => ({ afterMs: 20, bytes: typedEvent({ type: 'ping' }) })),
  ]),
};

/** Accepts connections and never says a word, so that TLS handshakes hang. */
class MuteServer {
  readonly open = new Set<Socket>();
  readonly #server: Server = createServer((socket) => {
    this.open.add(socket);
    socket.resume();
    socket.on('error', () => {});
    socket.on('close', () => this.open.delete(socket));
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

/** What the gateway stands in front of, beside the endpoint. */
interface StageOptions {
  readonly upstream?: object;
  readonly route?: Readonly<Record<string, unknown>>;
}

/** One upstream, one gateway, and callers that leave. Ends by `close`. */
class Stage {
  readonly #test: TestContext;
  readonly #edge: string;
  readonly #lines: string[] = [];
  readonly #callers: RawCaller[] = [];
  readonly upstream: MisbehavingUpstream;
  #gateway: AcceptanceGateway | undefined = undefined;

  constructor(test: TestContext, edge: string, upstream: MisbehavingUpstream) {
    this.#test = test;
    this.#edge = edge;
    this.upstream = upstream;
  }

  get gateway(): AcceptanceGateway {
    assert.ok(this.#gateway !== undefined, 'not started');
    return this.#gateway;
  }

  async start(script: Behaviour | readonly Behaviour[], options: StageOptions = {}): Promise<void> {
    this.upstream.use(script);
    const endpoints = [this.upstream.url];
    const one = { dialect: 'sse', profile: 'llm-hosted', endpoints, ...options.upstream };
    this.#gateway = await AcceptanceGateway.start({
      upstreams: { one },
      route: options.route ?? {},
      edge: this.#edge,
      lines: this.#lines,
    });
  }

  async asking(text: string | Uint8Array = ASK): Promise<RawCaller> {
    const caller = await RawCaller.open(this.gateway.port);
    this.#callers.push(caller);
    caller.say(text);
    return caller;
  }

  readonly aborted = (): boolean => this.upstream.seen.abortedCount === 1;

  /** What calls hold. A connection at rest belongs to its endpoint, and is nobody's. */
  get held(): ReturnType<Leases['oldest']> {
    const { url } = this.upstream;
    return this.gateway.gateway.leases.oldest(Infinity).filter(({ owner }) => owner !== url);
  }

  readonly free = (): boolean => this.held.length === 0;

  /** Leaves and waits until that is `noticed`; shows and bounds how long it took. */
  async leave(caller: RawCaller, noticed: () => boolean, what: string): Promise<void> {
    const leftAt = performance.now();
    caller.destroy();
    await eventually(noticed, () => `${what}; held: ${JSON.stringify(this.held)}`, 1_000);
    const tookMs = performance.now() - leftAt;
    this.#test.diagnostic(`noticed after ${tookMs.toFixed(1)} ms`);
    assert.ok(tookMs < NOTICED_MS, `${tookMs} ms`);
  }

  /** The last call's line says that its caller left, and in which phase. */
  async assertGone(phase: string): Promise<void> {
    await eventually(() => this.#lines.length > 0, 'the log line');
    const { verdict, phase: named, closedBy } = JSON.parse(this.#lines.at(-1) ?? '{}');
    assert.deepEqual([verdict, named, closedBy], ['CALLER_GONE', phase, 'caller']);
  }

  assertUncounted(failures: number = 0): void {
    assert.equal(this.gateway.failures(this.upstream.url), failures);
    for (const { state } of this.gateway.circuits(this.upstream.url)) assert.equal(state, 'closed');
  }

  async close(): Promise<void> {
    for (const caller of this.#callers) caller.destroy();
    await this.#gateway?.close();
    await this.upstream.close();
  }
}

for (const edge of ['own', 'node-http']) {
  describe(`a caller who leaves (edge: ${edge})`, () => {
    const leaks = LeakCheck.begin();
    after(() => leaks.assertClean());

    function onStage(name: string, play: (stage: Stage) => Promise<void>): void {
      it(name, (test) =>
        whenTimely(async () => {
          const stage = new Stage(test, edge, await MisbehavingUpstream.listen());
          try {
            await play(stage);
          } finally {
            await stage.close();
          }
        }),
      );
    }

    onStage('while uploading ends the request upstream, in mid-body', async (stage) => {
      await stage.start({});
      const caller = await stage.asking(`${head(MIB)}{"model":`);
      const { seen } = stage.upstream;
      await eventually(() => (seen.requests[0]?.bodyBytes ?? 0) > 0, 'a part of the body');
      assert.ok(stage.gateway.held('buffer') > 0, 'what came is kept');
      await stage.leave(caller, () => stage.aborted() && stage.free(), 'the end of the request');
      await stage.assertGone('send');
      assert.equal(stage.upstream.seen.executedCount, 0);
      stage.assertUncounted();
    });

    onStage('while its upload waits for the upstream gives all of it back', async (stage) => {
      await stage.start({ reading: { how: 'never' } });
      const caller = await stage.asking(head(7 * MIB));
      caller.say(Buffer.alloc(6 * MIB, ' '));
      await stage.upstream.until(({ requestCount }) => requestCount === 1);
      // More than any socket takes has come in by then.
      await eventually(() => caller.socket.writableLength === 0, 'the upload to be taken');
      await stage.leave(caller, stage.free, 'the end of the call');
      await stage.assertGone('send');
      stage.assertUncounted();
    });

    onStage('while queued loses its place; the upstream never hears of it', async (stage) => {
      const limit = { algorithm: 'fixed', max: 1 };
      await stage.start([stalling('before-head'), {}], { upstream: { limit } });
      const { gateway, upstream } = stage;
      const served = await stage.asking();
      await upstream.until(({ requestCount }) => requestCount === 1);
      const queued = await stage.asking();
      await eventually(() => gateway.queued() === 1, 'a call in the queue');
      assert.equal(gateway.held('call'), 2);
      const alone = (): boolean => gateway.queued() === 0 && gateway.held('call') === 1;
      await stage.leave(queued, alone, 'an empty queue');
      await stage.assertGone('admit');
      assert.equal(gateway.held('slot'), 1);
      assert.equal(upstream.seen.requestCount, 1);
      assert.equal(upstream.seen.abortedCount, 0, 'the call that is served goes on');
      // The slot goes to the next who asks, not to the one who left.
      await stage.leave(served, () => stage.aborted() && stage.free(), 'the slot');
      const next = await stage.asking();
      await next.until((text) => text.includes(' 200 '), 'an answer');
      assert.equal(upstream.seen.requestCount, 2);
      stage.assertUncounted();
    });

    onStage('while connecting gives its slot back; two connects go on', async (stage) => {
      const mute = await new MuteServer().listen();
      const timeouts = { tls: '60s' };
      await stage.start({}, { upstream: { endpoints: [mute.url], profile: 'rest', timeouts } });
      const { gateway } = stage;
      const callers = [await stage.asking(), await stage.asking(), await stage.asking()];
      await eventually(
        () => mute.open.size === 3,
        () => `three connections; there are ${mute.open.size}`,
      );
      assert.equal(gateway.held('slot'), 3);
      const [first, second, third] = callers as [RawCaller, RawCaller, RawCaller];
      const hold = (slots: number, connects: number) => () =>
        gateway.held('slot') === slots && mute.open.size === connects;
      // Up to two connects are of use to whoever comes next.
      await stage.leave(first, hold(2, 3), 'a free slot');
      await stage.leave(second, hold(1, 3), 'another free slot');
      await stage.leave(third, hold(0, 2), 'the third connection closed');
      assert.equal(gateway.held('call'), 0);
      await stage.assertGone('connect');
      assert.equal(gateway.failures(mute.url), 0);
      await gateway.close();
      await eventually(() => mute.open.size === 0, 'the end of all connects');
      await mute.close();
    });

    onStage('while waiting for the first byte ends the request upstream', async (stage) => {
      await stage.start(stalling('before-head'));
      const caller = await stage.asking();
      await stage.upstream.until(({ executedCount }) => executedCount === 1);
      await stage.leave(caller, () => stage.aborted() && stage.free(), 'the end of the request');
      await stage.assertGone('wait');
      assert.equal(stage.upstream.seen.requestCount, 1);
      stage.assertUncounted();
    });

    onStage('while its answer is held back ends the stream upstream', async (stage) => {
      await stage.start(wordless, { upstream: { dialect: 'anthropic' } });
      const caller = await stage.asking();
      const { seen } = stage.upstream;
      await eventually(() => (seen.requests[0]?.sentBytes ?? 0) > 0, 'the head of the answer');
      // The head is here and would be passed on by itself, if no layer waited for content.
      await sleep(100);
      assert.equal(caller.text, '');
      await stage.leave(caller, () => stage.aborted() && stage.free(), 'the end of the stream');
      await stage.assertGone('stream');
      assert.equal(stage.upstream.seen.requestCount, 1);
      stage.assertUncounted();
    });

    onStage('in the pause before another attempt is gone; none follows', async (stage) => {
      const pauseMs = 300;
      await stage.start([refusing(503, { ms: pauseMs }), {}]);
      const caller = await stage.asking();
      const { gateway, upstream } = stage;
      await upstream.until(({ answeredCount }) => answeredCount === 1);
      const refusedAt = performance.now();
      const resting = (): boolean => stage.held.every(({ kind }) => kind !== 'connection');
      await eventually(resting, 'the end of the first attempt');
      assert.equal(gateway.held('slot'), 1, 'the call waits');
      assert.equal(gateway.failures(upstream.url), 1);
      await stage.leave(caller, stage.free, 'a free slot');
      await stage.assertGone('wait');
      await sleep(refusedAt + 1.5 * pauseMs - performance.now());
      assert.equal(upstream.seen.requestCount, 1);
      stage.assertUncounted(1);
    });

    onStage('in mid-stream ends the stream upstream', async (stage) => {
      await stage.start(endless);
      const caller = await stage.asking();
      await caller.until((text) => text.includes('data: x'));
      await stage.leave(caller, () => stage.aborted() && stage.free(), 'the end of the stream');
      await stage.assertGone('stream');
      stage.assertUncounted();
    });

    onStage('in mid-stream by the dozen trips no breaker', async (stage) => {
      await stage.start(endless);
      const { gateway, upstream } = stage;
      const callers = await Promise.all(Array.from({ length: 12 }, () => stage.asking()));
      for (const caller of callers) await caller.until((text) => text.includes('data: x'));
      const last = callers.pop() as RawCaller;
      for (const caller of callers) caller.socket.resetAndDestroy();
      const all = (): boolean => upstream.seen.abortedCount === 12 && stage.free();
      await stage.leave(last, all, 'the end of all streams');
      assert.equal(await gateway.metric('gw_breaker_trips_total'), 0);
      upstream.use({});
      const next = await stage.asking();
      await next.until((text) => text.includes(' 200 '), 'an answer');
    });

    describe('after an early head of ours', () => {
      const early = { heartbeat: { every: '100ms', commitAfter: '100ms' } };
      const hasHead = (text: string): boolean => text.includes(' 200 ') && text.includes('\n: ');

      onStage('ends the request upstream, which has said nothing', async (stage) => {
        await stage.start(stalling('before-head'), { route: early });
        const caller = await stage.asking();
        await caller.until(hasHead, 'an early head and a heartbeat');
        assert.equal(stage.upstream.seen.executedCount, 1);
        await stage.leave(caller, () => stage.aborted() && stage.free(), 'the end of the request');
        await stage.assertGone('wait');
        stage.assertUncounted();
      });

      onStage('loses its place in the queue', async (stage) => {
        const upstream = { limit: { algorithm: 'fixed', max: 1 } };
        await stage.start(stalling('before-head'), { upstream, route: early });
        const served = await stage.asking();
        await stage.upstream.until(({ requestCount }) => requestCount === 1);
        const queued = await stage.asking();
        await queued.until(hasHead, 'an early head and a heartbeat');
        const { gateway } = stage;
        assert.equal(gateway.queued(), 1);
        const alone = (): boolean => gateway.queued() === 0 && gateway.held('call') === 1;
        await stage.leave(queued, alone, 'an empty queue');
        await stage.assertGone('admit');
        await stage.leave(served, () => stage.aborted() && stage.free(), 'the slot');
        assert.equal(stage.upstream.seen.requestCount, 1);
      });
    });
  });
}
