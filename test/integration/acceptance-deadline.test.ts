// Callers who say how long they wait, in each of the fields in use: they are answered in time, the
// upstream is told what is left of it, and is let go at once.

import assert from 'node:assert/strict';
import { after, afterEach, beforeEach, describe, it } from 'node:test';
import { anthropicEvents } from '../../src/dialects/samples.ts';
import { eventually } from '../../src/testing/eventually.fixture.ts';
import {
  LeakCheck,
  MisbehavingUpstream,
  pausing,
  refusing,
  sseAnswer,
  stalling,
} from '../../src/testing/index.ts';
import type { SeenRequest } from '../../src/testing/index.ts';
import { AcceptanceGateway } from '../support/acceptance-gateway.ts';
import { RawCaller } from '../support/raw-caller.ts';

/** Deadlines are kept to the precision of the sweep, 100 ms; the rest is for busy machines. */
const LATE_MS = 500;
const BODY = '{"model":"m","stream":true}';

/** How each field says `ms`, and how many ms its value means. */
const fields: readonly [string, (ms: number) => string, (value: string) => number][] = [
  ['x-deadline-ms', (ms) => String(ms), (value) => Number(value)],
  ['grpc-timeout', (ms) => `${ms}m`, (value) => Number(/^(\d+)m$/.exec(value)?.[1])],
  ['x-envoy-expected-rq-timeout-ms', (ms) => String(ms), (value) => Number(value)],
];

interface Answered {
  readonly status: number;
  readonly code: string | null;
  readonly text: string;
  readonly tookMs: number;
}

describe('a caller who says how long it waits', () => {
  const leaks = LeakCheck.begin();
  let upstream: MisbehavingUpstream;
  let gateway: AcceptanceGateway;
  beforeEach(async () => {
    upstream = await MisbehavingUpstream.listen();
  });
  afterEach(async () => {
    await gateway.close();
    await upstream.close();
  });
  after(() => leaks.assertClean());

  async function start(more: object = {}): Promise<void> {
    const endpoints = [upstream.url];
    const one = { dialect: 'anthropic', profile: 'llm-hosted', endpoints, ...more };
    gateway = await AcceptanceGateway.start({ upstreams: { one } });
  }

  async function ask(headers: Record<string, string>): Promise<Answered> {
    const beganAt = performance.now();
    const url = `${gateway.url}/v1/messages`;
    const answer = await fetch(url, { method: 'POST', body: BODY, headers });
    const text = await answer.text();
    const code = answer.headers.get('x-holdfast-error');
    return { status: answer.status, code, text, tookMs: performance.now() - beganAt };
  }

  function rawAsk(fieldLines: string = ''): string {
    const head = `POST /v1/messages HTTP/1.1\r\nHost: h\r\n${fieldLines}`;
    return `${head}Content-Length: ${BODY.length}\r\n\r\n${BODY}`;
  }

  function assertTimedOut({ status, code, text, tookMs }: Answered, limitMs: number): void {
    assert.equal(status, 504);
    assert.equal(code, 'DEADLINE_EXCEEDED');
    assert.match(text, /^\{"type":"error","error":\{"type":"timeout_error"/);
    assert.ok(tookMs < limitMs + LATE_MS, `${tookMs} ms for ${limitMs} ms`);
  }

  for (const [field, write, read] of fields) {
    it(`in ${field} gets 504 then, and the upstream is told and let go`, async () => {
      upstream.use(stalling('before-head'));
      await start();
      const answered = await ask({ [field]: write(300) });
      assertTimedOut(answered, 300);
      assert.ok(answered.tookMs >= 295, `${answered.tookMs} ms: no sooner than it asked for`);
      await upstream.until(({ abortedCount }) => abortedCount === 1);
      const [asked] = upstream.seen.requests as [SeenRequest];
      const toldMs = read(asked.header(field) ?? '');
      assert.ok(toldMs > 200 && toldMs <= 300, `told ${asked.header(field)}`);
      assert.equal(gateway.failures(upstream.url), 0, 'the upstream had no fault in it');
    });

    it(`in ${field} has the time between attempts taken off for the next`, async () => {
      upstream.use([refusing(503, { ms: 300 }), {}]);
      await start();
      const { status } = await ask({ [field]: write(5_000) });
      assert.equal(status, 200);
      const [first, second] = upstream.seen.requests as [SeenRequest, SeenRequest];
      const passedMs = second.headAt - first.headAt;
      const [firstMs, secondMs] = [first, second].map((one) => read(one.header(field) ?? ''));
      const lessMs = (firstMs ?? 0) - (secondMs ?? 0);
      assert.ok(Math.abs(lessMs - passedMs) < 100, `${lessMs} ms less after ${passedMs} ms`);
      assert.ok(lessMs >= 290);
    });
  }

  it('has its time in the queue taken off', async () => {
    upstream.use([pausing('before-head', 300), {}]);
    await start({ limit: { algorithm: 'fixed', max: 1 } });
    const [first, second] = await Promise.all([ask({}), ask({ 'x-deadline-ms': '5000' })]);
    assert.deepEqual([first.status, second.status], [200, 200]);
    const told = upstream.seen.requests.map((one) => one.header('x-deadline-ms')).filter(Boolean);
    assert.equal(told.length, 1);
    const toldMs = Number(told[0]);
    assert.ok(toldMs > 4_000 && toldMs < 4_750, `told ${toldMs}`);
  });

  it('waits half of it in the queue at most, so that it may still go elsewhere', async () => {
    upstream.use(stalling('before-head'));
    await start({ limit: { algorithm: 'fixed', max: 1 } });
    const served = await RawCaller.open(gateway.port);
    served.say(rawAsk());
    await upstream.until(({ requestCount }) => requestCount === 1);
    const { status, code, tookMs } = await ask({ 'x-deadline-ms': '1000' });
    assert.deepEqual([status, code], [503, 'OVERLOADED']);
    assert.ok(tookMs >= 495 && tookMs < 1_000, `${tookMs} ms`);
    assert.equal(upstream.seen.requestCount, 1);
    assert.equal(gateway.held('slot'), 1, 'that of the other call');
    served.destroy();
  });

  it('is answered in time by a second attempt that stalls', async () => {
    upstream.use([refusing(503, { ms: 100 }), stalling('before-head')]);
    await start();
    assertTimedOut(await ask({ 'x-deadline-ms': '400' }), 400);
    assert.equal(upstream.seen.requestCount, 2);
  });

  it('is told of a refusal at once that leaves no time for another attempt', async () => {
    upstream.use(refusing(503, { ms: 2_000 }));
    await start();
    const { status, tookMs } = await ask({ 'x-deadline-ms': '1000' });
    assert.equal(status, 503);
    assert.ok(tookMs < 500, `${tookMs} ms`);
    assert.equal(upstream.seen.requestCount, 1);
  });

  it('longer ago than it waits costs the upstream nothing', async () => {
    await start();
    const answered = await ask({ 'x-deadline-ms': '-20' });
    assertTimedOut(answered, 0);
    assert.equal(upstream.seen.requestCount, 0);
  });

  it('has a stream cut then that is not over, and told in the stream why', async () => {
    // A block is complete by then: before that a client does better without an error event.
    const steps = anthropicEvents.map((bytes, at) => ({ afterMs: at === 0 ? 0 : 60, bytes }));
    upstream.use({ answer: sseAnswer(steps) });
    await start();
    const beganAt = performance.now();
    const caller = await RawCaller.open(gateway.port);
    caller.say(rawAsk('x-deadline-ms: 500\r\n'));
    await caller.untilClosed();
    const tookMs = performance.now() - beganAt;
    assert.ok(tookMs >= 495 && tookMs < 500 + LATE_MS, `${tookMs} ms`);
    assert.match(caller.text, /^HTTP\/1\.1 200 [^]*event: content_block_delta/);
    assert.match(
      caller.text,
      /event: error\ndata: \{"type":"error","error":\{"type":"timeout_error"/,
    );
    assert.ok(!caller.text.endsWith('0\r\n\r\n'), 'a cut answer must not look whole');
    await upstream.until(({ abortedCount }) => abortedCount === 1);
  });

  it('until the head, as SDKs do, has no stream cut that is producing', async () => {
    const steps = anthropicEvents.map((bytes, at) => ({ afterMs: at === 0 ? 0 : 95, bytes }));
    upstream.use({ answer: sseAnswer(steps) });
    await start();
    const { status, text, tookMs } = await ask({ 'x-stainless-timeout': '1' });
    assert.equal(status, 200);
    assert.ok(tookMs > 1_100, `${tookMs} ms: longer than the limit`);
    assert.equal(text, anthropicEvents.join(''));
  });

  it('until the head, as SDKs do, gets 504 when there is none by then', async () => {
    upstream.use(stalling('before-head'));
    await start();
    assertTimedOut(await ask({ 'x-stainless-timeout': '1' }), 1_000);
    await eventually(() => upstream.seen.abortedCount === 1, 'the end of the request upstream');
  });

  it('in words that mean nothing is told so', async () => {
    await start();
    const { status, text } = await ask({ 'x-deadline-ms': 'soon' });
    assert.equal(status, 400);
    assert.match(text, /x-deadline-ms/);
    assert.equal(upstream.seen.requestCount, 0);
  });
});
