import { deepEqual, equal, ok } from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';
import { Socket, connect, createServer } from 'node:net';
import { afterEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { DelayRelay } from './delay-relay.ts';
import { connectFromAfar } from './distant-socket.ts';
import type { IdleClose } from './misbehaving-upstream/behaviour.ts';
import { MisbehavingUpstream } from './misbehaving-upstream/misbehaving-upstream.ts';
import { skipUnlessPacketsDrop } from './packet-filter.fixture.ts';
import { RawClient } from './raw-client.ts';

const ONE_WAY_MS = 20;
const open: { close: () => unknown }[] = [];

afterEach(async () => {
  for (const thing of open.splice(0).toReversed()) await thing.close();
});

async function setUp(onSocket: (socket: Socket) => void, oneWayMs = ONE_WAY_MS) {
  const far: Socket[] = [];
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    far.push(socket);
    socket.on('error', () => {});
    onSocket(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  open.push({
    close: () => {
      for (const socket of far) socket.destroy();
      server.close();
    },
  });
  const relay = await DelayRelay.listen((server.address() as AddressInfo).port, { oneWayMs });
  open.push(relay);
  const socket = connect({ port: relay.port, host: '127.0.0.1', allowHalfOpen: true });
  open.push({ close: () => socket.destroy() });
  await once(socket, 'connect');
  return { relay, socket, far };
}

const echo = (socket: Socket): void => void socket.on('data', (bytes) => socket.write(bytes));

describe('delay relay', () => {
  it('takes a round trip of twice the one-way delay', async () => {
    const { socket } = await setUp(echo);
    // The first trip also carries the relay's own connect.
    socket.write('warm');
    await once(socket, 'data');
    const from = performance.now();
    socket.write('ping');
    await once(socket, 'data');
    const tookMs = performance.now() - from;
    ok(tookMs >= 2 * ONE_WAY_MS - 1, `${tookMs} ms`);
    ok(tookMs < 2 * ONE_WAY_MS + 60, `${tookMs} ms`);
  });

  it('keeps order and content over many writes', async () => {
    const { socket } = await setUp(echo, 3);
    const sent: Buffer[] = [];
    let bytes = 0;
    for (let at = 0; at < 300; at += 1) {
      const part = Buffer.alloc(1 + ((at * 7919) % 9_000), at % 251);
      sent.push(part);
      bytes += part.length;
      socket.write(part);
      if (at % 50 === 0) await sleep(1);
    }
    const got: Buffer[] = [];
    let received = 0;
    for await (const part of socket) {
      got.push(part as Buffer);
      received += (part as Buffer).length;
      if (received >= bytes) break;
    }
    equal(Buffer.concat(got).equals(Buffer.concat(sent)), true);
  });

  it('delays FIN behind the data before it, and leaves the other direction open', async () => {
    const seen: string[] = [];
    const { socket } = await setUp((far) => {
      far.on('data', () => seen.push('data'));
      far.on('end', () => {
        seen.push('fin');
        far.end('late answer');
      });
    });
    const from = performance.now();
    socket.end('question');
    const [answer] = (await once(socket, 'data')) as [Buffer];
    equal(answer.toString(), 'late answer');
    deepEqual(seen, ['data', 'fin']);
    ok(performance.now() - from >= 2 * ONE_WAY_MS - 1);
    await once(socket, 'end');
  });

  it('carries a reset to the other side after the delay', async () => {
    const { socket } = await setUp((far) => {
      far.on('data', () => far.resetAndDestroy());
    });
    const from = performance.now();
    socket.write('provoke');
    const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
    equal(error.code, 'ECONNRESET');
    ok(performance.now() - from >= 2 * ONE_WAY_MS - 1);
  });

  it('turns a refused connect behind it into a reset', async () => {
    const relay = await DelayRelay.listen(1, { oneWayMs: 1 });
    open.push(relay);
    const socket = connect({ port: relay.port, host: '127.0.0.1' });
    open.push({ close: () => socket.destroy() });
    const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
    equal(error.code, 'ECONNRESET');
  });

  it('swallows everything as a black hole and, healed, goes on where it stopped', async () => {
    const { relay, socket } = await setUp(echo, 5);
    socket.write('a');
    await once(socket, 'data');
    relay.blackhole(true);
    let heard = '';
    socket.on('data', (bytes: Buffer) => (heard += bytes.toString()));
    socket.write('b');
    await sleep(60);
    equal(heard, '');
    relay.blackhole(false);
    while (heard === '') await sleep(5);
    equal(heard, 'b');
  });

  it('forgets connections that are over', async () => {
    const { relay, socket } = await setUp((far) => far.on('end', () => far.end()), 2);
    socket.resume();
    socket.end();
    for (let tries = 0; relay.open > 0; tries += 1) {
      ok(tries < 200, 'the relay still holds the connection');
      await sleep(5);
    }
  });
});

describe('delay relay before an upstream that closes idle connections', () => {
  it('lets a request cross the FIN on its way: closed, unanswered, not executed', async () => {
    const idle: IdleClose = { afterMs: 50, how: 'fin' };
    const upstream = await MisbehavingUpstream.listen({}, { idle });
    open.push(upstream);
    const relay = await DelayRelay.listen(upstream.port, { oneWayMs: 40 });
    open.push(relay);
    const client = await RawClient.connect(relay.port);
    open.push({ close: () => client.destroy() });
    client.request({ id: 'first' });
    await client.until(() => client.text.endsWith('}'));
    await upstream.until((seen) => seen.closedBy('upstream-fin') === 1);
    equal(client.ending, 'open');
    client.clear();
    client.request({ id: 'crossing' });
    await client.ended();
    equal(client.text, '');
    deepEqual([...upstream.seen.executions()], [['first', 1]]);
  });
});

const skip = skipUnlessPacketsDrop();

describe('packet-dropping black hole', { skip }, () => {
  it('makes connecting hang instead of being refused or accepted', async () => {
    const { relay } = await setUp(echo, 1);
    relay.blackhole(true);
    equal(relay.dropsPackets, true);
    const socket = new Socket();
    open.push({ close: () => socket.destroy() });
    let told = '';
    socket.on('connect', () => (told = 'connect')).on('error', () => (told = 'error'));
    socket.connect(relay.port, '127.0.0.1');
    await sleep(60);
    equal(told, '');
  });

  it('leaves TCP keepalive probes without an answer, so the dead path is found', async () => {
    const { relay, socket } = await setUp(echo, 1);
    relay.blackhole(true);
    socket.setKeepAlive(true, 1_000, 1_000, 1);
    const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
    equal(error.code, 'ETIMEDOUT');
  });
});

describe('distant socket', () => {
  it('takes a round trip to connect, and holds writes back until then', async () => {
    const at: number[] = [];
    const { relay } = await setUp((far) => far.on('data', () => at.push(performance.now())));
    const from = performance.now();
    const socket = connectFromAfar(relay.port, 2 * ONE_WAY_MS);
    open.push({ close: () => socket.destroy() });
    socket.write('early');
    await once(socket, 'connect');
    ok(performance.now() - from >= 2 * ONE_WAY_MS - 1);
    while (at.length === 0) await sleep(2);
    ok((at[0] as number) - from >= 3 * ONE_WAY_MS - 1);
  });
});
