// WebSockets through a whole gateway: configured like any route, seen like any call.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import { startGateway } from '../../src/gateway/gateway.ts';
import type { Gateway } from '../../src/gateway/gateway.ts';
import { LeakCheck } from '../../src/testing/leak-check.ts';

describe('a WebSocket route', () => {
  const leaks = LeakCheck.begin();
  const lines: string[] = [];
  let server: WebSocketServer;
  let gateway: Gateway;
  let url = '';

  before(async () => {
    server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await once(server, 'listening');
    server.on('connection', (socket) => {
      socket.on('message', (bytes, isBinary) => socket.send(bytes, { binary: isBinary }));
    });
    const { port } = server.address() as AddressInfo;
    gateway = await startGateway({
      env: {},
      config: {
        listen: '127.0.0.1:0',
        admin: 'off',
        guard: false,
        log: { level: 'silent' },
        upstreams: {
          chat: {
            profile: 'websocket',
            // Nobody is at the first one: the session finds the other.
            endpoints: ['http://127.0.0.1:9', `http://127.0.0.1:${port}`],
          },
          rest: { endpoints: [`http://127.0.0.1:${port}`] },
        },
        routes: [
          { name: 'live', match: { path: '/live' }, upstreams: ['chat'] },
          { name: 'rest', match: { path: '/**' }, upstreams: ['rest'] },
        ],
      },
      accessLog: { write: (text: string) => lines.push(...text.trimEnd().split('\n')) },
    });
    url = gateway.url.replace('http', 'ws');
  });
  after(async () => {
    await gateway.close();
    for (const client of server.clients) client.terminate();
    server.close();
    await leaks.assertClean();
  });

  const open = async (): Promise<WebSocket> => {
    const socket = new WebSocket(`${url}/live`);
    await once(socket, 'open');
    return socket;
  };

  it('carries messages both ways, whatever endpoint is dead', async () => {
    for (let session = 0; session < 4; session += 1) {
      const socket = await open();
      socket.send('hello');
      const [bytes] = (await once(socket, 'message')) as [Buffer];
      assert.equal(bytes.toString(), 'hello');
      socket.close(4_001, 'done');
      const [code] = (await once(socket, 'close')) as [number];
      assert.equal(code, 4_001);
    }
  });

  it('leaves one line per session, with its verdict', async () => {
    const socket = await open();
    socket.close(1_000);
    await once(socket, 'close');
    while (lines.length < 5) await new Promise((resolve) => setTimeout(resolve, 5));
    const last = JSON.parse(lines.at(-1) ?? '{}');
    assert.deepEqual([last.route, last.status, last.verdict], ['live', 101, 'complete']);
  });

  it('is the only kind of route that takes a handshake', async () => {
    const socket = new WebSocket(`${url}/other`);
    const [error] = (await once(socket, 'error')) as [Error];
    assert.match(error.message, /426/);
  });

  it('counts its sessions until their last byte', async () => {
    const socket = await open();
    assert.match(await gateway.metricsText(), /^gw_websockets 1$/m);
    assert.match(await gateway.metricsText(), /^gw_limit_in_flight\{upstream="chat"\} 1$/m);
    socket.close();
    await once(socket, 'close');
    const closed = /gw_websockets_closed_total\{upstream="chat",code="[^"]+",by="caller"\}/;
    assert.match(await gateway.metricsText(), closed);
  });

  it('tells its callers of a shutdown by 1012', async () => {
    const socket = await open();
    const closed = once(socket, 'close') as Promise<[number]>;
    await gateway.close(0);
    assert.equal((await closed)[0], 1_012);
  });
});
