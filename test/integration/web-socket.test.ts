// The WebSocket proxy between real sockets: handshakes, messages, refusals, failures to dial. Run
// on both edges.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { after, afterEach, before, describe, it } from 'node:test';
import { attemptOf } from '../../src/core/call.ts';
import type { CallError } from '../../src/core/errors.ts';
import type { Layer } from '../../src/core/layer.ts';
import { HeaderList } from '../../src/core/header-list.ts';
import { freeFlow } from '../../src/core/sink.ts';
import { eventually } from '../../src/testing/eventually.fixture.ts';
import { LeakCheck } from '../../src/testing/index.ts';
import type { EdgeKind } from '../support/edge-rig.ts';
import { RawCaller } from '../support/raw-caller.ts';
import {
  ProxyRig,
  TestUpstream,
  handshakeText,
  maskedFrame,
  sampleKey,
} from '../support/web-socket-rig.ts';
import type { ProxyOptions } from '../support/web-socket-rig.ts';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** Sends a failed attempt once more, to the next endpoint of the route. */
const tryNext: Layer = {
  name: 'retry',
  wrap: (next) => (call, sink) => {
    const { endpoints } = call.route;
    const attempt = (number: number): void => {
      const route = { ...call.route, endpoints: endpoints.slice(number - 1, number) };
      next(attemptOf(call, number, call.cancellation, { route }), {
        interim: (head) => sink.interim(head),
        start: (head, flow) => sink.start(head, flow),
        chunk: (bytes) => sink.chunk(bytes),
        end: (trailers) => sink.end(trailers),
        fail(error: CallError) {
          if (error.replay === 'safe' && number < endpoints.length) attempt(number + 1);
          else sink.fail(error);
        },
      });
    };
    attempt(1);
  },
};

async function httpUpstream(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<{ port: number; close(): Promise<unknown> }> {
  const server = createServer(answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      server.closeAllConnections();
      server.close();
      return once(server, 'close');
    },
  };
}

function suite(kind: EdgeKind): void {
  describe(`a WebSocket through the ${kind} edge`, () => {
    const leaks = LeakCheck.begin();
    let upstream: TestUpstream;
    let rig: ProxyRig;
    const start = async (options: ProxyOptions = {}): Promise<ProxyRig> => {
      rig = await ProxyRig.start([upstream.port], { kind, ...options });
      return rig;
    };
    before(async () => {
      upstream = await TestUpstream.listen({
        echoes: true,
        maxPayload: 64 * 1024 * 1024,
        handleProtocols: (offered) => (offered.has('chat.v2') ? 'chat.v2' : false),
      });
    });
    afterEach(async () => {
      await rig.close();
      assert.equal(rig.proxy.size, 0);
      assert.equal(rig.proxy.heldBytes, 0);
      assert.equal(rig.proxy.handshakes, 0);
      await eventually(
        () => rig.connections === 0,
        () => `no open connection; ${rig.connections} are`,
      );
      assert.equal(rig.sweep.size, 0);
    });
    after(async () => {
      await upstream.close();
      await leaks.assertClean({ leases: rig.leases });
    });

    it('carries text and binary, empty and large, both ways and in order', async () => {
      await start();
      const peer = await rig.open();
      const large = Buffer.alloc(3 * 1024 * 1024, 'large ');
      const sent: (string | Buffer)[] = ['hello', Buffer.from([0, 255, 7]), '', large, 'end'];
      for (const message of sent) peer.ws.send(message);
      await peer.untilMessages(sent.length);
      assert.deepEqual(
        peer.messages.map(({ binary }) => binary),
        sent.map((message) => typeof message !== 'string'),
      );
      for (const [at, message] of sent.entries()) {
        assert.ok(peer.messages[at]?.data.equals(Buffer.from(message as string)), `message ${at}`);
      }
    });

    it('carries ten thousand small messages in order', async () => {
      await start();
      const peer = await rig.open();
      for (let n = 0; n < 10_000; n += 1) peer.ws.send(`m${n}`);
      await peer.untilMessages(10_000);
      assert.ok(peer.texts.every((text, n) => text === `m${n}`));
    });

    it('is one call: seen with 101, counted to its last byte, over when it is closed', async () => {
      await start();
      const peer = await rig.open('/chat?room=1');
      peer.ws.send('12345');
      await peer.untilMessages(1);
      assert.equal(rig.leases.size, 2);
      assert.equal(rig.proxy.view(10)[0]?.bytesToCaller, 5);
      const [call] = rig.calls;
      assert.equal(call?.timeline.status, 101);
      assert.ok((call?.timeline.firstByteAt ?? -1) > 0);
      assert.ok((call?.timeline.lastByteAt ?? -1) > (call?.timeline.firstByteAt ?? Infinity));
      peer.ws.close(1000, 'done');
      await rig.untilEnded();
      assert.deepEqual(rig.ends, ['whole']);
      assert.equal(call?.timeline.requestBytes, 5);
      assert.equal(call?.timeline.responseBytes, 5);
      assert.equal(call?.timeline.endpoint, `127.0.0.1:${upstream.port}`);
      assert.equal(rig.leases.size, 0);
      assert.deepEqual(rig.told, ['opened test-upstream', 'closed 1000 by caller']);
    });

    it('passes target, Origin and other fields on, and makes the handshake anew', async () => {
      await start();
      const at = upstream.requests.length;
      const headers = { 'X-Own': 'a', Cookie: 'c=1', Authorization: 'Bearer k' };
      await rig.open('/a/../b%20c?q=1', [], { origin: 'http://page.example', headers });
      const request = upstream.requests[at];
      assert.equal(request?.url, '/b%20c?q=1'); // The client itself resolves the dots.
      assert.equal(request?.headers['origin'], 'http://page.example');
      assert.equal(request?.headers['x-own'], 'a');
      assert.equal(request?.headers['cookie'], 'c=1');
      assert.equal(request?.headers['authorization'], 'Bearer k');
      assert.equal(request?.headers['host'], `127.0.0.1:${upstream.port}`);
      assert.equal(request?.headers['sec-websocket-extensions'], undefined);
    });

    it('leaves the choice of a subprotocol to the upstream', async () => {
      await start();
      const peer = await rig.open('/chat', ['chat.v1', 'chat.v2']);
      assert.equal(peer.ws.protocol, 'chat.v2');
      assert.equal(peer.ws.extensions, '');
    });

    it('lets an upstream choose no subprotocol', async () => {
      await start();
      const caller = await RawCaller.open(rig.port);
      caller.say(handshakeText({ 'Sec-WebSocket-Protocol': 'unknown' }));
      await caller.until((text) => text.includes('\r\n\r\n'));
      assert.match(caller.text, /^HTTP\/1\.1 101 /);
      assert.doesNotMatch(caller.text, /sec-websocket-protocol/i);
      caller.destroy();
    });

    it('answers the example of RFC 6455 and names the call', async () => {
      await start();
      const caller = await RawCaller.open(rig.port);
      caller.say(handshakeText());
      await caller.until((text) => text.includes('\r\n\r\n'));
      assert.match(caller.text, /Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\n/);
      assert.match(caller.text, new RegExp(`x-holdfast-call-id: ${rig.calls[0]?.id}\\r\\n`));
      caller.destroy();
    });

    it('loses no frame that came with the handshake', async () => {
      await start();
      const caller = await RawCaller.open(rig.port);
      caller.say(
        Buffer.concat([Buffer.from(handshakeText()), maskedFrame('early'), maskedFrame('bird')]),
      );
      await caller.until((text) => text.includes('bird'));
      assert.match(caller.text, /\x81\x05early\x81\x04bird$/);
      caller.destroy();
    });

    it('begins no session in the middle of what came too early to be kept', async () => {
      await start();
      const caller = await RawCaller.open(rig.port);
      const early = Array.from({ length: 10_000 }, () => maskedFrame('early'));
      caller.say(Buffer.concat([Buffer.from(handshakeText()), ...early]));
      await caller.untilClosed();
      assert.doesNotMatch(caller.text, /\x81\x05early/);
      caller.destroy();
    });

    it('opens after requests on the same connection', async () => {
      const otherwise: ProxyOptions['otherwise'] = (_call, sink) => {
        const headers = HeaderList.empty;
        sink.start(
          { status: 200, reason: 'OK', headers, framing: 'length', contentLength: 2 },
          freeFlow,
        );
        sink.chunk(Buffer.from('ok'));
        sink.end();
      };
      await start({ otherwise });
      const caller = await RawCaller.open(rig.port);
      caller.say('GET /plain HTTP/1.1\r\nHost: h\r\n\r\n');
      await caller.until((text) => text.endsWith('ok'));
      caller.say(handshakeText());
      caller.say(maskedFrame('hello'));
      await caller.until((text) => text.endsWith('\x81\x05hello'));
      caller.destroy();
    });

    it('leaves the regime of HTTP: no idle limit closes it', async () => {
      await start({ edge: { keepAliveMs: 100, headMs: 100, bodyStallMs: 100 } });
      const peer = await rig.open();
      await new Promise((resolve) => setTimeout(resolve, 500));
      peer.ws.send('still here');
      await peer.untilMessages(1);
      assert.equal(rig.connections, 1);
    });

    it('sees a caller that leaves during the dial', async () => {
      const silent = await httpUpstream(() => {});
      rig = await ProxyRig.start([silent.port], { kind });
      const caller = await RawCaller.open(rig.port);
      caller.say(handshakeText());
      while (rig.calls.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      caller.destroy();
      await rig.untilEnded();
      assert.deepEqual(rig.ends, ['CALLER_GONE']);
      assert.equal(rig.leases.size, 0);
      await silent.close();
    });

    it('fails in HTTP when the gateway drains before the upstream has opened', async () => {
      const silent = await httpUpstream(() => {});
      rig = await ProxyRig.start([silent.port], { kind });
      const caller = await RawCaller.open(rig.port);
      caller.say(handshakeText());
      while (rig.calls.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      rig.drain();
      await caller.untilClosed();
      assert.match(caller.text, /^HTTP\/1\.1 503 /);
      assert.deepEqual(rig.ends, ['DRAINING']);
      await silent.close();
    });

    it('fails with the server, although its upstream has not opened', async () => {
      const silent = await httpUpstream(() => {});
      rig = await ProxyRig.start([silent.port], { kind });
      const caller = await RawCaller.open(rig.port);
      caller.say(handshakeText());
      await eventually(() => rig.calls.length === 1, 'the call');
      rig.destroy();
      assert.deepEqual(rig.ends, ['DRAINING']);
      await caller.untilClosed();
      await silent.close();
    });

    it('is told 1012 at once, like its upstream, when the server is destroyed', async () => {
      await start();
      const at = upstream.peers.length;
      const caller = await rig.open();
      const far = await upstream.peer(at);
      rig.destroy();
      assert.deepEqual(rig.ends, ['DRAINING']);
      assert.deepEqual(await caller.untilClosed(500), [1012, 'DRAINING']);
      assert.deepEqual(await far.untilClosed(500), [1012, 'DRAINING']);
    });

    describe('whose handshake is not right', () => {
      const wrong: readonly (readonly [string, number, string])[] = [
        ['POST', 400, handshakeText({}, 'POST /chat HTTP/1.1')],
        ['HTTP/1.0', 400, handshakeText({}, 'GET /chat HTTP/1.0')],
        ['no Upgrade', 400, handshakeText({ Upgrade: '' })],
        [
          'an Upgrade that Connection does not name',
          400,
          handshakeText({ Connection: 'keep-alive' }),
        ],
        ['another protocol', 400, handshakeText({ Upgrade: 'h2c' })],
        ['two Upgrades', 400, handshakeText({ upgrade: 'websocket' })],
        ['no key', 400, handshakeText({ 'Sec-WebSocket-Key': '' })],
        ['a short key', 400, handshakeText({ 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25j' })],
        [
          'a key of other bits',
          400,
          handshakeText({ 'Sec-WebSocket-Key': sampleKey.replace('Q==', 'R==') }),
        ],
        ['two keys', 400, handshakeText({ 'sec-websocket-key': sampleKey })],
        ['a body', 400, `${handshakeText({ 'Content-Length': '4' })}body`],
        ['a chunked body', 400, `${handshakeText({ 'Transfer-Encoding': 'chunked' })}0\r\n\r\n`],
        ['a garbled protocol', 400, handshakeText({ 'Sec-WebSocket-Protocol': 'a b' })],
        ['a protocol twice', 400, handshakeText({ 'Sec-WebSocket-Protocol': 'a, a' })],
        ['no version', 426, handshakeText({ 'Sec-WebSocket-Version': '' })],
        ['version 8', 426, handshakeText({ 'Sec-WebSocket-Version': '8' })],
        ['two versions', 426, handshakeText({ 'sec-websocket-version': '8' })],
      ];
      for (const [name, status, message] of wrong) {
        it(`is refused with ${status} and closed: ${name}`, async () => {
          await start();
          const smuggled = maskedFrame('smuggled').toString('latin1');
          const caller = await RawCaller.tell(rig.port, message + smuggled);
          const answers = [...caller.text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, code]) =>
            Number(code),
          );
          assert.equal(answers[0], status, caller.text);
          // Node's own parser may read what comes behind the last request, and refuse that as well.
          const rest = kind === 'own' ? [] : answers.slice(1).filter((code) => code !== 400);
          assert.deepEqual(kind === 'own' ? answers.slice(1) : rest, [], caller.text);
          if (status === 426) {
            assert.match(caller.text, /\r\nSec-WebSocket-Version: 13\r\n/);
            assert.match(caller.text, /\r\nUpgrade: websocket\r\nConnection: close, Upgrade\r\n/);
          }
          assert.equal(rig.calls.length, 0);
          assert.ok(rig.refused.length > 0);
        });
      }
    });

    describe('that its upstream refuses', () => {
      it('gets status, fields and body of the upstream, and its connection closes', async () => {
        const login = await httpUpstream((_request, response) => {
          response.writeHead(401, { 'WWW-Authenticate': 'Bearer', 'X-Why': 'no key' });
          response.end('log in first');
        });
        rig = await ProxyRig.start([login.port], { kind });
        const caller = await RawCaller.tell(rig.port, handshakeText());
        assert.match(caller.text, /^HTTP\/1\.1 401 Unauthorized\r\n/);
        assert.match(caller.text, /\r\nWWW-Authenticate: Bearer\r\n/);
        assert.match(caller.text, /\r\nX-Why: no key\r\n/);
        assert.match(caller.text, /log in first/);
        await rig.untilEnded();
        assert.deepEqual(rig.ends, ['whole']);
        assert.equal(rig.calls[0]?.timeline.status, 401);
        assert.equal(rig.leases.size, 0);
        await login.close();
      });

      it('gets a refusal of any length, with its reader in charge of the pace', async () => {
        const body = Buffer.alloc(4 * 1024 * 1024, 'x');
        const long = await httpUpstream((_request, response) => {
          response.writeHead(403, { 'Content-Length': body.length });
          response.end(body);
        });
        rig = await ProxyRig.start([long.port], { kind });
        const caller = await RawCaller.tell(rig.port, handshakeText());
        assert.equal(caller.text.length - caller.text.indexOf('\r\n\r\n') - 4, body.length);
        await long.close();
      });

      it('is not told of a whole refusal when that was cut', async () => {
        const cut = await httpUpstream((_request, response) => {
          response.writeHead(403, { 'Content-Length': 100 });
          response.write('half');
          setTimeout(() => response.destroy(), 50);
        });
        rig = await ProxyRig.start([cut.port], { kind });
        const caller = await RawCaller.tell(rig.port, handshakeText());
        await rig.untilEnded();
        assert.deepEqual(rig.ends, ['STREAM_CUT']);
        assert.ok(caller.text.endsWith('half'));
        await cut.close();
      });

      it('is not held for ever by a refusal that stops in the middle', async () => {
        const stuck = await httpUpstream((_request, response) => {
          response.writeHead(403, { 'Content-Length': 100 });
          response.write('half');
        });
        rig = await ProxyRig.start([stuck.port], { kind, options: { stallMs: 200 } });
        const caller = await RawCaller.tell(rig.port, handshakeText());
        assert.deepEqual(rig.ends, ['STREAM_IDLE']);
        assert.ok(caller.text.endsWith('half'));
        assert.equal(rig.leases.size, 0);
        await stuck.close();
      });

      for (const [how, breaks, code] of [
        ['a reset', (socket: Socket) => socket.resetAndDestroy(), 'RESET'],
        ['a broken frame', (socket: Socket) => socket.write('zz\r\n'), 'BAD_RESPONSE'],
      ] as const) {
        it(`hears of one end only when ${how} cuts a refusal`, async () => {
          const broken = await httpUpstream(({ socket }, response) => {
            response.writeHead(403);
            response.write('half', () => setTimeout(() => breaks(socket), 50));
          });
          rig = await ProxyRig.start([broken.port], { kind });
          await RawCaller.tell(rig.port, handshakeText());
          await rig.untilEnded();
          await broken.close();
          assert.deepEqual(rig.ends, [code]);
          assert.equal(rig.leases.size, 0);
        });
      }

      for (const [name, answer] of [
        ['a wrong accept key', 'Sec-WebSocket-Accept: wrong\r\n'],
        [
          'a protocol nobody asked for',
          'Sec-WebSocket-Accept: RIGHT\r\nSec-WebSocket-Protocol: other\r\n',
        ],
        [
          'an extension nobody asked for',
          'Sec-WebSocket-Accept: RIGHT\r\nSec-WebSocket-Extensions: permessage-deflate\r\n',
        ],
      ] as const) {
        it(`gets 502 for a 101 with ${name}`, async () => {
          const server = createServer();
          server.on('upgrade', (request, socket) => {
            const right = `${request.headers['sec-websocket-key']}${GUID}`;
            const accept = createHash('sha1').update(right).digest('base64');
            const fields = answer.replace('RIGHT', accept);
            const lines = `Upgrade: websocket\r\nConnection: Upgrade\r\n${fields}\r\n`;
            socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines}`);
            socket.on('error', () => {});
            socket.on('end', () => socket.destroy()).resume();
          });
          server.listen(0, '127.0.0.1');
          await once(server, 'listening');
          rig = await ProxyRig.start([(server.address() as AddressInfo).port], { kind });
          const caller = await RawCaller.tell(rig.port, handshakeText());
          assert.match(caller.text, /^HTTP\/1\.1 502 /);
          assert.deepEqual(rig.ends, ['BAD_RESPONSE']);
          server.close();
          server.closeAllConnections();
        });
      }
    });

    describe('whose upstream cannot be reached', () => {
      it('gets 502 in HTTP before any upgrade', async () => {
        rig = await ProxyRig.start([9], { kind });
        const caller = await RawCaller.tell(rig.port, handshakeText());
        assert.match(caller.text, /^HTTP\/1\.1 502 Bad Gateway\r\n/);
        assert.match(caller.text, /x-holdfast-error: CONNECT_FAILED/);
        assert.equal(rig.leases.size, 0);
      });

      it('gets 504 when the upstream accepts and says nothing', async () => {
        const silent = await httpUpstream(() => {});
        rig = await ProxyRig.start([silent.port], { kind, limits: { firstByteMs: 100 } });
        const caller = await RawCaller.tell(rig.port, handshakeText());
        assert.match(caller.text, /^HTTP\/1\.1 504 /);
        assert.deepEqual(rig.ends, ['FIRST_BYTE_TIMEOUT']);
        await silent.close();
      });

      it('is opened at another endpoint, because nothing was spent yet', async () => {
        rig = await ProxyRig.start([9, upstream.port], { kind, layers: [tryNext] });
        const peer = await rig.open();
        peer.ws.send('second');
        await peer.untilMessages(1);
        assert.equal(rig.calls[0]?.timeline.attempts, 2);
        assert.equal(rig.leases.size, 2);
      });
    });
  });
}

suite('own');
suite('node-http');
