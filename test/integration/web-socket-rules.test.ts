// The rules of WebSocket sessions, from the configuration to both ends of a session, and what is
// said where they are broken.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { WebSocket } from 'ws';
import { startGateway } from '../../src/gateway/gateway.ts';
import type { Gateway } from '../../src/gateway/gateway.ts';
import { eventually } from '../../src/testing/eventually.fixture.ts';
import { Peer, TestUpstream } from '../support/web-socket-rig.ts';

type Line = Readonly<Record<string, unknown>>;

const KIB = 1024;
/** A port where nobody listens. */
const NOBODY = 'http://127.0.0.1:9';

describe('the rules of WebSocket sessions', () => {
  let upstream: TestUpstream;
  let gateway: Gateway;
  let lines: Line[];

  beforeEach(async () => {
    upstream = await TestUpstream.listen({ echoes: true, maxPayload: 64 * KIB * KIB });
    lines = [];
  });
  afterEach(async () => {
    gateway.destroy();
    await upstream.close();
  });

  /** Two upstreams on one route, and an ordinary one on another. */
  function configOf(rules: object, before: object = {}): Readonly<Record<string, unknown>> {
    const at = `http://127.0.0.1:${upstream.port}`;
    const kind = { profile: 'websocket', breaker: false };
    return {
      listen: '127.0.0.1:0',
      admin: 'off',
      guard: false,
      log: { level: 'silent' },
      upstreams: {
        down: { ...kind, endpoints: [NOBODY], ...before },
        chat: { ...kind, endpoints: [at], webSocket: rules },
        rest: { endpoints: [at] },
      },
      routes: [
        { name: 'live', match: { path: '/live' }, upstreams: ['down', 'chat'] },
        { name: 'orders', match: { path: '/orders/**' }, upstreams: ['rest'] },
        { name: 'posts', match: { path: '/posts', method: 'POST' }, upstreams: ['rest'] },
      ],
    };
  }

  async function start(rules: object, before: object = {}): Promise<void> {
    gateway = await startGateway({
      env: {},
      config: configOf(rules, before),
      accessLog: {
        write: (text: string) => {
          for (const line of text.trimEnd().split('\n')) lines.push(JSON.parse(line) as Line);
        },
      },
    });
  }

  async function open(options: { autoPong?: boolean } = {}): Promise<Peer> {
    const peer = new Peer(new WebSocket(`${gateway.url.replace('http', 'ws')}/live`, options));
    await once(peer.ws, 'open');
    return peer;
  }

  async function lastLine(): Promise<Line> {
    await eventually(() => lines.length > 0, 'a line in the log');
    return lines.at(-1) ?? {};
  }

  it('end a session for a message above maxMessage, and say which option it was', async () => {
    // Those of the upstream that takes the session, not of the one in front of it.
    await start({ maxMessage: '4KiB' }, { webSocket: { maxMessage: '2KiB' } });
    const caller = await open();
    caller.ws.send(Buffer.alloc(4 * KIB));
    await caller.untilMessages(1);
    caller.ws.send(Buffer.alloc(4 * KIB + 1));
    assert.equal((await caller.untilClosed())[0], 1009);
    assert.deepEqual(await (await upstream.peer()).untilClosed(), [1001, 'MESSAGE_TOO_LARGE']);
    const { verdict, origin, why, advice } = await lastLine();
    assert.deepEqual([verdict, origin], ['MESSAGE_TOO_LARGE', 'caller']);
    assert.match(String(why), /longer than the limit\. The limit is 4096 bytes\./);
    assert.match(String(advice), /raise webSocket\.maxMessage of the upstream/);
  });

  it('tell a caller of a message of its upstream that was too long', async () => {
    await start({ maxMessage: '4KiB' });
    const caller = await open();
    (await upstream.peer()).ws.send(Buffer.alloc(5 * KIB));
    assert.deepEqual(await caller.untilClosed(), [1009, 'UPSTREAM_MESSAGE_TOO_LARGE']);
    const { verdict, origin, advice } = await lastLine();
    assert.deepEqual([verdict, origin], ['UPSTREAM_MESSAGE_TOO_LARGE', 'upstream']);
    assert.match(String(advice), /webSocket\.maxMessage/);
  });

  it('let a message of more than the usual 16 MiB pass where that was raised', async () => {
    await start({ maxMessage: '32MiB' });
    const caller = await open();
    caller.ws.send(Buffer.alloc(17 * KIB * KIB));
    await caller.untilMessages(1);
    assert.equal(caller.messages[0]?.data.length, 17 * KIB * KIB);
  });

  it('find a peer that answers no ping within ping and pong', async () => {
    await start({ ping: '200ms', pong: '150ms' });
    const dead = await open({ autoPong: false });
    assert.equal((await dead.untilClosed(3_000))[0], 1006);
    const { verdict, why } = await lastLine();
    assert.equal(verdict, 'CALLER_GONE');
    assert.match(String(why), /It answered no ping/);
  });

  it('ask nobody where ping is none', async () => {
    await start({ ping: 'none' });
    const caller = await open({ autoPong: false });
    let pings = 0;
    caller.ws.on('ping', () => (pings += 1));
    await new Promise((resolve) => setTimeout(resolve, 500));
    assert.deepEqual([pings, caller.closed], [0, undefined]);
  });

  it('hold for the sessions that begin after a reload', async () => {
    await start({ maxMessage: '2KiB' });
    const before = await open();
    assert.deepEqual(gateway.reload(configOf({ maxMessage: '8KiB' })), []);
    const after = await open();
    after.ws.send(Buffer.alloc(5 * KIB));
    await after.untilMessages(1);
    before.ws.send(Buffer.alloc(5 * KIB));
    assert.equal((await before.untilClosed())[0], 1009);
    assert.equal(after.closed, undefined);
  });

  for (const [path, words] of [
    ['/orders/7', 'the upstreams of route "orders" do not have `profile: websocket`; set it there'],
    ['/nowhere', 'no route takes it; add one to an upstream with `profile: websocket`'],
    ['/posts', 'no route takes it; add one to an upstream with `profile: websocket`'],
  ] as const) {
    it(`say in a 426 what to set for ${path}`, async () => {
      await start({});
      const asking = new WebSocket(`${gateway.url.replace('http', 'ws')}${path}`);
      asking.on('error', () => {});
      const [, answer] = await once(asking, 'unexpected-response');
      assert.equal(answer.statusCode, 426);
      const body = String(await answer.toArray());
      const { error } = JSON.parse(body) as { error: { message: string } };
      assert.ok(error.message.includes(words), error.message);
      asking.terminate();
    });
  }
});
