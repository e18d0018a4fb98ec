import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { afterEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { RawClient } from '../raw-client.ts';
import type { Script } from './behaviour.ts';
import * as b from './behaviours.ts';
import { okAnswer } from './built-in-answers.ts';
import { testCertificate } from './certificate.ts';
import type { UpstreamOptions } from './misbehaving-upstream.ts';
import { MisbehavingUpstream } from './misbehaving-upstream.ts';
import { cycle, onNthOfConnection, untilTokenChanges } from './scripts.ts';

const open: { close?: () => Promise<void>; destroy?: () => void }[] = [];

afterEach(async () => {
  for (const thing of open.splice(0).toReversed()) {
    thing.destroy?.();
    await thing.close?.();
  }
});

async function setUp(script?: Script, options?: UpstreamOptions) {
  const upstream = await MisbehavingUpstream.listen(script, options);
  open.push(upstream);
  const client = await RawClient.connect(upstream.port);
  open.push(client);
  return { upstream, client, seen: upstream.seen };
}

const OK_BODY = JSON.stringify({ ok: true });
const complete = (client: RawClient): boolean => client.text.endsWith('0\r\n\r\n');

describe('misbehaving upstream, well behaved', () => {
  it('answers 200 with a length and keeps the connection for the next request', async () => {
    const { client, seen } = await setUp();
    client.request({ id: 'one', path: '/a?b=c', body: 'hello' });
    await client.until(() => client.text.endsWith(OK_BODY));
    match(client.text, /^HTTP\/1\.1 200 OK\r\n[^]*content-length: 11\r\n/);
    client.clear();
    client.request({ id: 'two' });
    await client.until(() => client.text.endsWith(OK_BODY));
    equal(seen.connections.length, 1);
    deepEqual(
      seen.requests.map(({ method, path, id, body, indexOnConnection }) => [
        method,
        path,
        id,
        body,
        indexOnConnection,
      ]),
      [
        ['POST', '/a?b=c', 'one', 'hello', 0],
        ['POST', '/', 'two', '', 1],
      ],
    );
    const [first] = seen.requests;
    equal(first?.bodyHash, createHash('sha256').update('hello').digest('hex'));
    ok(first?.executed && first.answeredAt >= first.bodyAt);
  });

  it('streams events as chunks, one chunk an event', async () => {
    const { client } = await setUp(b.stream(2));
    client.request();
    await client.until(complete);
    match(client.text, /transfer-encoding: chunked/);
    const chunk = 'data: {"event":0}\n\n';
    ok(client.body.startsWith(`${chunk.length.toString(16)}\r\n${chunk}\r\n`));
  });

  it('reads chunked uploads with trailers', async () => {
    const { client, seen } = await setUp();
    client.send('POST / HTTP/1.1\r\nhost: t\r\ntransfer-encoding: chunked\r\n\r\n');
    client.send('5;ext=1\r\nhel');
    client.send('lo\r\n6\r\n world\r\n0\r\nx-sum: 1\r\n\r\n');
    await client.until(() => client.text.endsWith(OK_BODY));
    equal(seen.requests[0]?.body, 'hello world');
    deepEqual(seen.requests[0]?.trailers, [['x-sum', '1']]);
  });

  it('answers pipelined requests in turn and notes that they were', async () => {
    const { client, seen } = await setUp({ thinkMs: 10 });
    client.request({ id: 'a' });
    client.request({ id: 'b' });
    await client.until(() => client.text.split(OK_BODY).length === 3);
    equal(seen.requests[0]?.pipelined, true);
  });

  it('refuses and records a request whose framing is ambiguous', async () => {
    const { client, seen } = await setUp();
    client.send('POST / HTTP/1.1\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\nabc');
    equal(await client.ended(), 'fin');
    match(client.text, /^HTTP\/1\.1 400/);
    equal(seen.requests.length, 0);
  });

  it('speaks TLS with a certificate that verifies as its own CA', async () => {
    const upstream = await MisbehavingUpstream.listen(cycle([{}, b.cut('rst', 'event:1')]), {
      tls: true,
    });
    open.push(upstream);
    const socket = connectTls({ port: upstream.port, host: '127.0.0.1', ca: testCertificate });
    const client = await RawClient.connect(socket);
    open.push(client);
    client.request();
    await client.until(() => client.text.endsWith(OK_BODY));
    equal(socket.authorized, true);
    client.request();
    equal(await client.ended(), 'rst');
  });
});

describe('misbehaving upstream, closing', () => {
  it('closes idle connections by FIN after the given time', async () => {
    const { client, seen } = await setUp({}, { idle: { afterMs: 40, how: 'fin' } });
    client.request();
    await client.until(() => client.text.endsWith(OK_BODY));
    equal(await client.ended(), 'fin');
    const [connection] = seen.connections;
    const idleMs = (connection?.weClosedAt ?? 0) - (seen.requests[0]?.answeredAt ?? 0);
    ok(idleMs >= 38 && idleMs < 200, `${idleMs} ms`);
    equal(connection?.closedBy, 'upstream-fin');
  });

  it('closes idle connections by reset', async () => {
    const { client, seen } = await setUp({}, { idle: { afterMs: 20, how: 'rst' } });
    equal(await client.ended(), 'rst');
    equal(seen.closedBy('upstream-rst'), 1);
  });

  it('falls silent on idle connections: a request gets neither answer nor reset', async () => {
    const { client, seen } = await setUp({}, { idle: { afterMs: 20, how: 'silence' } });
    await sleep(50);
    client.request();
    await sleep(50);
    equal(client.text, '');
    equal(client.ending, 'open');
    equal(seen.requests.length, 0);
  });

  it('closes on the second request unread, which is then not executed', async () => {
    const { client, seen } = await setUp(onNthOfConnection(2, b.closedUnread('rst')));
    client.request({ id: 'first' });
    await client.until(() => client.text.endsWith(OK_BODY));
    client.request({ id: 'second' });
    equal(await client.ended(), 'rst');
    deepEqual([...seen.executions()], [['first', 1]]);
  });

  it('executes and then closes without an answer', async () => {
    const { client, seen } = await setUp(b.processedThenClosed('fin'));
    client.request({ id: 'gone' });
    equal(await client.ended(), 'fin');
    equal(client.text, '');
    deepEqual([...seen.executions()], [['gone', 1]]);
  });

  it('closes after a whole answer without announcing it', async () => {
    const { client, seen } = await setUp(b.closingUnannounced());
    client.request();
    equal(await client.ended(), 'fin');
    ok(client.text.endsWith(OK_BODY) && !client.text.includes('connection: close'));
    ok((seen.requests[0]?.answeredAt ?? -1) > 0);
  });

  it('announces the close of the last request a connection may carry', async () => {
    const { client } = await setUp({}, { connections: { requestsMax: 2 } });
    client.request();
    await client.until(() => client.text.endsWith(OK_BODY));
    ok(!client.text.includes('connection: close'));
    client.request();
    equal(await client.ended(), 'fin');
    match(client.text, /connection: close/);
  });

  it('can refuse connections by reset, or take them and never read', async () => {
    const { client, upstream } = await setUp(
      {},
      { connections: [{ accept: 'rst' }, { accept: 'stall' }] },
    );
    equal(await client.ended(), 'rst');
    const other = await RawClient.connect(upstream.port);
    open.push(other);
    other.request();
    await sleep(30);
    equal(upstream.seen.requests.length, 0);
    equal(other.ending, 'open');
  });

  it('closes all idle connections at once, as a restart does, but not the busy ones', async () => {
    const { client, upstream } = await setUp({ thinkMs: 5_000 });
    const idle = await RawClient.connect(upstream.port);
    open.push(idle);
    client.request();
    await upstream.until((seen) => seen.requests.length === 1 && seen.connections.length === 2);
    upstream.actOnIdle('fin');
    equal(await idle.ended(), 'fin');
    equal(client.ending, 'open');
  });
});

describe('misbehaving upstream, breaking answers', () => {
  const endings: [string, Script, RegExp, 'fin' | 'rst'][] = [
    ['FIN inside the head', b.halfHead(10), /^HTTP\/1\.1 2$/, 'fin'],
    [
      'FIN right behind the head',
      b.also(b.stream(3), b.cut('fin', 'first-event')),
      /\r\n\r\n$/,
      'fin',
    ],
    [
      'RST after two events',
      b.also(b.stream(5), b.cut('rst', 'event:2')),
      /"event":1}\n\n\r\n$/,
      'rst',
    ],
    [
      'FIN before the terminal event',
      b.also(b.stream(2), b.cut('fin', 'before-terminal')),
      /"event":1}\n\n\r\n$/,
      'fin',
    ],
    [
      'FIN instead of the last chunk',
      b.also(b.stream(1), b.withoutLastChunk()),
      /\[DONE\]\n\n\r\n$/,
      'fin',
    ],
    ['FIN after five body bytes', b.cut('fin', 'byte:5'), /\r\n\r\n\{"ok"$/, 'fin'],
    [
      'a length that promises too much',
      b.wrongLength(7),
      /content-length: 18\r\n[^]*true}$/,
      'fin',
    ],
  ];
  for (const [name, script, tail, ending] of endings) {
    it(`ends by ${name}`, async () => {
      const { client } = await setUp(script);
      client.request();
      equal(await client.ended(), ending);
      match(client.text, tail);
    });
  }

  const wholes: [string, Script, RegExp][] = [
    [
      'a length that promises too little',
      b.wrongLength(-4),
      /content-length: 7\r\n[^]*\{"ok":true}$/,
    ],
    [
      'a chunk size that is no number',
      b.also(b.stream(3), b.badChunk('size', 1)),
      /\r\nxyz\r\ndata[^]*0\r\n\r\n$/,
    ],
    [
      'a chunk without its CRLF',
      b.also(b.stream(1), b.badChunk('no-crlf')),
      /"event":0}\n\n[0-9a-f]+\r\n/,
    ],
    ['a negative chunk size', b.also(b.stream(1), b.badChunk('negative')), /\r\n-13\r\n/],
    ['a chunk size beyond any number', b.also(b.stream(1), b.badChunk('huge')), /\r\nf{17}\r\n/],
    ['extra bytes behind the answer', b.withExtraBytes('SURPRISE'), /\{"ok":true}SURPRISE$/],
    ['an empty 200', b.empty(), /^HTTP\/1\.1 200[^]*content-length: 0\r\n\r\n$/],
    ['a page of HTML', b.htmlError(), /^HTTP\/1\.1 502[^]*text\/html[^]*<\/html>\n$/],
    [
      'an error event inside a 200',
      b.also(b.stream(9), b.errorEvent('/v1/messages', 2)),
      /"event":1}\n\n\r\n[0-9a-f]+\r\nevent: error\n[^]*0\r\n\r\n$/,
    ],
    [
      'an error event first',
      b.also(b.stream(9), b.errorEvent('/v1/chat/completions')),
      /\r\n\r\n[0-9a-f]+\r\ndata: \{"error"/,
    ],
    [
      'trailers',
      b.also(b.stream(1), b.withTrailers({ 'x-end': 'yes' })),
      /trailer: x-end[^]*0\r\nx-end: yes\r\n\r\n$/,
    ],
    [
      'informational heads',
      b.withInterim(102, 103),
      /^HTTP\/1\.1 102[^]*HTTP\/1\.1 103[^]*HTTP\/1\.1 200/,
    ],
    ['keep-alive hints', b.hinting('timeout=5, max=7'), /keep-alive: timeout=5, max=7\r\n/],
    [
      'HTTP/1.0 on a kept connection',
      b.http10('keep-alive'),
      /^HTTP\/1\.0 200[^]*connection: keep-alive/,
    ],
    [
      'a raw head',
      b.rawHead('HTTP/1.1 200 OK\nx: y\n\n'),
      /^HTTP\/1\.1 200 OK\nx: y\n\n\{"ok":true}$/,
    ],
  ];
  for (const [name, script, shape] of wholes) {
    it(`sends ${name}`, async () => {
      const { client } = await setUp(script);
      client.request();
      await client.until(() => shape.test(client.text));
    });
  }

  it('ends an HTTP/1.0 body by closing', async () => {
    const { client } = await setUp(b.http10());
    client.request();
    equal(await client.ended(), 'fin');
    match(client.text, /^HTTP\/1\.0 200[^]*connection: close\r\n\r\n\{"ok":true}$/);
  });

  for (const point of [
    'before-head',
    'head:12',
    'after-head',
    'event:1',
    'before-terminal',
  ] as const) {
    it(`stalls at ${point}, connection open, and sees there when the caller leaves`, async () => {
      const { client, seen, upstream } = await setUp(b.also(b.stream(3), b.stalling(point)));
      client.request();
      await upstream.until(() => seen.requests[0]?.point === point);
      await sleep(20);
      equal(client.ending, 'open');
      client.destroy();
      await upstream.until(() => seen.requests[0]?.aborted === true);
      equal(seen.requests[0]?.point, point);
      equal(seen.connections[0]?.closedBy, 'caller-fin');
    });
  }

  it('trickles head and body at the pace it was told', async () => {
    const { client } = await setUp(b.also(b.answering(okAnswer), b.trickling(20, 10)));
    client.request();
    await client.until(() => client.text.endsWith(OK_BODY));
    ok(client.reads.length >= 4, `${client.reads.length} reads`);
    ok(client.reads.every(({ bytes }) => bytes <= 40));
  });

  it('refuses with Retry-After as seconds, date and milliseconds', async () => {
    const { client } = await setUp([
      b.refusing(429, { seconds: 2 }),
      b.refusing(503, { dateMs: Date.UTC(2030, 0, 2) }),
      b.refusing(529, { ms: 1_500 }),
    ]);
    for (const shape of [
      /^HTTP\/1\.1 429[^]*retry-after: 2\r\n/,
      /^HTTP\/1\.1 503[^]*retry-after: Wed, 02 Jan 2030 00:00:00 GMT\r\n/,
      /^HTTP\/1\.1 529 Overloaded[^]*retry-after-ms: 1500\r\n[^]*"overloaded_error"/,
    ]) {
      client.clear();
      client.request({ path: '/v1/messages' });
      await client.until(() => shape.test(client.text) && client.text.endsWith('}'));
    }
  });

  it('answers 401 until the token changes', async () => {
    const { client } = await setUp(untilTokenChanges());
    for (const [token, status] of [
      ['old', 401],
      ['old', 401],
      ['new', 200],
      ['newer', 200],
    ]) {
      client.clear();
      client.request({ headers: { authorization: `Bearer ${token}` } });
      await client.until(() => client.text.startsWith(`HTTP/1.1 ${status}`));
      await client.until(() => client.text.endsWith('}'));
    }
  });
});

describe('misbehaving upstream, reading', () => {
  it('reads a body slowly, so that a large one takes its time', async () => {
    const { client, seen, upstream } = await setUp(b.readingSlowly(4 * 1024 * 1024));
    client.request({ body: 'x'.repeat(1024 * 1024) });
    await client.until(() => client.text.endsWith(OK_BODY));
    await upstream.until(() => seen.requests[0]?.executed === true);
    const [request] = seen.requests;
    ok((request?.bodyAt ?? 0) - (request?.headAt ?? 0) >= 100);
    equal(request?.bodyBytes, 1024 * 1024);
  });

  it('never reads a body, so that the caller is held back', async () => {
    const { client, seen } = await setUp(b.neverReading());
    client.request({ body: 'x'.repeat(32 * 1024 * 1024) });
    await sleep(100);
    equal(seen.requests[0]?.executed, false);
    ok(client.socket.writableLength > 0);
  });

  it('keeps to the reader: a huge body costs no memory while nobody reads it', async () => {
    const { client, upstream } = await setUp(b.huge(512 * 1024 * 1024));
    client.request();
    client.socket.pause();
    await sleep(100);
    ok((upstream.seen.requests[0]?.sentBytes ?? 0) < 64 * 1024 * 1024);
  });

  it('sends 100 Continue only when asked, or refuses the expectation', async () => {
    const { client } = await setUp([{}, { expect: 'refuse' }]);
    const headers = { expect: '100-continue' };
    client.request({ headers, body: 'a' });
    await client.until(() => client.text.startsWith('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200'));
    client.clear();
    client.request({ headers, body: 'a' });
    await client.until(() => client.text.startsWith('HTTP/1.1 417'));
  });

  it('can answer before the body has come', async () => {
    const { client, seen } = await setUp({ answerAt: 'head' });
    client.send('POST / HTTP/1.1\r\nhost: t\r\ncontent-length: 5\r\n\r\n');
    await client.until(() => client.text.endsWith(OK_BODY));
    equal(seen.requests[0]?.executed, false);
    client.send('hello');
    client.request();
    await client.until(() => client.text.split(OK_BODY).length === 3);
    equal(seen.requests[0]?.executed, true);
  });
});
