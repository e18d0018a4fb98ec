import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, it } from 'node:test';
import { systemClock } from '../core/clock.ts';
import { testCertificate, testKey } from '../testing/misbehaving-upstream/certificate.ts';
import { HttpTokenEndpoint } from './token-endpoint.ts';
import type { TokenEndpointOptions } from './token-endpoint.ts';

const open: (() => unknown)[] = [];
afterEach(() => {
  for (const close of open.splice(0)) close();
});

async function urlOf(server: Server, scheme: string): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  open.push(
    () => server.close(),
    () => server.closeAllConnections(),
  );
  return `${scheme}://localhost:${(server.address() as AddressInfo).port}/token`;
}

function endpoint(options: Partial<TokenEndpointOptions> = {}): HttpTokenEndpoint {
  const one = new HttpTokenEndpoint({ clock: systemClock, ...options });
  open.push(() => one.close());
  return one;
}

const plain = (listener: RequestListener): Promise<string> => urlOf(createServer(listener), 'http');

const codeOf = (error: unknown): unknown => (error as { code?: unknown }).code;

describe('a token endpoint over HTTP', () => {
  it('is posted a form, and answers status, body and the fields that matter', async () => {
    const heard: unknown[] = [];
    const url = await plain((request, response) => {
      heard.push(request.method, request.headers['content-type'], request.headers['x-a']);
      request.setEncoding('utf8').on('data', (text: string) => heard.push(text));
      request.on('end', () => {
        response.writeHead(429, { 'retry-after': '7', 'set-cookie': 'a=b' });
        response.end('{"error":"slow_down"}');
      });
    });
    const answer = await endpoint().post(url, { a: 'b c', ü: '&' }, { 'x-a': 'y' });
    const form = 'a=b+c&%C3%BC=%26';
    assert.deepEqual(heard, ['POST', 'application/x-www-form-urlencoded', 'y', form]);
    assert.equal(answer.status, 429);
    assert.equal(answer.body, '{"error":"slow_down"}');
    assert.equal(answer.headers['retry-after'], '7');
    assert.ok(!Number.isNaN(Date.parse(answer.headers['date'] ?? '')));
    assert.deepEqual(Object.keys(answer.headers), ['date', 'retry-after']);
  });

  it('uses one connection for one request after another', async () => {
    const ports = new Set<number | undefined>();
    const url = await plain((request, response) => {
      ports.add(request.socket.remotePort);
      request.resume().on('end', () => response.end('{}'));
    });
    const one = endpoint();
    for (let asks = 0; asks < 3; asks += 1) await one.post(url, {}, {});
    assert.equal(ports.size, 1);
  });

  it('is not followed elsewhere', async () => {
    let asks = 0;
    const url = await plain((_request, response) => {
      asks += 1;
      response.writeHead(307, { location: '/token' }).end();
    });
    assert.equal((await endpoint().post(url, {}, {})).status, 307);
    assert.equal(asks, 1);
  });

  it('has its time, for head and body together', async () => {
    for (const talks of [false, true]) {
      const url = await plain((_request, response) => {
        if (talks) response.write('{');
      });
      const asked = endpoint({ timeoutMs: 100 }).post(url, {}, {});
      await assert.rejects(asked, (error) => codeOf(error) === 'ETIMEDOUT');
    }
  });

  it('may not say more than 64 KiB', async () => {
    const url = await plain((_request, response) => response.end('x'.repeat(70_000)));
    await assert.rejects(endpoint().post(url, {}, {}), (error) => codeOf(error) === 'E2BIG');
  });

  it('is out of reach with the code of the reason', async () => {
    const url = await plain(() => {});
    for (const close of open.splice(0)) close();
    await assert.rejects(endpoint().post(url, {}, {}), (error) => codeOf(error) === 'ECONNREFUSED');
  });

  it('is not asked any more once it is closed, and lets go of who asks', async () => {
    let asks = 0;
    const url = await plain(() => {
      asks += 1;
      one.close();
    });
    const one = endpoint();
    await assert.rejects(one.post(url, {}, {}), (error) => codeOf(error) === 'ECANCELED');
    await assert.rejects(one.post(url, {}, {}), (error) => codeOf(error) === 'ECANCELED');
    assert.equal(asks, 1);
  });

  it('lets go of who asks through a proxy that has not answered yet', async () => {
    const proxy = createServer();
    const env = { https_proxy: new URL(await urlOf(proxy, 'http')).origin };
    const one = endpoint({ env });
    proxy.on('connect', () => one.close());
    const asked = one.post('https://login.example/token', {}, {});
    await assert.rejects(asked, (error) => codeOf(error) === 'ECANCELED');
  });

  it('is trusted by the certificates of its own', async () => {
    const server = createSecureServer({ cert: testCertificate, key: testKey }, (_, response) => {
      response.end('{}');
    });
    const url = await urlOf(server, 'https');
    assert.equal((await endpoint({ ca: testCertificate }).post(url, {}, {})).status, 200);
    await assert.rejects(endpoint().post(url, {}, {}));
  });

  it('is reached through the proxy of the environment', async () => {
    const seen: (string | undefined)[] = [];
    const proxy = await plain((request, response) => {
      seen.push(request.url);
      request.resume().on('end', () => response.end('{}'));
    });
    const env = { http_proxy: new URL(proxy).origin };
    await endpoint({ env }).post('http://login.example/token', {}, {});
    assert.deepEqual(seen, ['http://login.example/token']);
  });
});
