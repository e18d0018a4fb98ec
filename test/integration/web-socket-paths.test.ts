// The ways to and from the WebSocket proxy: TLS, forward proxies, and an edge whose call is
// answered from inside its own handshake.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { WebSocketServer } from 'ws';
import { anonymousCaller } from '../../src/core/caller.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { Layer } from '../../src/core/layer.ts';
import { HeaderList } from '../../src/core/header-list.ts';
import { Leases } from '../../src/core/leases.ts';
import { systemRandom } from '../../src/core/random.ts';
import { BufferBudget } from '../../src/core/replay-body.ts';
import { freeFlow } from '../../src/core/sink.ts';
import { Sweep } from '../../src/core/sweep.ts';
import { plainDialect } from '../../src/dialects/plain.ts';
import { CallIds } from '../../src/edges/http-server/call-ids.ts';
import { defaultEdgeOptions } from '../../src/edges/http-server/edge-options.ts';
import { HttpServer } from '../../src/edges/http-server/http-server.ts';
import { eventually } from '../../src/testing/eventually.fixture.ts';
import { testCertificate, testEndpoint, testKey, testRoute } from '../../src/testing/index.ts';
import { RawCaller } from '../support/raw-caller.ts';
import { ProxyRig, TestUpstream, handshakeText, maskedFrame } from '../support/web-socket-rig.ts';

describe('a WebSocket to an upstream over TLS', () => {
  it('trusts the CA of the configuration and no other', async () => {
    const server = createTlsServer({ cert: testCertificate, key: testKey });
    const sockets = new WebSocketServer({ server });
    sockets.on('connection', (ws, request) => ws.send(`${request.url}`));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const secure = { secure: true, host: 'localhost', authority: 'localhost', basePath: '/base' };
    const trusted = testEndpoint(port, { ...secure, ca: testCertificate });
    const rig = await ProxyRig.start([trusted]);
    const peer = await rig.open('/x');
    await peer.untilMessages(1);
    assert.deepEqual(peer.texts, ['/base/x']);
    await rig.close();
    const strict = await ProxyRig.start([testEndpoint(port, secure)]);
    const caller = await RawCaller.tell(strict.port, handshakeText());
    assert.match(caller.text, /^HTTP\/1\.1 502 /);
    assert.deepEqual(strict.ends, ['TLS_FAILED']);
    await strict.close();
    sockets.close();
    server.close();
    server.closeAllConnections();
  });
});

describe('a WebSocket through a forward proxy', () => {
  /** A proxy that tunnels, or answers `status`. */
  async function forwardProxy(status: number) {
    const asked: string[] = [];
    const server = createServer();
    server.on('connect', (request, near) => {
      asked.push(`${request.url} ${request.headers['proxy-authorization']}`);
      if (status !== 200) {
        near.end(`HTTP/1.1 ${status} No\r\n\r\n`);
        return;
      }
      const far = connect(Number(request.url?.split(':')[1]), '127.0.0.1', () => {
        near.write('HTTP/1.1 200 OK\r\n\r\n');
        near.pipe(far).pipe(near);
      });
      near.on('error', () => far.destroy());
      far.on('error', () => near.destroy());
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return { asked, server, port: (server.address() as AddressInfo).port };
  }

  it('goes through the tunnel, with the credentials of its URL', async () => {
    const upstream = await TestUpstream.listen({ echoes: true });
    const { asked, server, port } = await forwardProxy(200);
    const proxy = `http://user:p%40ss@127.0.0.1:${port}`;
    const rig = await ProxyRig.start([testEndpoint(upstream.port, { proxy })]);
    const peer = await rig.open();
    peer.ws.send('through');
    await peer.untilMessages(1);
    const secret = Buffer.from('user:p@ss').toString('base64');
    assert.deepEqual(asked, [`127.0.0.1:${upstream.port} Basic ${secret}`]);
    await rig.close();
    await upstream.close();
    server.close();
  });

  for (const [what, url, code] of [
    ['refuses', 'http://127.0.0.1:PORT', 'PROXY_REFUSED'],
    ['is not there', 'http://127.0.0.1:9', 'CONNECT_FAILED'],
    ['is of another kind', 'socks5://127.0.0.1:9', 'PROXY_REFUSED'],
  ] as const) {
    it(`fails before the upgrade when the proxy ${what}`, async () => {
      const { server, port } = await forwardProxy(403);
      const proxy = url.replace('PORT', String(port));
      const rig = await ProxyRig.start([testEndpoint(9, { proxy })]);
      const caller = await RawCaller.tell(rig.port, handshakeText());
      assert.match(caller.text, /^HTTP\/1\.1 502 /);
      assert.deepEqual(rig.ends, [code]);
      assert.equal(rig.leases.size, 0);
      await rig.close();
      server.close();
    });
  }
});

describe('a WebSocket whose 101 is held back by a layer', () => {
  it('hears what its upstream said meanwhile', async () => {
    const upstream = await TestUpstream.listen();
    const holdsHeads: Layer = {
      name: 'retry',
      wrap: (next) => (call, sink) =>
        next(call, {
          interim: (head) => sink.interim(head),
          start: (head, flow) => setTimeout(() => sink.start(head, flow), 100),
          chunk: (bytes) => sink.chunk(bytes),
          end: (trailers) => sink.end(trailers),
          fail: (error) => sink.fail(error),
        }),
    };
    const rig = await ProxyRig.start([upstream.port], { layers: [holdsHeads] });
    const opening = rig.open();
    const far = await upstream.peer();
    far.ws.send('welcome');
    const caller = await opening;
    await caller.untilMessages(1);
    assert.deepEqual(caller.texts, ['welcome']);
    await rig.close();
    await upstream.close();
  });
});

describe('an edge whose call is answered before it returns', () => {
  it('gives the bytes behind the head to whoever takes the socket', async () => {
    let read = '';
    const head = { status: 101, reason: '', headers: HeaderList.empty, contentLength: -1 };
    const sweep = new Sweep(systemClock);
    const server = new HttpServer(
      {
        resolve: ({ target, headers }) => ({
          route: testRoute(),
          path: target,
          headers,
          caller: anonymousCaller,
          fingerprint: '',
          service: (_call, sink) => sink.start({ ...head, framing: 'none' }, freeFlow),
        }),
        keepBytesMax: () => 0,
        dialectFor: () => plainDialect,
      },
      {
        clock: systemClock,
        random: systemRandom,
        sweep,
        leases: new Leases(systemClock),
        bodyBudget: new BufferBudget(1),
        callIds: new CallIds(),
        observer: { connectionOpened() {}, connectionClosed() {}, turnedAway() {}, refused() {} },
        upgrades: {
          begin: () => 'expected',
          take(_callId, socket, early) {
            if (early !== undefined) socket.unshift(early);
            socket.on('data', (bytes) => (read += bytes.toString('latin1')));
            socket.on('end', () => socket.end());
            return { abandon: () => socket.destroy() };
          },
          forget() {},
        },
      },
      defaultEdgeOptions,
    );
    const { port } = await server.listen({ host: '127.0.0.1', port: 0 });
    const caller = await RawCaller.open(port);
    const [first, second] = [maskedFrame('first'), maskedFrame('second')];
    caller.say(Buffer.concat([Buffer.from(handshakeText()), first]));
    caller.say(second);
    const whole = Buffer.concat([first, second]).toString('latin1');
    await eventually(
      () => read === whole,
      () => JSON.stringify(read),
    );
    assert.equal(server.size, 1);
    assert.equal(sweep.size, 0);
    server.destroy();
    await server.close(0);
    caller.destroy();
  });
});
