// What an edge must do with requests: strict parsing, framing, refusals. Run on both edges.

import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import type { Call } from '../../../src/core/call.ts';
import { CallError } from '../../../src/core/errors.ts';
import { freeFlow } from '../../../src/core/sink.ts';
import type { Sink } from '../../../src/core/sink.ts';
import { eventually } from '../../../src/testing/eventually.fixture.ts';
import { head, startEdge } from '../../support/edge-rig.ts';
import type { EdgeKind, EdgeRig } from '../../support/edge-rig.ts';
import { RawCaller } from '../../support/raw-caller.ts';

/** Reads the whole body, then answers `200` with its text. */
export function echo(call: Call, sink: Sink): void {
  const parts: Buffer[] = [];
  call.body.open({
    bodyBytes(bytes) {
      parts.push(Buffer.from(bytes));
      return true;
    },
    bodyEnd() {
      const body = Buffer.concat(parts);
      sink.start(head(200, { 'content-type': 'text/plain' }, 'length', body.length), freeFlow);
      if (body.length > 0) sink.chunk(body);
      sink.end();
    },
    bodyFailed: (error) => sink.fail(error),
  });
}

const HOST = 'Host: here\r\n';

/** Messages that must be refused with this status and never reach a service. */
const refusals: readonly (readonly [string, number, string])[] = [
  [
    'both Content-Length and Transfer-Encoding',
    400,
    `POST / HTTP/1.1\r\n${HOST}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  ],
  [
    'Transfer-Encoding before Content-Length',
    400,
    `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n`,
  ],
  [
    'two different lengths',
    400,
    `POST / HTTP/1.1\r\n${HOST}Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde`,
  ],
  ['a folded header line', 400, `GET / HTTP/1.1\r\n${HOST}X-A: 1\r\n  folded\r\n\r\n`],
  ['a bare LF in the head', 400, `GET / HTTP/1.1\n${HOST}\r\n\r\n`],
  ['a space before the colon', 400, `GET / HTTP/1.1\r\n${HOST}X-A : 1\r\n\r\n`],
  ['a bare CR in a value', 400, `GET / HTTP/1.1\r\n${HOST}X-A: 1\rX-B: 2\r\n\r\n`],
  ['a NUL in a value', 400, `GET / HTTP/1.1\r\n${HOST}X-A: 1\0\r\n\r\n`],
  ['a signed length', 400, `POST / HTTP/1.1\r\n${HOST}Content-Length: +4\r\n\r\nabcd`],
  [
    'a coding after chunked',
    400,
    `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked, identity\r\n\r\n`,
  ],
  [
    'chunked twice',
    400,
    `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  ],
  ['no Host', 400, 'GET / HTTP/1.1\r\n\r\n'],
  ['two Hosts', 400, `GET / HTTP/1.1\r\n${HOST}Host: there\r\n\r\n`],
];

/** The request half of the edge suite. */
export function requestSuite(kind: EdgeKind): void {
  describe(`requests on the ${kind} edge`, () => {
    let rig: EdgeRig;
    afterEach(() => rig.close());

    for (const [name, status, message] of refusals) {
      it(`refuses ${name} and closes`, async () => {
        rig = await startEdge(kind, echo);
        const caller = await RawCaller.tell(rig.port, message);
        const got = Number(/^HTTP\/1\.1 (\d+)/.exec(caller.text)?.[1]);
        const allowed = status === 400 ? [400, 501] : [status];
        assert.ok(allowed.includes(got), `status ${got} in ${caller.text}`);
        assert.equal(rig.calls.length, 0);
        assert.match(caller.text, /x-holdfast-call-id: \S+\r\n/i);
        assert.equal(rig.refused.length, 1);
      });
    }

    it('refuses a chunk size that is not hexadecimal and closes', async () => {
      rig = await startEdge(kind, echo);
      const start = `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n`;
      const caller = await RawCaller.tell(rig.port, `${start}0x4\r\nabcd\r\n0\r\n\r\n`);
      assert.match(caller.text, /^(HTTP\/1\.1 400|$)/);
    });

    it('answers requests one after another on one connection', async () => {
      rig = await startEdge(kind, echo);
      const caller = await RawCaller.open(rig.port);
      caller.say(`POST /a HTTP/1.1\r\n${HOST}Content-Length: 3\r\n\r\none`);
      await caller.until((text) => text.endsWith('one'));
      caller.say(`POST /b HTTP/1.1\r\n${HOST}Content-Length: 3\r\n\r\ntwo`);
      await caller.until((text) => text.endsWith('two'));
      assert.equal(rig.calls.length, 2);
      caller.destroy();
    });

    it('answers pipelined requests in their order', async () => {
      rig = await startEdge(kind, echo);
      const caller = await RawCaller.open(rig.port);
      const ask = (body: string): string =>
        `POST / HTTP/1.1\r\n${HOST}Content-Length: ${body.length}\r\n\r\n${body}`;
      caller.say(ask('first') + ask('second') + ask('third'));
      await caller.until((text) => text.endsWith('third'));
      assert.match(caller.text, /first[^]*second[^]*third/);
      caller.destroy();
    });

    it('takes a chunked upload byte by byte', async () => {
      rig = await startEdge(kind, echo);
      const caller = await RawCaller.open(rig.port);
      const chunks = '4;a=b\r\nWiki\r\n5\r\npedia\r\n0\r\n\r\n';
      const text = `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n${chunks}`;
      for (const letter of text) {
        caller.say(letter);
        await new Promise((resolve) => setImmediate(resolve));
      }
      await caller.until((got) => got.endsWith('Wikipedia'));
      caller.destroy();
    });

    it('says 100 Continue before it reads an expected body', async () => {
      rig = await startEdge(kind, echo);
      const caller = await RawCaller.open(rig.port);
      caller.say(`POST / HTTP/1.1\r\n${HOST}Content-Length: 2\r\nExpect: 100-continue\r\n\r\n`);
      await caller.until((text) => text.startsWith('HTTP/1.1 100'));
      caller.say('ok');
      await caller.until((text) => text.endsWith('ok'));
      caller.destroy();
    });

    it('spares the caller its upload when the head alone is refused', async () => {
      rig = await startEdge(kind, (_call, sink) => sink.fail(new CallError('NO_ROUTE')));
      const caller = await RawCaller.open(rig.port);
      caller.say(`POST / HTTP/1.1\r\n${HOST}Content-Length: 2\r\nExpect: 100-continue\r\n\r\n`);
      await caller.until((text) => text.includes('\r\n\r\n'));
      assert.match(caller.text, /^HTTP\/1\.1 404/);
      assert.match(caller.text, /connection: close/i);
      caller.destroy();
    });

    it('reduces an absolute target and keeps the query', async () => {
      rig = await startEdge(kind, echo);
      const caller = await RawCaller.open(rig.port);
      caller.say(`GET http://here/x?y=1 HTTP/1.1\r\n${HOST}\r\n`);
      await caller.until((text) => text.includes('\r\n\r\n'));
      assert.equal(rig.calls[0]?.path, '/x?y=1');
      caller.destroy();
    });

    it('passes OPTIONS * on', async () => {
      rig = await startEdge(kind, echo);
      const caller = await RawCaller.open(rig.port);
      caller.say(`OPTIONS * HTTP/1.1\r\n${HOST}\r\n`);
      await caller.until((text) => text.startsWith('HTTP/1.1 200'));
      assert.equal(rig.calls[0]?.path, '*');
      caller.destroy();
    });

    it('keeps hop-by-hop fields and those Connection names from going on', async () => {
      rig = await startEdge(kind, echo);
      const caller = await RawCaller.open(rig.port);
      caller.say(
        `GET / HTTP/1.1\r\n${HOST}Connection: keep-alive, X-Secret\r\nX-Secret: 1\r\n` +
          'X-Kept: 2\r\n' +
          'Keep-Alive: timeout=5\r\nTE: trailers\r\nProxy-Authorization: x\r\n\r\n',
      );
      await caller.until((text) => text.includes('\r\n\r\n'));
      assert.equal(rig.calls[0]?.headers.forwardable(), 'X-Kept: 2\r\n');
      caller.destroy();
    });

    it('refuses a head over the limit with 431', async () => {
      rig = await startEdge(kind, echo);
      const big = `GET / HTTP/1.1\r\n${HOST}X-Big: ${'b'.repeat(70_000)}\r\n\r\n`;
      const caller = await RawCaller.tell(rig.port, big);
      assert.match(caller.text, /^HTTP\/1\.1 431/);
    });

    it('refuses too many fields', async () => {
      rig = await startEdge(kind, echo);
      const many = `GET / HTTP/1.1\r\n${HOST}${'X-A: 1\r\n'.repeat(200)}\r\n`;
      const caller = await RawCaller.tell(rig.port, many);
      assert.match(caller.text, /^HTTP\/1\.1 431/);
    });

    it('refuses a declared body over the limit before reading it', async () => {
      rig = await startEdge(kind, echo, { edge: { bodyBytes: 100 } });
      const caller = await RawCaller.open(rig.port);
      caller.say(`POST / HTTP/1.1\r\n${HOST}Content-Length: 101\r\n\r\n`);
      await caller.until((text) => text.startsWith('HTTP/1.1 413'));
      caller.destroy();
    });

    it('refuses a chunked body that grows over the limit', async () => {
      rig = await startEdge(kind, echo, { edge: { bodyBytes: 100 } });
      const caller = await RawCaller.open(rig.port);
      caller.say(`POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n`);
      for (let sent = 0; sent < 3; sent += 1) caller.say(`40\r\n${'x'.repeat(64)}\r\n`);
      await caller.until((text) => text.startsWith('HTTP/1.1 413'));
      caller.destroy();
    });

    it('lets a refused caller read its answer while the upload is still coming', async () => {
      rig = await startEdge(kind, (_call, sink) => sink.fail(new CallError('NO_ROUTE')));
      const caller = await RawCaller.open(rig.port);
      caller.say(`POST / HTTP/1.1\r\n${HOST}Content-Length: 200000\r\n\r\n`);
      for (let sent = 0; sent < 20; sent += 1) {
        caller.say('x'.repeat(10_000));
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      await caller.untilClosed();
      assert.equal(caller.reset, false);
      assert.match(caller.text, /^HTTP\/1\.1 404/);
    });

    it('gives up on a head that never ends with 408', async () => {
      rig = await startEdge(kind, echo, { edge: { headMs: 150 } });
      const caller = await RawCaller.tell(rig.port, 'GET / HTTP/1.1\r\nHost: he');
      assert.match(caller.text, /^HTTP\/1\.1 408/);
    });

    it('gives up on a body that stops coming with 408', async () => {
      rig = await startEdge(kind, echo, { edge: { bodyStallMs: 150 } });
      const start = `POST / HTTP/1.1\r\n${HOST}Content-Length: 10\r\n\r\nabc`;
      const caller = await RawCaller.open(rig.port);
      caller.say(start);
      await caller.until((text) => text.startsWith('HTTP/1.1 408'));
      await eventually(() => rig.sweep.size <= 1, 'the sweep to empty');
      caller.destroy();
    });

    it('closes a connection that stays idle', async () => {
      rig = await startEdge(kind, echo, { edge: { keepAliveMs: 150 } });
      const caller = await RawCaller.open(rig.port);
      caller.say(`GET / HTTP/1.1\r\n${HOST}\r\n`);
      await caller.untilClosed();
      assert.match(caller.text, /^HTTP\/1\.1 200/);
    });
  });
}
