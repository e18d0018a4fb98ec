import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { CallError } from '../core/errors.ts';
import { BufferBudget, ReplayBody } from '../core/replay-body.ts';
import { NEVER } from '../core/timeline.ts';
import { eventually } from '../testing/eventually.fixture.ts';
import { neverReading, readingSlowly, stream } from '../testing/misbehaving-upstream/behaviours.ts';
import { jsonAnswer } from '../testing/misbehaving-upstream/built-in-answers.ts';
import { RecordingSink } from '../testing/recording-sink.ts';
import { testCall, testEndpoint } from '../testing/test-call.ts';
import type { UpstreamRig } from './transport.fixture.ts';
import { startWithUpstream } from './transport.fixture.ts';

let rig: UpstreamRig;

beforeEach(async () => {
  rig = await startWithUpstream();
});
afterEach(() => rig.end());

function hashOf(...parts: Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

/** Bytes in which a misplaced piece shows. */
function pattern(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; at += 1) bytes[at] = (at * 31 + (at >> 8)) & 255;
  return bytes;
}

/** A body whose producer is the test. */
function openBody(declaredLength: number): ReplayBody {
  return new ReplayBody(declaredLength, 4 << 20, new BufferBudget(64 << 20), undefined);
}

describe('a request', () => {
  it('carries method, path, host and end-to-end fields, and its own framing', async () => {
    const headers = { 'x-a': '1', connection: 'x-b', 'transfer-encoding': 'chunked', 'X-C': '3' };
    const { sink } = rig.send({ path: '/v1/x?y=1', body: 'hello', headers });
    await sink.over;
    const [seen] = rig.upstream.seen.requests;
    assert.equal(
      seen?.rawHead,
      `POST /v1/x?y=1 HTTP/1.1\r\nHost: 127.0.0.1:${rig.upstream.port}\r\n` +
        'x-a: 1\r\nX-C: 3\r\nContent-Length: 5\r\n\r\n',
    );
    assert.equal(seen?.body, 'hello');
  });

  it('without a body announces a length only where one is expected', async () => {
    for (const [method, length] of [
      ['GET', undefined],
      ['POST', '0'],
      ['DELETE', undefined],
    ] as const) {
      const { sink } = rig.send({ method, body: '' });
      await sink.over;
      const seen = rig.upstream.seen.requests.at(-1);
      assert.equal(seen?.header('content-length'), length, method);
      assert.equal(seen?.header('transfer-encoding'), undefined);
    }
  });

  it('puts the base path of its endpoint in front', async () => {
    const endpoint = testEndpoint(rig.upstream.port, { basePath: '/base' });
    const call = testCall({ path: '/x', route: { endpoints: [endpoint] } });
    const sink = new RecordingSink();
    rig.transport.service(call, sink);
    await sink.over;
    assert.equal(rig.upstream.seen.requests[0]?.path, '/base/x');
  });

  for (const size of [1, 65_535, 65_536, 72_000, 74_000, 1_000_000]) {
    it(`arrives whole with a body of ${size} bytes`, async () => {
      const bytes = pattern(size);
      const { sink, call } = rig.send({ body: bytes });
      await sink.over;
      assert.equal(sink.status, 200);
      const [seen] = rig.upstream.seen.requests;
      assert.equal(seen?.bodyHash, hashOf(bytes));
      assert.equal(seen?.header('content-length'), String(size));
      assert.notEqual(call.timeline.sentAt, NEVER);
    });
  }

  it('of unknown length is sent in chunks as it comes', async () => {
    const body = openBody(-1);
    const first = pattern(10);
    const second = pattern(200_000);
    body.push(first);
    const { sink } = rig.send({ body });
    await rig.upstream.until(({ requests }) => requests.length === 1);
    body.push(second);
    await sleep(5);
    body.finish();
    await sink.over;
    const [seen] = rig.upstream.seen.requests;
    assert.equal(seen?.header('transfer-encoding'), 'chunked');
    assert.equal(seen?.header('content-length'), undefined);
    assert.equal(seen?.bodyHash, hashOf(first, second));
    assert.equal(sink.ended, true);
  });

  it('that is complete when it is sent has a length even if none was declared', async () => {
    const body = openBody(-1);
    body.push(pattern(20));
    body.finish();
    const { sink } = rig.send({ body });
    await sink.over;
    assert.equal(rig.upstream.seen.requests[0]?.header('content-length'), '20');
  });

  it('of declared length is sent while it comes', async () => {
    const body = openBody(6);
    const { sink, call } = rig.send({ body });
    body.push(Buffer.from('abc'));
    await eventually(
      () => rig.upstream.seen.requests[0]?.bodyBytes === 3,
      'the first bytes to arrive',
    );
    assert.equal(call.timeline.sentAt, NEVER);
    body.push(Buffer.from('def'));
    body.finish();
    await sink.over;
    assert.equal(rig.upstream.seen.requests[0]?.body, 'abcdef');
    assert.ok(call.timeline.sentAt >= call.timeline.firstWriteAt);
  });

  it('does not mix the bytes of two calls that share the scratch buffer', async () => {
    rig.upstream.use(readingSlowly(20_000_000));
    const bodies = Array.from({ length: 8 }, (_, at) => Buffer.alloc(60_000, 65 + at));
    const sinks = bodies.map((body) => rig.send({ body }).sink);
    await Promise.all(sinks.map((sink) => sink.over));
    const hashes = rig.upstream.seen.requests.map((seen) => seen.bodyHash).toSorted();
    assert.deepEqual(hashes, bodies.map((body) => hashOf(body)).toSorted());
  });
});

describe('an upload that the upstream takes slowly', () => {
  it('shows its progress, and holds the caller back instead of buffering', async () => {
    rig.upstream.use(neverReading());
    const held: string[] = [];
    const source = {
      pauseBody: () => void held.push('pause'),
      resumeBody: () => void held.push('resume'),
    };
    // Not kept for a replay, so that what is not sent must wait at the caller.
    const body = new ReplayBody(64 << 20, 1_024, new BufferBudget(1_024), source);
    const { call, sink } = rig.send({ body });
    await rig.upstream.until(({ requests }) => requests.length === 1);
    let pushed = 0;
    while (held.length === 0 && pushed < 64 << 20) {
      body.push(Buffer.alloc(65_536));
      pushed += 65_536;
      await sleep(0);
    }
    assert.deepEqual(held, ['pause']);
    assert.ok(call.timeline.uploadProgressAt > call.timeline.firstWriteAt);
    assert.equal(call.timeline.sentAt, NEVER);
    call.cancellation.cancel(new CallError('SEND_STALLED'));
    assert.equal(sink.error?.code, 'SEND_STALLED');
  });

  it('goes on where it stopped, byte for byte', async () => {
    rig.upstream.use(readingSlowly(30_000_000));
    const bytes = pattern(12_000_000);
    const { sink, call } = rig.send({ body: bytes });
    await sink.over;
    assert.equal(rig.upstream.seen.requests[0]?.bodyHash, hashOf(bytes));
    assert.ok(call.timeline.sentAt > call.timeline.firstWriteAt);
  });
});

describe('an answer before the end of the upload', () => {
  it('that refuses is passed on, and the upload stops with its connection', async () => {
    rig.upstream.use({ answerAt: 'head', answer: jsonAnswer(413, { error: 'too large' }) });
    const body = openBody(1_000_000);
    const { sink } = rig.send({ body });
    body.push(pattern(1_000));
    await sink.over;
    assert.equal(sink.status, 413);
    assert.equal(sink.ended, true);
    assert.deepEqual(rig.log.closed, ['abort']);
    body.push(pattern(1_000));
    assert.equal(rig.transport.endpoints()[0]?.open, 0);
  });

  it('that is over costs the connection, because the rest of the body will not come', async () => {
    rig.upstream.use({ answerAt: 'head', answer: jsonAnswer(200, { ok: 1 }) });
    const body = openBody(1_000);
    const { sink } = rig.send({ body });
    body.push(pattern(10));
    await sink.over;
    assert.equal(sink.ended, true);
    assert.deepEqual(rig.log.closed, ['abort']);
    body.push(pattern(10));
  });

  it('that does not refuse lets the upload go on', async () => {
    rig.upstream.use({ ...stream(3, 30), answerAt: 'head' });
    const body = openBody(6);
    const { sink } = rig.send({ body });
    body.push(Buffer.from('abc'));
    await eventually(() => sink.chunks.length > 0, 'the first chunk');
    body.push(Buffer.from('def'));
    body.finish();
    await sink.over;
    assert.equal(sink.ended, true);
    assert.equal(rig.upstream.seen.requests[0]?.bodyBytes, 6);
    assert.equal(rig.transport.endpoints()[0]?.idle, 1);
  });
});

describe('an upload whose caller fails', () => {
  it('ends the call with the reason of the caller and aborts the upstream', async () => {
    const body = openBody(100);
    const { sink } = rig.send({ body });
    body.push(Buffer.from('abc'));
    await eventually(
      () => rig.upstream.seen.requests[0]?.bodyBytes === 3,
      'the first bytes to arrive',
    );
    body.fail(new CallError('CALLER_GONE'));
    assert.deepEqual(sink.story, ['fail CALLER_GONE']);
    await rig.upstream.until(({ requests }) => requests[0]?.aborted === true);
  });

  it('is a defect of ours when the length is not the declared one', async () => {
    const body = openBody(3);
    const { sink } = rig.send({ body });
    body.push(Buffer.from('abcd'));
    await sink.over;
    assert.equal(sink.error?.code, 'BUG');
    assert.equal(rig.transport.endpoints()[0]?.active, 0);
  });
});
