// Streams that are silent for long, behind a proxy that closes connections without traffic: with
// heartbeats they live, without them they die. Times are scaled down ten times; the real ones (a
// proxy of 5 s, 60 s of silence) are set by HOLDFAST_REAL_SILENCE=1.

import assert from 'node:assert/strict';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, describe, it } from 'node:test';
import { checked } from '../../src/core/checked.ts';
import { stack } from '../../src/core/layer.ts';
import { Sweep } from '../../src/core/sweep.ts';
import { anthropicDialect } from '../../src/dialects/anthropic.ts';
import { anthropicEvents } from '../../src/dialects/samples.ts';
import { heartbeatLayer } from '../../src/layers/heartbeat/heartbeat.ts';
import { defaultHeartbeatOptions } from '../../src/layers/heartbeat/options.ts';
import type { HeartbeatOptions } from '../../src/layers/heartbeat/options.ts';
import type { PhaseLimits } from '../../src/core/route.ts';
import { meaningLayer } from '../../src/layers/meaning/meaning.ts';
import { timeoutsLayer } from '../../src/layers/timeouts/timeouts.ts';
import { eventually } from '../../src/testing/eventually.fixture.ts';
import {
  LeakCheck,
  MisbehavingUpstream,
  RecordingSink,
  ScriptedService,
  VirtualClock,
  testCall,
  testLimits,
} from '../../src/testing/index.ts';
import type { Behaviour } from '../../src/testing/misbehaving-upstream/behaviour.ts';
import { also, cut, pausing, stalling } from '../../src/testing/misbehaving-upstream/behaviours.ts';
import { sseAnswer } from '../../src/testing/misbehaving-upstream/built-in-answers.ts';
import { startLiveStack } from '../conformance/heartbeat/live-stack.ts';
import type { LiveStack } from '../conformance/heartbeat/live-stack.ts';
import type { EdgeKind } from '../support/edge-rig.ts';
import { RawCaller } from '../support/raw-caller.ts';

const SCALE = process.env['HOLDFAST_REAL_SILENCE'] === '1' ? 1 : 0.1;
const PROXY_IDLE_MS = 5_000 * SCALE;
const SILENCE_MS = 60_000 * SCALE;
/** Even with two sweeps more it is well below the proxy's patience. */
const EVERY_MS = 1_500 * SCALE;
const COMMIT_MS = 2_000 * SCALE;

/** Relays TCP and resets connections over which nothing went towards the caller for a while. */
class IdleKiller {
  killed: number = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(targetPort: number, idleMs: number) {
    this.#server = createServer((near) => this.#relay(near, targetPort, idleMs));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => {
      this.#server.listen(0, '127.0.0.1', resolve);
    });
    return this;
  }

  #relay(near: Socket, targetPort: number, idleMs: number): void {
    const far = connect({ port: targetPort, host: '127.0.0.1' });
    // Bytes the caller writes count too, as with real proxies; a waiting caller writes none.
    near.setTimeout(idleMs, () => {
      this.killed += 1;
      near.resetAndDestroy();
      far.destroy();
    });
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(one);
      one.pipe(other);
      one.on('error', () => {});
      one.on('close', () => {
        this.#sockets.delete(one);
        other.destroy();
      });
    }
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

const events = anthropicEvents.map((bytes) => ({ afterMs: 1, bytes }));
const whole: Behaviour = { answer: sseAnswer(events) };
const silences: readonly (readonly [string, Behaviour])[] = [
  ['between two events', also(whole, pausing('event:4', SILENCE_MS))],
  ['before its first event', also(whole, pausing('after-head', SILENCE_MS))],
  ['before its head', { ...whole, thinkMs: SILENCE_MS }],
];

/** What a caller has of the events of a stream, or how its connection ended. */
async function told(port: number): Promise<{ types: string[]; how: 'whole' | 'broken' }> {
  const types: string[] = [];
  const decoder = new TextDecoder();
  let text = '';
  let how: 'whole' | 'broken' = 'whole';
  try {
    const answer = await fetch(`http://127.0.0.1:${port}/v1/messages`, {
      method: 'POST',
      body: '{"model":"m","stream":true}',
    });
    for await (const part of answer.body ?? []) text += decoder.decode(part, { stream: true });
  } catch {
    how = 'broken';
  }
  for (const [, type = ''] of text.matchAll(/^event: (.*)$/gm)) types.push(type);
  return { types: types.filter((type) => type !== 'ping'), how };
}

const expectedTypes = events
  .map(({ bytes }) => /^event: (.*)$/m.exec(bytes)?.[1] ?? '')
  .filter((type) => type !== 'ping');

interface Passage {
  readonly outcome: Awaited<ReturnType<typeof told>>;
  readonly killed: number;
  readonly sent: number;
}

/** Sends one call through proxy and gateway to an upstream that behaves like this. */
async function through(
  edge: EdgeKind,
  behaviour: Behaviour,
  heartbeat: Partial<HeartbeatOptions>,
): Promise<Passage> {
  const upstream = await MisbehavingUpstream.listen(behaviour);
  const { port: upstreamPort } = upstream;
  const live = await startLiveStack({ upstreamPort, dialect: anthropicDialect, edge, heartbeat });
  const proxy = await new IdleKiller(live.port, PROXY_IDLE_MS).listen();
  try {
    const outcome = await told(proxy.port);
    return { outcome, killed: proxy.killed, sent: live.counts.sent };
  } finally {
    await proxy.close();
    await live.close();
    await upstream.close();
  }
}

for (const edge of ['own', 'node-http'] as const) {
  const title = `a silent stream behind a proxy that kills idle connections (edge: ${edge})`;
  describe(title, { concurrency: 2 * silences.length }, () => {
    const leaks = LeakCheck.begin();
    after(() => leaks.assertClean());

    for (const [where, behaviour] of silences) {
      it(`lives through ${SILENCE_MS / 1000} s ${where}, with heartbeats`, async () => {
        const beating = { everyMs: EVERY_MS, commitAfterMs: COMMIT_MS };
        const { outcome, killed, sent } = await through(edge, behaviour, beating);
        assert.equal(killed, 0);
        assert.equal(outcome.how, 'whole');
        assert.deepEqual(outcome.types, expectedTypes);
        assert.ok(sent >= SILENCE_MS / PROXY_IDLE_MS, `${sent} heartbeats`);
      });

      it(`is killed ${where} without them`, async () => {
        const { outcome, killed, sent } = await through(edge, behaviour, { everyMs: Infinity });
        assert.equal(killed, 1);
        assert.equal(outcome.how, 'broken');
        assert.equal(sent, 0);
      });
    }
  });
}

describe('heartbeats on real sockets', () => {
  const ask = 'POST /v1/messages HTTP/1.1\r\nHost: h\r\nContent-Length: 15\r\n\r\n{"stream":true}';

  /** Asks an upstream that behaves like this, with a heartbeat every tenth of a second. */
  async function asking(
    behaviour: Behaviour,
    limits: Partial<PhaseLimits>,
    run: (caller: RawCaller, live: LiveStack) => Promise<void>,
  ): Promise<void> {
    const upstream = await MisbehavingUpstream.listen(behaviour);
    const live = await startLiveStack({
      upstreamPort: upstream.port,
      dialect: anthropicDialect,
      limits,
      heartbeat: { everyMs: 100, commitAfterMs: 200 },
    });
    const caller = await RawCaller.open(live.port);
    try {
      await run(caller, live);
    } finally {
      caller.destroy();
      await live.close();
      await upstream.close();
    }
  }

  it('stop with an upstream that stalls beyond its limit, and nothing ends cleanly', async () => {
    const limits = { byteIdleMs: 1_000, byteIdleAfterPingMs: 1_000 };
    await asking(also(whole, stalling('event:4')), limits, async (caller, live) => {
      caller.say(ask);
      await caller.untilClosed();
      assert.ok(live.counts.sent > 2);
      assert.match(caller.text, /event: ping/);
      assert.equal(caller.text.includes('\r\n0\r\n\r\n'), false);
    });
  });

  it('never go into a full socket', async () => {
    const filling = `event: content_block_delta\ndata: {"x":"${'x'.repeat(60_000)}"}\n\n`;
    const steps = Array.from({ length: 400 }, () => ({ afterMs: 0, bytes: filling }));
    const behaviour = also({ answer: sseAnswer(steps) }, stalling('before-end'));
    await asking(behaviour, {}, async (caller, live) => {
      caller.socket.pause();
      caller.say(ask);
      await sleep(700);
      const sentBefore = live.counts.sent;
      await sleep(1_000);
      assert.equal(live.counts.sent, sentBefore);
      caller.socket.resume();
      await eventually(
        () => live.counts.sent > sentBefore + 2,
        'heartbeats to a caller who reads again',
      );
    });
  });

  it('are no reason to take a connection that breaks after them for an end', async () => {
    const behaviour = also(pausing('before-head', 800), cut('rst', 'before-head'));
    await asking(behaviour, {}, async (caller) => {
      caller.say(ask);
      await caller.untilClosed();
      assert.match(caller.text, /^HTTP\/1\.1 200 OK\r\n/);
      assert.match(caller.text, /cache-control: no-cache, no-transform\r\n/i);
      assert.match(caller.text, /x-accel-buffering: no\r\n/i);
      assert.match(caller.text, /: hb\n/);
      assert.match(caller.text, /event: error\ndata: .*"api_error"/);
      assert.equal(caller.text.includes('\r\n0\r\n\r\n'), false);
    });
  });
});

describe('a stream of ten minutes with four minutes of silence', () => {
  const MINUTE = 60_000;
  /** Those of hosted models. */
  const limits = {
    ...testLimits,
    firstByteMs: 2 * MINUTE,
    byteIdleMs: 10 * MINUTE,
    byteIdleAfterPingMs: 10 * MINUTE,
    progressIdleMs: 15 * MINUTE,
    totalMs: 30 * MINUTE,
  };

  it('passes with a sign of life every 15 s and the same events', () => {
    const clock = new VirtualClock();
    const sweep = new Sweep(clock);
    const waits = anthropicEvents.map((_event, at) => (at === 7 ? 4 : 6 / 14) * MINUTE);
    const upstream = new ScriptedService(clock, {
      headers: { 'content-type': 'text/event-stream' },
      chunks: anthropicEvents.map((bytes, at) => ({ afterMs: waits[at] ?? 0, bytes })),
    });
    const heartbeat = heartbeatLayer(
      { clock, sweep, wantsStream: () => true },
      defaultHeartbeatOptions,
    );
    const layers = [heartbeat, timeoutsLayer({ sweep }), meaningLayer({ clock, sweep })];
    const sink = new RecordingSink({ now: () => clock.now() });
    const service = stack(layers, upstream.service, { between: checked });
    service(testCall({ route: { dialect: anthropicDialect, limits } }), sink);
    clock.advance(11 * MINUTE);
    assert.equal(sink.ended, true);
    const at = sink.events.map((event) => event.at);
    assert.ok((at.at(-1) ?? 0) - (at[0] ?? 0) > 9.9 * MINUTE);
    const longest = Math.max(...at.slice(1).map((time, place) => time - (at[place] ?? 0)));
    assert.ok(longest <= 15_200, `${longest} ms of silence`);
    const types = [...sink.text.matchAll(/^event: (.*)$/gm)].map(([, type]) => type);
    assert.deepEqual(
      types.filter((type) => type !== 'ping'),
      expectedTypes,
    );
  });
});
