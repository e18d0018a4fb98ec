// What callers of converted answers can rely on, through a whole gateway: a real status for an
// error before any content, an end only for what is whole, and fields and words of their own API.

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { LeakCheck, MisbehavingUpstream, sseAnswer } from '../../src/testing/index.ts';
import type { Answer, SeenRequest, Step } from '../../src/testing/index.ts';
import { AcceptanceGateway } from '../support/acceptance-gateway.ts';

const leaks = LeakCheck.begin();
let upstream: MisbehavingUpstream;
let gateway: AcceptanceGateway;

before(async () => {
  upstream = await MisbehavingUpstream.listen({});
});
afterEach(async () => {
  await gateway.close();
});
after(async () => {
  await upstream.close();
  await leaks.assertClean();
});

async function start(dialect: string, more: object = {}, route: object = {}): Promise<void> {
  const one = { dialect, endpoints: [upstream.url], breaker: false, pacing: false, ...more };
  const options = { upstreams: { one }, route: { retry: { attempts: 1 }, ...route } };
  gateway = await AcceptanceGateway.start(options);
}

const said = [{ role: 'user', content: 'Hi' }];
const asks = {
  '/v1/messages': { model: 'm', max_tokens: 9, messages: said },
  '/v1/chat/completions': { model: 'm', messages: said },
  '/v1/responses': { model: 'm', input: 'Hi' },
} as const;
type Path = keyof typeof asks;

function post(path: Path, more: object = {}): Promise<Response> {
  const body = JSON.stringify({ ...asks[path], ...more });
  const headers = { 'content-type': 'application/json' };
  return fetch(`${gateway.url}${path}`, { method: 'POST', headers, body });
}

const step = (bytes: string, afterMs = 0): Step => ({ afterMs, bytes });
const nameless = (data: object): string => `data: ${JSON.stringify(data)}\n\n`;
const typed = (data: { type: string }): string => `event: ${data.type}\n${nameless(data)}`;
const chunk = (delta: object, finish: string | null = null): string => {
  const choices = [{ index: 0, delta, finish_reason: finish }];
  return nameless({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices });
};
const json = (status: number, body: object, headers: [string, string][] = []): Answer => ({
  status,
  headers: [['content-type', 'application/json'], ...headers],
  steps: [step(JSON.stringify(body))],
});

/** In each format an answer that begins, and then fails for its rate. */
const failing = {
  anthropic: [
    typed({ type: 'message_start', message: { id: 'msg_1', model: 'm', content: [] } } as never),
    typed({ type: 'error', error: { type: 'rate_limit_error', message: 'Slow.' } } as never),
  ],
  'openai-chat': [
    chunk({ role: 'assistant', content: '' }),
    nameless({ error: { message: 'Slow.', code: 'rate_limit_exceeded' } }),
  ],
  'openai-responses': [
    typed({ type: 'response.created', response: { id: 'resp_1', model: 'm' } } as never),
    typed({
      type: 'response.failed',
      response: { id: 'resp_1', error: { code: 'rate_limit_exceeded', message: 'Slow.' } },
    } as never),
  ],
} as const;
const pathOf = {
  anthropic: '/v1/messages',
  'openai-chat': '/v1/chat/completions',
  'openai-responses': '/v1/responses',
} as const;

describe('an error before any content of a converted stream', () => {
  for (const [dialect, [beginning, error]] of Object.entries(failing)) {
    for (const [from, path] of Object.entries(pathOf)) {
      if (from === dialect) continue;
      it(`keeps its status: ${dialect} for ${from}`, async () => {
        await start(dialect);
        upstream.use({ answer: sseAnswer([step(beginning), step(error, 150)]) });
        const answer = await post(path, { stream: true });
        assert.equal(answer.status, 429);
        assert.match(answer.headers.get('content-type') ?? '', /^application\/json/);
        assert.match(await answer.text(), /Slow\./);
      });
    }
  }

  it('is told inside to a caller whom a heartbeat has given a head before', async () => {
    await start('openai-chat', {}, { heartbeat: { every: '100ms', commitAfter: '200ms' } });
    const [beginning, error] = failing['openai-chat'];
    upstream.use({ answer: sseAnswer([step(beginning), step(error, 700)]) });
    const answer = await post('/v1/messages', { stream: true });
    assert.equal(answer.status, 200);
    const text = await answer.text().catch(() => '');
    assert.doesNotMatch(text, /message_stop/);
  });

  it('does not hinder a heartbeat, behind whose head the answer comes whole', async () => {
    await start('openai-chat', {}, { heartbeat: { every: '100ms', commitAfter: '200ms' } });
    const rest = chunk({ content: 'word' }) + chunk({}, 'stop') + 'data: [DONE]\n\n';
    upstream.use({ answer: sseAnswer([step(chunk({ role: 'assistant' })), step(rest, 800)]) });
    const answer = await post('/v1/messages', { stream: true });
    const text = await answer.text();
    assert.match(text, /^(: [^\n]*\n+){3,}event: message_start[^]*word[^]*event: message_stop/);
    assert.equal(text.match(/event: message_start/g)?.length, 1);
  });
});

describe('the end of a converted stream', () => {
  const word = chunk({ content: 'half an ans' });

  it('is no end without a reason to finish', async () => {
    await start('openai-chat');
    upstream.use({ answer: sseAnswer([step(word), step('data: [DONE]\n\n', 50)]) });
    const client = new Anthropic({ baseURL: gateway.url, apiKey: 'k', maxRetries: 0 });
    const asked = { ...asks['/v1/messages'], messages: [{ role: 'user' as const, content: 'Hi' }] };
    await assert.rejects(client.messages.stream(asked).finalMessage());
  });

  it('comes without that from a lenient upstream', async () => {
    await start('openai-chat', { lenient: true });
    upstream.use({ answer: sseAnswer([step(word), step('data: [DONE]\n\n', 50)]) });
    const answer = await post('/v1/messages', { stream: true });
    assert.match(await answer.text(), /"end_turn"[^]*event: message_stop/);
    assert.equal(await gateway.metric('gw_stream_lenient_ends_total'), 1);
  });

  it('comes two seconds after the reason when nothing else does', async () => {
    await start('openai-chat');
    const steps = [step(word + chunk({}, 'stop')), step('data: [DONE]\n\n', 60_000)];
    upstream.use({ answer: sseAnswer(steps) });
    const begun = performance.now();
    const answer = await post('/v1/messages', { stream: true });
    assert.match(await answer.text(), /"end_turn"[^]*event: message_stop/);
    const tookMs = performance.now() - begun;
    assert.ok(tookMs > 1_800 && tookMs < 3_500, `${tookMs} ms`);
    const seen = upstream.seen.requests.at(-1);
    await upstream.until(() => seen?.aborted === true);
    await gateway.restful();
    // The next call is not disturbed by what was given up.
    upstream.use({ answer: sseAnswer([step(word + chunk({}, 'stop') + 'data: [DONE]\n\n')]) });
    assert.match(await (await post('/v1/messages', { stream: true })).text(), /message_stop/);
  });
});

describe('a server that refuses stream_options', () => {
  const refusing = (request: SeenRequest): Answer => {
    if (request.body.includes('stream_options')) {
      const message = 'Unrecognized request argument supplied: stream_options';
      return json(400, { error: { message, type: 'invalid_request_error' } });
    }
    return sseAnswer([step(chunk({ content: 'word' }, 'stop') + 'data: [DONE]\n\n')]);
  };

  it('is asked again without, once, and by no caller with it afterwards', async () => {
    await start('openai-chat');
    upstream.use({ answer: refusing });
    const before = upstream.seen.requestCount;
    for (const path of ['/v1/messages', '/v1/messages', '/v1/responses'] as const) {
      const answer = await post(path, { stream: true });
      assert.equal(answer.status, 200);
      assert.match(await answer.text(), /message_stop|response\.completed/);
    }
    assert.equal(upstream.seen.requestCount - before, 4);
  });
});

describe('a request that only OpenAI can answer', () => {
  for (const dialect of ['anthropic', 'openai-chat']) {
    it(`is refused with the code and the field that its SDK looks at: ${dialect}`, async () => {
      await start(dialect);
      const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'k', maxRetries: 0 });
      const asked = client.responses.create({ model: 'm', input: 'Hi', previous_response_id: 'r' });
      const failure = await asked.then(
        () => assert.fail('it was answered'),
        (error: unknown) => error,
      );
      assert.ok(failure instanceof OpenAI.BadRequestError);
      assert.equal(failure.code, 'previous_response_not_found');
      assert.equal(failure.param, 'previous_response_id');
    });
  }
});

describe('the fields and statuses of a converted answer', () => {
  const completion = {
    id: 'c',
    object: 'chat.completion',
    choices: [{ index: 0, message: { role: 'assistant', content: 'a' }, finish_reason: 'stop' }],
  };
  const message = {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    content: [{ type: 'text', text: 'a' }],
    stop_reason: 'end_turn',
    usage: { input_tokens: 1, output_tokens: 1 },
  };

  it('are those of Anthropic for its SDK', async () => {
    await start('openai-chat');
    const headers: [string, string][] = [
      ['x-request-id', 'req_1'],
      ['openai-processing-ms', '5'],
      ['x-ratelimit-remaining-tokens', '7'],
      ['x-ratelimit-limit-tokens', '9'],
      ['x-ratelimit-reset-tokens', '6m0s'],
      ['retry-after', '2'],
    ];
    upstream.use({ answer: json(200, completion, headers) });
    const client = new Anthropic({ baseURL: gateway.url, apiKey: 'k', maxRetries: 0 });
    const asked = { ...asks['/v1/messages'], messages: [{ role: 'user' as const, content: 'Hi' }] };
    const answer = client.messages.create(asked);
    const { request_id: requestId, response } = await answer.withResponse();
    assert.equal(requestId, 'req_1');
    const fields = response.headers;
    assert.equal(fields.get('anthropic-ratelimit-tokens-remaining'), '7');
    assert.match(fields.get('anthropic-ratelimit-tokens-reset') ?? '', /^\d{4}-\d\d-\d\dT/);
    assert.equal(fields.get('retry-after'), '2');
    const names = [...fields.keys()].join(' ');
    assert.doesNotMatch(names, /openai|x-ratelimit|x-request-id/);
  });

  it('are those of OpenAI for its SDK', async () => {
    await start('anthropic');
    const headers: [string, string][] = [
      ['request-id', 'req_2'],
      ['anthropic-ratelimit-requests-remaining', '7'],
      ['anthropic-organization-id', 'org'],
    ];
    upstream.use({ answer: json(200, message, headers) });
    const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'k', maxRetries: 0 });
    const asked = { model: 'm', messages: [{ role: 'user' as const, content: 'Hi' }] };
    const answer = client.chat.completions.create(asked);
    const { request_id: requestId, response } = await answer.withResponse();
    assert.equal(requestId, 'req_2');
    assert.equal(response.headers.get('x-ratelimit-remaining-requests'), '7');
    assert.doesNotMatch([...response.headers.keys()].join(' '), /anthropic/);
  });

  it('keep a conflict, which SDKs try again', async () => {
    await start('openai-chat');
    upstream.use({ answer: json(409, { error: { message: 'Again.', type: null, code: null } }) });
    const toAnthropic = await post('/v1/messages');
    assert.equal(toAnthropic.status, 409);
    const body = (await toAnthropic.json()) as { error: { type: string } };
    assert.equal(body.error.type, 'conflict_error');
    await gateway.close();
    await start('anthropic');
    upstream.use({ answer: json(409, { type: 'error', error: { type: 'conflict_error' } }) });
    for (const path of ['/v1/chat/completions', '/v1/responses'] as const) {
      assert.equal((await post(path)).status, 409);
    }
  });
});
