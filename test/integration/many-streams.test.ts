// Streams in numbers: hundreds that produce all end whole, thousands that rest cost little memory,
// and so do callers that do not read. The real-time and full-size forms run by
// `npm run acceptance` (HOLDFAST_STREAM_SECONDS, HOLDFAST_IDLE_STREAMS).

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
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

/** A gateway whose only upstream is this one, with these options. */
function startBefore({ url }: MisbehavingUpstream, own: object): Promise<GatewayProcess> {
  const test = { dialect: 'sse', profile: 'llm-hosted', endpoints: [url], ...own };
  return startGatewayProcess({
    log: { level: 'silent', access: false },
    upstreams: { test },
    routes: [{ match: { path: '/**' }, upstreams: ['test'] }],
  });
}

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
    gateway = await startBefore(upstream, { limit: { start: 8192 } });
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

describe('callers that do not read', () => {
  /** Far more than the kernel takes on both ways. */
  const PIECES = 600;
  const PIECE = `data: ${'x'.repeat(65_000)}\n\n`;
  const CALLERS = 20;
  const LIMIT_BYTES = 2 * 1024 * 1024;
  let upstream: MisbehavingUpstream;
  let gateway: GatewayProcess;
  let sent = 0;
  before(async () => {
    function* pieces() {
      for (let piece = 0; piece < PIECES; piece += 1) {
        sent += 1;
        yield { afterMs: 0, bytes: PIECE };
      }
    }
    upstream = await MisbehavingUpstream.listen(() => ({
      answer: { status: 200, headers: SSE, steps: pieces() },
      framing: 'chunked',
    }));
    const timeouts = { byteIdle: '500ms', progressIdle: '500ms' };
    gateway = await startBefore(upstream, { timeouts });
  });
  after(async () => {
    await gateway.close();
    await upstream.close();
  });

  it('hold their upstream back at 2 MiB each, and no idle limit strikes meanwhile', async () => {
    const before = await gateway.usedBytes();
    const callers: RawCaller[] = [];
    for (let n = 0; n < CALLERS; n += 1) {
      const caller = await RawCaller.open(gateway.port);
      caller.socket.pause();
      caller.say(ask('/flood'));
      callers.push(caller);
    }
    // Held back: for three times the idle limit, nothing more is asked of the upstream.
    let last = -1;
    while (last !== sent) {
      last = sent;
      await sleep(1_500);
    }
    assert.ok(sent > 0 && sent < CALLERS * PIECES, `${sent} pieces asked for`);
    const each = ((await gateway.usedBytes()) - before) / CALLERS;
    assert.ok(each < LIMIT_BYTES, `${Math.round(each / 1024)} KiB a caller`);
    const [first, ...others] = callers;
    for (const caller of others) caller.destroy();
    first?.socket.resume();
    await first?.until((text) => text.endsWith('\r\n0\r\n\r\n'), 'the whole stream');
    first?.destroy();
  });
});
