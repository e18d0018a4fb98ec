// Streams in numbers: hundreds that produce all end whole, thousands that rest cost little memory.
// Time is scaled; the real-time and full-size forms are set by HOLDFAST_STREAM_SECONDS (600) and
// HOLDFAST_IDLE_STREAMS (5000).

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { eventually } from '../../src/testing/eventually.fixture.ts';
import { MisbehavingUpstream } from '../../src/testing/index.ts';
import { startGatewayProcess } from '../support/gateway-process.ts';
import type { GatewayProcess } from '../support/gateway-process.ts';
import { RawCaller } from '../support/raw-caller.ts';

const STREAM_MS = Number(process.env['HOLDFAST_STREAM_SECONDS'] ?? 4) * 1_000;
const IDLE_STREAMS = Number(process.env['HOLDFAST_IDLE_STREAMS'] ?? 1_000);
const STREAMS = 500;
const EVENTS = 20;
const SSE = [['content-type', 'text/event-stream']] as const;
const ask = (path: string): string =>
  `POST ${path} HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}`;

describe('many streams at once', () => {
  let upstream: MisbehavingUpstream;
  let gateway: GatewayProcess;
  before(async () => {
    const step = (n: number) => ({ afterMs: STREAM_MS / EVENTS, bytes: `data: ${n}\n\n` });
    const living = Array.from({ length: EVENTS }, (_none, n) => step(n));
    upstream = await MisbehavingUpstream.listen((request) =>
      request.path === '/idle'
        ? {
            answer: { status: 200, headers: SSE, steps: [{ afterMs: 0, bytes: 'data: 1\n\n' }] },
            framing: 'chunked',
            faults: [{ do: 'stall', at: 'before-end' }],
          }
        : { answer: { status: 200, headers: SSE, steps: living } },
    );
    gateway = await startGatewayProcess({
      log: { level: 'silent', access: false },
      upstreams: {
        test: {
          dialect: 'sse',
          profile: 'llm-hosted',
          endpoints: [upstream.url],
          limit: { start: 8192 },
        },
      },
      routes: [{ match: { path: '/**' }, upstreams: ['test'] }],
    });
  });
  after(async () => {
    await gateway.close();
    await upstream.close();
  });

  it(`lets ${STREAMS} producing streams all end whole`, async () => {
    const callers: RawCaller[] = [];
    for (let n = 0; n < STREAMS; n += 1) {
      const caller = await RawCaller.open(gateway.port);
      caller.say(ask('/living'));
      callers.push(caller);
    }
    const whole = (caller: RawCaller): boolean => caller.text.endsWith('\r\n0\r\n\r\n');
    const count = (): number => callers.filter(whole).length;
    await eventually(
      () => count() === STREAMS,
      () => `${STREAMS} whole streams; ${count()} so far`,
      STREAM_MS * 2 + 20_000,
    );
    for (const caller of callers) {
      assert.equal(caller.text.split('data: ').length - 1, EVENTS);
      caller.destroy();
    }
  });

  it(`keeps ${IDLE_STREAMS} resting streams open within 11 KB each`, async () => {
    const before = await gateway.usedBytes();
    const callers: RawCaller[] = [];
    for (let n = 0; n < IDLE_STREAMS; n += 1) {
      const caller = await RawCaller.open(gateway.port);
      caller.say(ask('/idle'));
      callers.push(caller);
    }
    const open = (): number => callers.filter(({ text }) => text.includes('data: 1')).length;
    await eventually(
      () => open() === IDLE_STREAMS,
      () => `${IDLE_STREAMS} first events; ${open()} so far`,
      60_000,
    );
    const each = ((await gateway.usedBytes()) - before) / IDLE_STREAMS;
    // The benchmark measures resident memory; this bound catches a buffer per stream.
    assert.ok(each < 11 * 1024, `${Math.round(each)} bytes a stream`);
    assert.equal(callers.filter(({ closed }) => closed).length, 0);
    for (const caller of callers) caller.destroy();
    await upstream.until((seen) => seen.open <= STREAMS);
  });
});
