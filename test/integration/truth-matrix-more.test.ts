// More cells of the truth matrix: what goes wrong before an upstream has heard a request whole, in
// each dialect; and answers that are no model streams, in each of the framings they come in.

import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { errorTable } from '../../src/core/error-table.ts';
import type { ErrorCode } from '../../src/core/errors.ts';
import type { Gateway } from '../../src/gateway/gateway.ts';
import { eventually } from '../../src/testing/eventually.fixture.ts';
import {
  DelayRelay,
  MisbehavingUpstream,
  also,
  cut,
  withoutLastChunk,
} from '../../src/testing/index.ts';
import type { Answer, Behaviour } from '../../src/testing/index.ts';
import { skipUnlessPacketsDrop } from '../../src/testing/packet-filter.fixture.ts';
import { ask, briefTimeouts, instants } from '../support/answer-ending.ts';
import type { Ending } from '../support/answer-ending.ts';
import { startHoldfast } from '../support/holdfast.ts';

const skip = skipUnlessPacketsDrop();
const LIMIT_MS = 300;
/** More than both sockets on the way take by themselves. */
const LARGE = JSON.stringify({ model: 'm', stream: true, pad: 'x'.repeat(16 * 1024 * 1024) });

interface Told {
  readonly ending: Ending;
  readonly verdict: string;
  readonly phase: string;
}

/** Asks through a gateway; what its caller saw and what its log says. */
async function tell(gateway: Gateway, lines: string[], path: string, body?: string): Promise<Told> {
  lines.length = 0;
  const ending = await ask(gateway.url + path, body);
  await eventually(() => lines.length > 0, 'the log line');
  const { verdict, phase } = JSON.parse(lines[0] ?? '{}') as Told;
  return { ending, verdict, phase };
}

const paths = [
  ['anthropic', '/v1/messages'],
  ['openai-chat', '/v1/chat/completions'],
  ['openai-responses', '/v1/responses'],
  ['ndjson', '/api/chat'],
  ['sse', '/events'],
  ['plain', '/orders'],
] as const;

/** A port where nobody listens. */
async function deadPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

// Dialects side by side, because each mostly waits.
describe('a call whose request never arrives whole', { concurrency: true }, () => {
  let upstream: MisbehavingUpstream;
  before(async () => {
    const connections = [{ accept: 'stall' }] as const;
    upstream = await MisbehavingUpstream.listen({ reading: { how: 'never' } }, { connections });
  });
  after(() => upstream.close());

  for (const [dialect, path] of paths) {
    describe(`in ${dialect}`, () => {
      async function toldAt(endpoint: string, limit: string, body?: string): Promise<Told> {
        const lines: string[] = [];
        const timeouts = { ...briefTimeouts, [limit]: `${LIMIT_MS}ms` };
        const gateway = await startHoldfast(endpoint, { dialect, timeouts, lines, bare: true });
        try {
          return await tell(gateway, lines, path, body);
        } finally {
          await gateway.close(0);
        }
      }

      /** The caller has a status, the log the reason. */
      function assertRefused({ ending, verdict, phase }: Told, code: ErrorCode): void {
        assert.deepEqual([verdict, phase], [code, errorTable[code].phase]);
        assert.deepEqual([ending.how, ending.status], ['refused', errorTable[code].status]);
        assert.match(ending.text, /"error"/);
      }

      it('is a failure when the connect is refused', async () => {
        const told = await toldAt(`http://127.0.0.1:${await deadPort()}`, 'connect');
        assertRefused(told, 'CONNECT_FAILED');
      });

      it('is a failure when the connect meets silence', { skip }, async () => {
        const relay = await DelayRelay.listen(upstream.port, { oneWayMs: 0 });
        relay.blackhole(true);
        const told = await toldAt(`http://127.0.0.1:${relay.port}`, 'connect');
        await relay.close();
        assertRefused(told, 'CONNECT_TIMEOUT');
      });

      it('is a failure when the TLS handshake stalls', async () => {
        const told = await toldAt(`https://127.0.0.1:${upstream.port}`, 'tls');
        assertRefused(told, 'TLS_TIMEOUT');
      });

      it('is a failure when the upload stalls', async () => {
        const told = await toldAt(upstream.url, 'upload', LARGE);
        assertRefused(told, 'SEND_STALLED');
      });
    });
  }
});

/** Parts of a body, each of which is one event, line or piece of it. */
const bodies = {
  sse: [1, 2, 3, 4, 5].map((n) => `event: step\ndata: {"n":${n},"text":"${'y'.repeat(40)}"}\n\n`),
  ndjson: [1, 2, 3, 4, 5].map((n) => `{"n":${n},"text":"${'y'.repeat(40)}"}\n`),
  json: ['{"rows":[', ...[1, 2, 3, 4].map((n) => `{"n":${n},"text":"${'y'.repeat(40)}"},`), '{}]}'],
};

const forms = [
  { dialect: 'ndjson', type: 'application/x-ndjson', parts: bodies.ndjson },
  { dialect: 'sse', type: 'text/event-stream', parts: bodies.sse },
  { dialect: 'plain', type: 'application/json', parts: bodies.json },
] as const;

describe('the ending of an answer', { concurrency: true }, () => {
  for (const { dialect, type, parts } of forms) {
    for (const framing of ['chunked', 'length'] as const) {
      describe(`of ${type}, framed by ${framing}`, { concurrency: false }, () => {
        const lines: string[] = [];
        let upstream: MisbehavingUpstream;
        let gateway: Gateway;
        const answerOf = (some: readonly string[]): Answer => ({
          status: 200,
          headers: [['content-type', type]],
          steps: some.map((bytes) => ({ afterMs: 2, bytes })),
        });
        const whole: Behaviour = { answer: answerOf(parts), framing };
        before(async () => {
          upstream = await MisbehavingUpstream.listen({});
          const timeouts = briefTimeouts;
          gateway = await startHoldfast(upstream.url, { dialect, timeouts, lines, bare: true });
        });
        after(async () => {
          await gateway.close();
          await upstream.close();
        });

        const judge = (behaviour: Behaviour): Promise<Told> => {
          upstream.use(behaviour);
          return tell(gateway, lines, '/answer');
        };

        it('is whole when the upstream is well', async () => {
          const { ending, verdict } = await judge(whole);
          assert.deepEqual(
            [ending.how, ending.text, verdict],
            ['whole', parts.join(''), 'complete'],
          );
        });

        for (const [point, breakVerdicts, stallVerdict] of instants) {
          for (const action of ['fin', 'rst', 'stall'] as const) {
            it(`is a failure after a ${action} at ${point}`, async () => {
              const { ending, verdict } = await judge(also(whole, cut(action, point)));
              assert.notEqual(ending.how, 'whole');
              const expected = action === 'stall' ? [stallVerdict] : breakVerdicts;
              assert.ok(expected.includes(verdict), `${verdict}, not ${expected.join(' or ')}`);
              if (ending.how === 'refused') assert.ok(ending.status >= 500);
            });
          }
        }

        if (framing === 'chunked') {
          it('is a failure when the last chunk never comes', async () => {
            const { ending, verdict } = await judge(also(whole, withoutLastChunk('fin')));
            assert.deepEqual([ending.how, verdict], ['failed', 'STREAM_CUT']);
          });
        }

        // Of other documents nothing is known but their framing.
        if (dialect !== 'plain') {
          it('is a failure when the framing ends well inside a part', async () => {
            const half = [...parts.slice(0, 2), (parts[2] ?? '').slice(0, 20)];
            const { ending, verdict } = await judge({ answer: answerOf(half), framing });
            assert.deepEqual([ending.how, verdict], ['failed', 'STREAM_TRUNCATED']);
          });
        }
      });
    }
  }
});
