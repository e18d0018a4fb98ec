// Incident: a gateway that translates between vendors got 200 with nothing in it, or with an error
// in place of the answer, and made a fine empty message of it: "end_turn", no text, no error.
// Nothing takes this protection away here, not even `lenient`, as a test shows: a decoder without
// an answer has nothing to make a message of. So the bad case is a translator of the test's own.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, afterEach, before, describe, it } from 'node:test';
import { LeakCheck, MisbehavingUpstream } from '../../src/testing/index.ts';
import type { Behaviour } from '../../src/testing/index.ts';
import type { Gateway } from '../../src/gateway/gateway.ts';
import { startHoldfast } from '../support/holdfast.ts';

const SSE = 'text/event-stream';
const JSON_TYPE = 'application/json';
const answer = (type: string, text: string, more: Behaviour = {}): Behaviour => ({
  answer: {
    status: 200,
    headers: [['content-type', type]],
    steps: text === '' ? [] : [{ afterMs: 5, bytes: text }],
  },
  ...more,
});
const chunk = (delta: object, finish: string | null = null): string =>
  `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;

/** Answers of a chat upstream that are no answers, though each has the status of one. */
const noAnswers: readonly (readonly [string, Behaviour])[] = [
  ['no byte, chunked', answer(SSE, '')],
  ['no byte, with length 0', answer(JSON_TYPE, '', { framing: 'length' })],
  ['no byte, and no type', { answer: { status: 200, headers: [], steps: [] } }],
  ['comments alone', answer(SSE, ': hello\n\n: still here\n\n')],
  ['the closing mark alone', answer(SSE, 'data: [DONE]\n\n')],
  ['a role and nothing else', answer(SSE, chunk({ role: 'assistant', content: '' }))],
  ['an empty object', answer(JSON_TYPE, '{}')],
  ['null', answer(JSON_TYPE, 'null')],
  ['a document without choices', answer(JSON_TYPE, '{"id":"c","choices":[]}')],
  ['a document that breaks off', answer(JSON_TYPE, '{"id":"c","choices":[{"message":{"content":')],
  ['an error in place of a document', answer(JSON_TYPE, '{"error":{"message":"busy","type":"x"}}')],
  ['an error in place of a stream', answer(SSE, 'data: {"error":{"message":"busy"}}\n\n')],
  ['a page of some proxy', answer('text/html', '<html>Login</html>')],
];

/** What a caller of the Messages API takes it for. */
async function outcome(url: string, stream: boolean): Promise<string> {
  const body = JSON.stringify({
    model: 'm',
    max_tokens: 9,
    stream,
    messages: [{ role: 'user', content: 'Hi' }],
  });
  const signal = AbortSignal.timeout(10_000);
  const response = await fetch(`${url}/v1/messages`, { method: 'POST', body, signal });
  let text: string;
  try {
    text = await response.text();
  } catch {
    return 'failed while reading';
  }
  if (!response.ok) return `status ${response.status} ${errorType(text)}`;
  if (stream) return /event: message_stop/.test(text) ? 'looked whole' : 'an unfinished stream';
  return (JSON.parse(text) as { type: string }).type === 'message' ? 'looked whole' : 'odd';
}

function errorType(text: string): string {
  return (JSON.parse(text) as { error: { type: string } }).error.type;
}

/** The translator of the incident: takes what it finds, and says it in the other format. */
async function startNaiveTranslator(upstreamUrl: string): Promise<{ url: string; close(): void }> {
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => void translated(upstreamUrl).then((text) => response.end(text)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = (): void => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${port}`, close };
}

interface Completion {
  readonly choices?: readonly { readonly message?: { readonly content?: string } }[];
}

async function translated(upstreamUrl: string): Promise<string> {
  const answered = await fetch(upstreamUrl, { method: 'POST', body: '{}' });
  let found: Completion | null;
  try {
    found = (await answered.json()) as Completion | null;
  } catch {
    found = null;
    // "Never let the caller see a stack trace."
  }
  const text = found?.choices?.[0]?.message?.content ?? '';
  const content = [{ type: 'text', text }];
  return JSON.stringify({ type: 'message', role: 'assistant', content, stop_reason: 'end_turn' });
}

describe('a 200 of another vendor with no answer in it', () => {
  const leaks = LeakCheck.begin();
  let upstream: MisbehavingUpstream;
  let gateway: Gateway | undefined;
  before(async () => {
    upstream = await MisbehavingUpstream.listen({});
  });
  afterEach(async () => {
    await gateway?.close();
    gateway = undefined;
  });
  after(async () => {
    await upstream.close();
    await leaks.assertClean();
  });

  it('passes for a whole answer through a naive translator', async () => {
    const naive = await startNaiveTranslator(upstream.url);
    for (const [name, behaviour] of noAnswers) {
      upstream.use(behaviour);
      assert.equal(await outcome(naive.url, false), 'looked whole', name);
    }
    naive.close();
  });

  for (const [name, behaviour] of noAnswers) {
    it(`is an error here, lenient or not, with a status of its own: ${name}`, async () => {
      upstream.use(behaviour);
      const lines: string[] = [];
      const rules = { dialect: 'openai-chat', bare: true, lines };
      for (const lenient of [false, true]) {
        gateway = await startHoldfast(upstream.url, { ...rules, lenient });
        for (const stream of [false, true]) {
          assert.match(await outcome(gateway.url, stream), /^status 5\d\d api_error$/);
        }
        await gateway.close();
      }
      for (const line of lines) {
        assert.notEqual((JSON.parse(line) as { verdict: string }).verdict, 'complete');
      }
    });
  }

  it('is no reason to doubt an answer that is whole', async () => {
    const whole = chunk({ content: 'Hello' }) + chunk({}, 'stop') + 'data: [DONE]\n\n';
    upstream.use(answer(SSE, whole));
    gateway = await startHoldfast(upstream.url, { dialect: 'openai-chat', bare: true });
    assert.equal(await outcome(gateway.url, true), 'looked whole');
  });
});
