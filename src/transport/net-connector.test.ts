import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { AddressInfo, Server, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { platform } from 'node:process';
import { createServer as createTlsServer } from 'node:tls';
import { after, afterEach, before, describe, it } from 'node:test';
import { systemClock } from '../core/clock.ts';
import { CallError } from '../core/errors.ts';
import type { Endpoint } from '../core/route.ts';
import { NEVER } from '../core/timeline.ts';
import { eventually } from '../testing/eventually.fixture.ts';
import { huge, stream } from '../testing/misbehaving-upstream/behaviours.ts';
import { testCertificate, testKey } from '../testing/misbehaving-upstream/certificate.ts';
import { MisbehavingUpstream } from '../testing/misbehaving-upstream/misbehaving-upstream.ts';
import type { RecordingOptions } from '../testing/recording-sink.ts';
import { RecordingSink } from '../testing/recording-sink.ts';
import type { TestCallOptions } from '../testing/test-call.ts';
import { testCall, testEndpoint } from '../testing/test-call.ts';
import { NetConnector } from './net-connector.ts';
import { defaultTransportOptions } from './transport-options.ts';
import type { TransportRig } from './transport.fixture.ts';
import { startTransport } from './transport.fixture.ts';

let rig: TransportRig;
afterEach(() => rig.end());

/** Sends one call to this endpoint on a transport of its own, or on the running one. */
function send(endpoint: Endpoint, options: TestCallOptions = {}, recording: RecordingOptions = {}) {
  const call = testCall({ ...options, route: { endpoints: [endpoint] } });
  const sink = new RecordingSink(recording);
  rig.transport.service(call, sink);
  return { call, sink, timeline: call.timeline };
}

async function listening(server: Server): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  return (server.address() as AddressInfo).port;
}

describe('a TLS endpoint', () => {
  let upstream: MisbehavingUpstream;
  const secure = (overrides: Partial<Endpoint> = {}): Endpoint =>
    testEndpoint(upstream.port, {
      key: `https://localhost:${upstream.port}`,
      secure: true,
      host: 'localhost',
      ca: testCertificate,
      ...overrides,
    });
  before(async () => {
    upstream = await MisbehavingUpstream.listen({}, { tls: true });
  });
  after(() => upstream.close());

  it('is reached through its own CA, with TCP and TLS timed apart', async () => {
    rig = startTransport();
    const { sink, timeline } = send(secure());
    await sink.over;
    assert.equal(sink.text, '{"ok":true}');
    assert.ok(timeline.connectedAt > 0 && timeline.securedAt > timeline.connectedAt);
    assert.ok(timeline.firstWriteAt >= timeline.securedAt);
    assert.notEqual(timeline.sentAt, NEVER);
  });

  it('is reused, and streams', async () => {
    rig = startTransport();
    upstream.use([{}, stream(20, 1)]);
    const endpoint = secure();
    await send(endpoint).sink.over;
    const { sink, timeline } = send(endpoint);
    await sink.over;
    assert.equal(sink.chunks.join('').split('\n\n').length, 22);
    assert.equal(timeline.reused, true);
    assert.equal(timeline.securedAt, NEVER);
  });

  it('holds back and goes on', async () => {
    rig = startTransport();
    upstream.use(huge(3_000_000));
    const { sink } = send(secure(), {}, { pauseAfterChunks: 2 });
    await eventually(() => sink.paused, 'the sink to be paused');
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.ok(sink.body.length < 400_000, `${sink.body.length} bytes came through`);
    sink.resume();
    await sink.over;
    assert.equal(sink.body.length, 3_000_000);
  });

  for (const size of [10, 70_000, 1_000_000]) {
    it(`takes a body of ${size} bytes whole`, async () => {
      rig = startTransport();
      upstream.use({});
      const { sink, timeline } = send(secure(), { body: Buffer.alloc(size, 'abcdefg') });
      await sink.over;
      const seen = upstream.seen.requests.at(-1);
      assert.equal(seen?.bodyBytes, size);
      assert.equal(seen?.body, Buffer.alloc(size, 'abcdefg').toString());
      assert.ok(timeline.sentAt >= timeline.firstWriteAt);
    });
  }

  it('is refused without a CA that vouches for it', async () => {
    rig = startTransport();
    const { sink, timeline } = send(secure({ ca: undefined }));
    await sink.over;
    assert.equal(sink.error?.code, 'TLS_FAILED');
    assert.match(sink.error?.detail ?? '', /SELF_SIGNED/);
    assert.notEqual(timeline.connectedAt, NEVER);
    assert.equal(timeline.securedAt, NEVER);
  });

  it('is refused under another name', async () => {
    rig = startTransport();
    const { sink } = send(secure({ host: '127.0.0.2' }));
    await sink.over;
    // Nobody listens at 127.0.0.2, or somebody does with the wrong name; never a success.
    assert.match(sink.error?.code ?? '', /^(TLS_FAILED|CONNECT_FAILED)$/);
  });

  it('is refused with a CA setting that is no certificate', async () => {
    rig = startTransport();
    const { sink } = send(
      secure({ ca: '-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----' }),
    );
    assert.equal(sink.isOver, false);
    await sink.over;
    assert.equal(sink.error?.code, 'TLS_FAILED');
  });

  it('is told at once when its caller leaves', async () => {
    rig = startTransport();
    upstream.use(stream(10_000, 2));
    const { sink, call } = send(secure());
    await eventually(() => sink.chunks.length > 0, 'the first chunk');
    call.cancellation.cancel(new CallError('CALLER_GONE'));
    await eventually(() => upstream.seen.requests.at(-1)?.aborted === true, 'the abort', 500);
  });
});

describe('TLS sessions', () => {
  it('are resumed by the next connection', async () => {
    const resumed: boolean[] = [];
    const server = createTlsServer({ key: testKey, cert: testCertificate }, (socket) => {
      resumed.push(socket.isSessionReused());
      const answer = 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n';
      socket.on('data', () => socket.end(answer));
      socket.on('error', () => {});
    });
    const port = await listening(server);
    const endpoint = testEndpoint(port, { secure: true, host: 'localhost', ca: testCertificate });
    rig = startTransport();
    await send(endpoint).sink.over;
    await send(endpoint).sink.over;
    assert.deepEqual(resumed, [false, true]);
    server.close();
  });
});

describe('connecting', () => {
  it('to a port where nobody listens fails with the address that refused', async () => {
    const server = createServer();
    const port = await listening(server);
    server.close();
    rig = startTransport();
    const { sink } = send(testEndpoint(port));
    await sink.over;
    assert.equal(sink.error?.code, 'CONNECT_FAILED');
    assert.match(sink.error?.detail ?? '', new RegExp(`ECONNREFUSED 127\\.0\\.0\\.1:${port}`));
  });

  it('to a name that does not exist fails as a connect', async () => {
    rig = startTransport();
    const { sink } = send(testEndpoint(80, { host: 'does-not-exist.invalid' }));
    await sink.over;
    assert.equal(sink.error?.code, 'CONNECT_FAILED');
    assert.match(sink.error?.detail ?? '', /does-not-exist\.invalid/);
  });

  it('to a name with two addresses uses the one that answers', async () => {
    // Listens on one family only; `localhost` may stand for both.
    const upstream = await MisbehavingUpstream.listen({});
    rig = startTransport();
    const { sink } = send(testEndpoint(upstream.port, { host: 'localhost' }));
    await sink.over;
    assert.equal(sink.status, 200);
    await rig.end();
    await upstream.close();
  });

  it('tells which address was reached, by TCP and by TLS', async () => {
    for (const tls of [false, true]) {
      const upstream = await MisbehavingUpstream.listen({}, { tls });
      const connector = new NetConnector(systemClock, defaultTransportOptions);
      const { promise, resolve } = Promise.withResolvers<string>();
      const secure = { secure: tls, host: 'localhost', ca: testCertificate };
      const dial = connector.dial(testEndpoint(upstream.port, secure), {
        tcpConnected: resolve,
        ready() {},
        dialFailed() {},
        bytes() {},
        ended() {},
        failed() {},
        closed() {},
      });
      assert.equal(await promise, '127.0.0.1');
      dial.destroy();
      await upstream.close();
    }
    rig = startTransport();
  });

  it('takes an IPv6 address in brackets', async () => {
    rig = startTransport();
    const { sink } = send(testEndpoint(9, { host: '[::1]' }));
    await sink.over;
    assert.match(sink.error?.detail ?? '', /ECONNREFUSED ::1:9|EADDRNOTAVAIL|EAFNOSUPPORT/);
  });

  it('does not take its own lateness for distance', async () => {
    const upstream = await MisbehavingUpstream.listen({});
    const connector = new NetConnector(systemClock, defaultTransportOptions);
    const { promise, resolve } = Promise.withResolvers<readonly [number, number]>();
    const dial = connector.dial(testEndpoint(upstream.port), {
      tcpConnected: (_address, tookMs, waitedMs) => resolve([tookMs, waitedMs]),
      ready() {},
      dialFailed() {},
      bytes() {},
      ended() {},
      failed() {},
      closed() {},
    });
    // The attempt begins in a tick; then the event loop is busy while the kernel connects.
    process.nextTick(() => {
      const until = systemClock.now() + 60;
      while (systemClock.now() < until);
    });
    const [tookMs, waitedMs] = await promise;
    dial.destroy();
    assert.ok(tookMs > 50, `${tookMs} ms`);
    assert.ok(waitedMs < 10, `${waitedMs} ms`);
    rig = startTransport();
    await upstream.close();
  });

  const canLook = platform === 'linux';
  it(
    'makes the kernel probe a silent connection after 15 s',
    { skip: !canLook && 'reads /proc/net/tcp' },
    async () => {
      const upstream = await MisbehavingUpstream.listen({});
      rig = startTransport();
      await send(testEndpoint(upstream.port)).sink.over;
      const remote = upstream.port.toString(16).toUpperCase().padStart(4, '0');
      const ours = readFileSync('/proc/net/tcp', 'utf8')
        .split('\n')
        .map((line) => line.trim().split(/\s+/))
        .find((columns) => columns[2] === `0100007F:${remote}` && columns[3] === '01');
      const [timer, jiffies] = (ours?.[5] ?? '').split(':');
      // 02 = a keepalive timer is armed; its clock has 100 ticks a second.
      assert.equal(timer, '02');
      const dueMs = Number.parseInt(jiffies ?? '', 16) * 10;
      assert.ok(dueMs > 13_000 && dueMs <= 15_000, `${dueMs} ms`);
      await rig.end();
      await upstream.close();
    },
  );
});

describe('a forward proxy', () => {
  let upstream: MisbehavingUpstream;
  let proxy: Server;
  let proxyUrl: string;
  let asked: string[];
  let refusal: string | undefined;

  before(async () => {
    proxy = createServer((near) => serveTunnel(near));
    proxyUrl = `http://user:secret@127.0.0.1:${await listening(proxy)}`;
  });
  after(() => proxy.close());

  /** As little of a proxy as will do: reads one head, connects, joins the two sockets. */
  function serveTunnel(near: Socket): void {
    near.on('error', () => {});
    near.once('data', (head: Buffer) => {
      asked.push(head.toString('latin1'));
      if (refusal !== undefined) {
        near.end(refusal);
        return;
      }
      const far = connect(upstream.port, '127.0.0.1', () => {
        near.write('HTTP/1.1 200 Connection established\r\n\r\n');
        near.pipe(far).pipe(near);
      });
      far.on('error', () => near.destroy());
      near.on('close', () => far.destroy());
      far.on('close', () => near.destroy());
    });
  }

  for (const secure of [false, true]) {
    it(`is tunnelled through to ${secure ? 'https' : 'http'} endpoints, and reused`, async () => {
      asked = [];
      refusal = undefined;
      upstream = await MisbehavingUpstream.listen([{}, huge(300_000)], { tls: secure });
      const endpoint = testEndpoint(upstream.port, {
        secure,
        host: 'localhost',
        ca: testCertificate,
        proxy: proxyUrl,
      });
      rig = startTransport();
      const first = send(endpoint);
      await first.sink.over;
      assert.equal(first.sink.text, '{"ok":true}');
      assert.equal(first.timeline.securedAt !== NEVER, secure);
      const second = send(endpoint);
      await second.sink.over;
      assert.equal(second.sink.body.length, 300_000);
      assert.equal(second.timeline.reused, true);
      assert.equal(asked.length, 1);
      assert.match(asked[0] ?? '', new RegExp(`^CONNECT localhost:${upstream.port} HTTP/1.1\r\n`));
      assert.match(asked[0] ?? '', /Proxy-Authorization: Basic dXNlcjpzZWNyZXQ=/);
      // The proxy's credentials are for the proxy alone.
      assert.equal(upstream.seen.requests[0]?.header('proxy-authorization'), undefined);
      await rig.end();
      await upstream.close();
    });
  }

  it('that refuses is named, and the call was never sent', async () => {
    asked = [];
    refusal = 'HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n';
    rig = startTransport();
    const { sink } = send(testEndpoint(1, { host: 'localhost', proxy: proxyUrl }));
    await sink.over;
    assert.equal(sink.error?.code, 'PROXY_REFUSED');
    assert.equal(sink.error?.replay, 'safe');
    assert.match(sink.error?.detail ?? '', /407/);
    assert.doesNotMatch(sink.error?.message ?? '', /secret/);
  });

  it('that closes without an answer is named', async () => {
    asked = [];
    refusal = '';
    rig = startTransport();
    const { sink } = send(testEndpoint(1, { host: 'localhost', proxy: proxyUrl }));
    await sink.over;
    assert.equal(sink.error?.code, 'PROXY_REFUSED');
  });

  it('with a setting nobody understands fails the call, later than it was made', async () => {
    rig = startTransport();
    const { sink } = send(testEndpoint(1, { proxy: 'socks5://127.0.0.1:1' }));
    assert.equal(sink.isOver, false);
    await sink.over;
    assert.equal(sink.error?.code, 'PROXY_REFUSED');
  });
});
