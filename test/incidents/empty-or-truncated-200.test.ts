// Incident: an upstream answered 200 with nothing, or broke off in the middle, and the caller took
// it for the whole answer ("200 0" in the log, half an answer used as if it were all).

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { MisbehavingUpstream } from '../../src/testing/index.ts';
import type { Behaviour } from '../../src/testing/misbehaving-upstream/behaviour.ts';
import type { Gateway } from '../../src/gateway/gateway.ts';
import { startHoldfast } from '../support/holdfast.ts';
import { startNaiveProxy } from '../support/naive-proxy.ts';

const SSE = [['content-type', 'text/event-stream']] as const;
const start =
  'event: message_start\ndata: {"type":"message_start","message":{"id":"msg_1","type":"message",' +
  '"role":"assistant","content":[],"model":"m","usage":{"input_tokens":1,"output_tokens":1}}}\n\n';
const delta =
  'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,' +
  '"delta":{"type":"text_delta","text":"half an answer"}}\n\n';
const steps = [start, delta, delta].map((bytes) => ({ afterMs: 5, bytes }));

const JSON_TYPE = [['content-type', 'application/json']] as const;
/** Longer than what any layer holds before it passes an answer on. */
const halfDocument = [
  '{"id":"msg_1","content":[{"type":"text","text":"',
  'half '.repeat(40_000),
].map((bytes) => ({ afterMs: 5, bytes }));

/** Answers that are not whole, though their framing may say so. */
const halfAnswers: readonly (readonly [string, Behaviour, string])[] = [
  [
    'nothing after a 200, chunked',
    { answer: { status: 200, headers: SSE, steps: [] } },
    'EMPTY_ANSWER',
  ],
  [
    'nothing after a 200, with length 0',
    { answer: { status: 200, headers: SSE, steps: [] }, framing: 'length' },
    'EMPTY_ANSWER',
  ],
  [
    'a clean end without the terminal event',
    { answer: { status: 200, headers: SSE, steps } },
    'STREAM_TRUNCATED',
  ],
  [
    'a close where the close is the end',
    { answer: { status: 200, headers: SSE, steps }, framing: 'until-close' },
    'STREAM_TRUNCATED',
  ],
  [
    'a fitting length, but no terminal event',
    { answer: { status: 200, headers: SSE, steps }, framing: 'length' },
    'STREAM_TRUNCATED',
  ],
  [
    'half a document of a fitting length',
    { answer: { status: 200, headers: JSON_TYPE, steps: halfDocument }, framing: 'length' },
    'STREAM_TRUNCATED',
  ],
  [
    'a FIN in the middle',
    { answer: { status: 200, headers: SSE, steps }, faults: [{ do: 'fin', at: 'event:2' }] },
    'STREAM_CUT',
  ],
  [
    'a reset in the middle',
    { answer: { status: 200, headers: SSE, steps }, faults: [{ do: 'rst', at: 'event:2' }] },
    'STREAM_CUT',
  ],
];

/** How an answer looks from outside: a status, or a success, or a failure while reading. */
async function outcome(url: string): Promise<string> {
  try {
    const answer = await fetch(`${url}/v1/messages`, { method: 'POST', body: '{"model":"m"}' });
    await answer.text();
    return answer.ok ? 'looked whole' : `status ${answer.status}`;
  } catch {
    return 'failed while reading';
  }
}

describe('an answer that is not whole', () => {
  let upstream: MisbehavingUpstream;
  let gateway: Gateway | undefined;
  before(async () => {
    upstream = await MisbehavingUpstream.listen({});
  });
  after(() => upstream.close());
  afterEach(async () => {
    await gateway?.close();
    gateway = undefined;
  });

  for (const [name, behaviour, verdict] of halfAnswers) {
    it(`passes for whole through a naive gateway: ${name}`, async () => {
      upstream.use(behaviour);
      const naive = await startNaiveProxy({ upstreamPort: upstream.port });
      const got = await outcome(naive.url);
      await naive.close();
      assert.equal(got, 'looked whole');
    });

    // What the wire itself shows needs no knowledge of meaning.
    if (verdict !== 'STREAM_CUT') {
      it(`passes for whole here too where nobody asks what it means: ${name}`, async () => {
        upstream.use(behaviour);
        gateway = await startHoldfast(upstream.url, { dialect: 'plain' });
        assert.equal(await outcome(gateway.url), 'looked whole');
      });
    }

    it(`never looks whole here: ${name}`, async () => {
      upstream.use(behaviour);
      const lines: string[] = [];
      gateway = await startHoldfast(upstream.url, { dialect: 'anthropic', lines });
      const got = await outcome(gateway.url);
      assert.equal(got, verdict === 'EMPTY_ANSWER' ? 'status 502' : 'failed while reading');
      assert.equal(JSON.parse(lines[0] ?? '{}').verdict, verdict);
    });
  }
});
