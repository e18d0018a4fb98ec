// Calls that are put in the words of their upstream, through a whole gateway: which upstream
// answers, under which names, what callers are told about it, and what is left as it came.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, afterEach, before, describe, it } from 'node:test';
import { LeakCheck, MisbehavingUpstream, SimServer, refusing } from '../../src/testing/index.ts';
import type { SeenRequest } from '../../src/testing/index.ts';
import { AcceptanceGateway } from '../support/acceptance-gateway.ts';
import type { AcceptanceOptions } from '../support/acceptance-gateway.ts';

const leaks = LeakCheck.begin();
let gateway: AcceptanceGateway | undefined;
let sim: SimServer;
let first: MisbehavingUpstream;
const lines: string[] = [];

before(async () => {
  sim = await SimServer.listen({ seed: 3 });
  first = await MisbehavingUpstream.listen({});
});
afterEach(async () => {
  await gateway?.close();
  gateway = undefined;
  lines.length = 0;
});
after(async () => {
  await sim.close();
  await first.close();
  await leaks.assertClean();
});

async function start(options: AcceptanceOptions): Promise<void> {
  gateway = await AcceptanceGateway.start({ lines, ...options });
}

interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: Readonly<Record<string, unknown>>;
}

async function post(
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Answered> {
  const answer = await fetch(`${gateway?.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const text = await answer.text();
  const isJson = /json/.test(answer.headers.get('content-type') ?? '');
  const json = isJson ? (JSON.parse(text) as Answered['json']) : {};
  return { status: answer.status, headers: answer.headers, text, json };
}

const said = (text: string): unknown[] => [{ role: 'user', content: text }];
const message = (more: object = {}): object => ({
  model: 'claude-x',
  max_tokens: 200,
  messages: said('Hello [[tokens=20]] [[seed=1]]'),
  ...more,
});
const lastAt = (upstream: SimServer | MisbehavingUpstream): SeenRequest | undefined =>
  upstream.seen.requests.at(-1);

describe('a route to upstreams of two formats', () => {
  const anthropic = (): object => ({ dialect: 'anthropic', endpoints: [first.url] });
  const openai = (): object => ({ dialect: 'openai-chat', endpoints: [sim.url] });
  const route = { retry: { attempts: 3 } };

  for (const stream of [false, true]) {
    const how = stream ? 'a stream' : 'a document';
    it(`answers from the second one, converted, when the first is overloaded: ${how}`, async () => {
      first.use(refusing(529));
      const upstreams = { first: anthropic(), second: openai() } as AcceptanceOptions['upstreams'];
      await start({ upstreams, route });
      const asked = message({
        stream,
        thinking: { type: 'enabled', budget_tokens: 1_024 },
        top_k: 5,
      });
      const seen = first.seen.requestCount;
      const { status, headers, text, json } = await post('/v1/messages', asked);
      assert.equal(status, 200, text);
      assert.equal(first.seen.requestCount, seen + 1);
      // The first was asked in the words of the caller, the second in its own.
      assert.equal(lastAt(first)?.path, '/v1/messages');
      assert.equal(lastAt(first)?.body, JSON.stringify(asked));
      assert.equal(lastAt(sim)?.path, '/v1/chat/completions');
      assert.equal(headers.get('x-holdfast-dropped'), 'reasoning_effort, top_k');
      assert.equal(headers.get('x-holdfast-model'), null);
      if (stream) {
        assert.match(text, /^event: message_start\n[^]*event: message_stop\ndata: [^\n]*\n\n$/);
        assert.match(headers.get('content-type') ?? '', /^text\/event-stream/);
      } else assert.deepEqual([json['type'], json['role']], ['message', 'assistant']);
      const line = JSON.parse(lines[0] ?? '{}') as Record<string, unknown>;
      assert.deepEqual([line['endpoint'], line['attempts']], [new URL(sim.url).host, 2]);
      // Tokens are counted where they were spent.
      assert.equal(line['upstream'], 'second');
      const metrics = await gateway?.gateway.metricsText();
      assert.match(metrics ?? '', /^gen_ai_client_token_usage_total\{[^}]*"second"/m);
      assert.doesNotMatch(metrics ?? '', /^gen_ai_client_token_usage_total\{[^}]*"first"/m);
    });
  }

  it('answers from the second one as it is, when that speaks the caller’s own words', async () => {
    // How long the first is to be left alone is nothing to the second.
    first.use(refusing(529, { seconds: 30 }));
    const begun = performance.now();
    const upstreams = { first: anthropic(), second: openai() } as AcceptanceOptions['upstreams'];
    await start({ upstreams, route: { ...route, upstreams: ['first', named('second', 'other')] } });
    const asked = { model: 'gpt-x', seed: 1, top_k: 7, messages: said('Hi [[tokens=9]]') };
    const { status, headers, json, text } = await post('/v1/chat/completions', asked);
    assert.equal(status, 200, text);
    assert.equal(lastAt(first)?.path, '/v1/messages');
    assert.equal(lastAt(sim)?.path, '/v1/chat/completions');
    assert.equal(json['object'], 'chat.completion');
    assert.ok(performance.now() - begun < 5_000);
    assert.equal(json['model'], 'other');
    // The answer is the second one's, and so is what is told about it.
    assert.equal(headers.get('x-holdfast-model'), 'other');
    assert.equal(headers.get('x-holdfast-dropped'), null);
  });

  it('refuses in the caller’s own words when both are overloaded', async () => {
    first.use(refusing(529, { seconds: 60 }));
    const both = { dialect: 'anthropic', endpoints: [first.url], pacing: false };
    const upstreams = { first: both, second: both } as AcceptanceOptions['upstreams'];
    await start({ upstreams, route: { retry: { attempts: 2 } } });
    for (const path of ['/v1/chat/completions', '/v1/responses']) {
      const asked = { model: 'm', messages: said('Hi'), input: 'Hi' };
      const { messages: _none, ...response } = asked;
      const { input: _nothing, ...chat } = asked;
      const { status, headers, json } = await post(
        path,
        path.endsWith('responses') ? response : chat,
      );
      // Their SDKs do not know 529.
      assert.equal(status, 503);
      assert.equal(headers.get('retry-after'), '60');
      assert.match((json['error'] as { message: string }).message, /refused with 529/);
    }
  });

  it('sends what belongs to one vendor alone to upstreams of that vendor', async () => {
    first.use({
      answer: { status: 200, headers: [], steps: [{ afterMs: 0, bytes: '{"data":[]}' }] },
    });
    const upstreams = { first: openai(), second: anthropic() } as AcceptanceOptions['upstreams'];
    await start({ upstreams });
    const batches = await fetch(`${gateway?.url}/v1/messages/batches`);
    assert.equal(await batches.text(), '{"data":[]}');
    assert.equal(lastAt(first)?.path, '/v1/messages/batches');
  });
});

function named(upstream: string, model: string): object {
  return { upstream, model };
}

describe('a request that cannot be put in the words of its upstream', () => {
  const cases: readonly (readonly [string, string, object, RegExp])[] = [
    ['/v1/chat/completions', 'anthropic', { model: 'm', n: 2, messages: said('Hi') }, /\bn\b/],
    ['/v1/chat/completions', 'anthropic', { model: 'm' }, /messages/],
    ['/v1/messages', 'openai-chat', { model: 'm', max_tokens: 1, messages: 'Hi' }, /messages/],
    [
      '/v1/responses',
      'openai-chat',
      { model: 'm', input: 'Hi', previous_response_id: 'r' },
      /previous_response_id/,
    ],
    [
      '/v1/messages',
      'salesforce-models',
      message({ tools: [{ name: 't', input_schema: { type: 'object' } }] }),
      /tools/,
    ],
  ];
  for (const [path, dialect, body, named] of cases) {
    it(`is refused in its words and names ${named.source}: ${path} ${dialect}`, async () => {
      const upstream = { dialect, endpoints: [sim.url], salesforce: { surface: 'documented' } };
      if (dialect !== 'salesforce-models') Reflect.deleteProperty(upstream, 'salesforce');
      await start({ upstreams: { one: upstream } });
      const before = sim.seen.requestCount;
      const { status, headers, json } = await post(path, body);
      assert.equal(status, 400);
      assert.equal(headers.get('x-holdfast-error'), 'CANNOT_CONVERT');
      const { type, message: words } = json['error'] as { type: string; message: string };
      assert.equal(type, 'invalid_request_error');
      assert.equal(json['type'], path === '/v1/messages' ? 'error' : undefined);
      assert.match(words, named);
      // Nobody was asked, and nothing was tried again.
      assert.equal(sim.seen.requestCount, before);
      assert.equal(await gateway?.metric('gw_conversion_refused_total'), 1);
    });
  }
});

describe('what an upstream is not told', () => {
  it('is told to the caller and counted, in names of a closed list', async () => {
    await start({ upstreams: { chat: { dialect: 'openai-chat', endpoints: [sim.url] } } });
    const asked = message({ top_k: 3, 'a "strange" \u{1f600}\r\nfield': 1, mystery: { a: 1 } });
    const { status, headers, text } = await post('/v1/messages', asked);
    assert.equal(status, 200, text);
    const dropped = headers.get('x-holdfast-dropped') ?? '';
    assert.match(dropped, /top_k/);
    assert.match(dropped, /mystery/);
    assert.doesNotMatch(dropped, /[^\x20-\x7e]/);
    const metrics = (await gateway?.gateway.metricsText()) ?? '';
    assert.match(metrics, /gw_conversion_dropped_total\{upstream="chat",field="top_k"\} 1/);
    assert.doesNotMatch(metrics, /mystery|strange/);
  });
});

describe('the names of models', () => {
  const models = { fast: 'vendor-small', 'claude-*': 'vendor-large', '*': 'vendor-any' };
  const asked = (): string => (JSON.parse(lastAt(first)?.body ?? '{}') as { model: string }).model;

  beforeEachAnswer();

  for (const dialect of ['openai-chat', 'openai-responses', 'anthropic'] as const) {
    it(`are those of the upstream by table and pattern: ${dialect}`, async () => {
      await start({
        upstreams: { one: { dialect, endpoints: [first.url], models, breaker: false } },
      });
      for (const [model, there] of [
        ['fast', 'vendor-small'],
        ['claude-sonnet', 'vendor-large'],
        ['whatever', 'vendor-any'],
      ]) {
        await post('/v1/messages', message({ model }));
        assert.equal(asked(), there);
      }
    });
  }

  it('are those of the route where it says one, and it is told', async () => {
    const upstreams = { one: { dialect: 'openai-chat', endpoints: [first.url], models } };
    await start({ upstreams, route: { upstreams: [named('one', 'the-one')] } });
    const { headers } = await post('/v1/messages', message({ model: 'fast' }));
    assert.equal(asked(), 'the-one');
    assert.equal(headers.get('x-holdfast-model'), 'the-one');
  });
});

/** The first upstream says something in each of the formats. */
function beforeEachAnswer(): void {
  before(() => first.use({}));
}

describe('calls in the upstream’s own format', () => {
  const sse =
    'event: ping\ndata: {"type": "ping", "x":1.0}\n\nevent: message_stop\ndata: {"type":"message_stop"}\n\n';
  const odd =
    '{ "messages" : [ {"role":"user","content":"\\u00e9\\ud83d\\ude00 \\/ é"} ],\r\n' +
    '\t"model":"cl\\u0061ude-a",' +
    '"unknown":{"model":"claude-a","n":1.0,"big":12345678901234567890},"stream":true, "max_tokens":1e2 } ';
  const fields = {
    'anthropic-version': '2099-01-01',
    'anthropic-beta': 'a-2025,b-2026',
    'x-api-key': 'sk-own',
    'x-unheard-of': 'yes',
  };

  for (const renamed of [false, true]) {
    const how = renamed ? 'but for the model, where it has another name' : 'byte for byte';
    it(`pass both ways as they are, ${how}`, async () => {
      const steps = [...sse].map((bytes) => ({ afterMs: 0, bytes }));
      const headers = [
        ['content-type', 'text/event-stream'],
        ['request-id', 'req_1'],
      ] as const;
      first.use({ answer: { status: 200, headers, steps } });
      const models = renamed ? { 'claude-*': 'vendor "x"' } : {};
      const one = { dialect: 'anthropic', endpoints: [first.url], models };
      await start({ upstreams: { one } });
      const { status, text, headers: back } = await post('/v1/messages?beta=true', odd, fields);
      assert.equal(status, 200);
      assert.equal(text, sse);
      assert.equal(back.get('request-id'), 'req_1');
      assert.equal(back.get('x-holdfast-dropped'), null);
      const seen = lastAt(first);
      assert.equal(seen?.path, '/v1/messages?beta=true');
      const expected = renamed ? odd.replace('"cl\\u0061ude-a"', '"vendor \\"x\\""') : odd;
      assert.equal(seen.body, expected);
      assert.equal(seen.header('content-length'), String(Buffer.byteLength(expected)));
      for (const [name, value] of Object.entries(fields)) assert.equal(seen.header(name), value);
    });
  }

  it('pass whole however large they are, renamed or converted', async () => {
    const long = 'é\u{1f600}'.repeat(700_000);
    const body = JSON.stringify(message({ model: 'claude-a', messages: said(long) }));
    for (const dialect of ['anthropic', 'openai-chat']) {
      first.use({});
      const one = { dialect, endpoints: [first.url], models: { 'claude-*': 'other' } };
      await start({ upstreams: { one } });
      await post('/v1/messages', body);
      const seen = lastAt(first);
      assert.ok((seen?.bodyBytes ?? 0) > 4_000_000);
      if (dialect === 'anthropic') {
        const expected = body.replace('"claude-a"', '"other"');
        assert.equal(seen?.bodyHash, createHash('sha256').update(expected).digest('hex'));
      }
      await gateway?.close();
      gateway = undefined;
    }
  });
});

describe('what the gateway answers itself', () => {
  const models = { small: 'sfdc_small', large: 'sfdc_large', 'claude-*': 'sfdc_any' };
  const org = (): AcceptanceOptions['upstreams'] => ({
    org: { dialect: 'salesforce-models', endpoints: [sim.url], models },
  });
  const read = async (path: string, headers: Record<string, string> = {}): Promise<Answered> => {
    const answer = await fetch(`${gateway?.url}${path}`, { headers });
    const text = await answer.text();
    const json = JSON.parse(text) as Answered['json'];
    return { status: answer.status, headers: answer.headers, text, json };
  };

  it('counts tokens by estimate where no upstream can', async () => {
    await start({ upstreams: org() });
    const before = sim.seen.requestCount;
    const { max_tokens: _none, ...counted } = message({ messages: said('x'.repeat(4_000)) }) as {
      max_tokens: number;
    };
    const { status, json } = await post('/v1/messages/count_tokens?beta=true', counted);
    assert.equal(status, 200);
    const { input_tokens: tokens } = json as { input_tokens: number };
    assert.ok(tokens > 500 && tokens < 2_000, `${tokens} tokens`);
    const wrong = await post('/v1/messages/count_tokens', '{"model":');
    assert.equal(wrong.status, 400);
    assert.equal(wrong.json['type'], 'error');
    assert.equal(sim.seen.requestCount, before);
    assert.equal((JSON.parse(lines[0] ?? '{}') as { verdict: string }).verdict, 'complete');
  });

  it('lists the models of the table in the form of the vendor who is asked', async () => {
    await start({ upstreams: org() });
    const openai = await read('/v1/models');
    assert.equal(openai.json['object'], 'list');
    const ids = (answer: Answered): string[] =>
      (answer.json['data'] as { id: string }[]).map(({ id }) => id);
    assert.deepEqual(ids(openai), ['small', 'large']);
    const anthropic = await read('/v1/models?limit=10', { 'anthropic-version': '2023-06-01' });
    assert.deepEqual(ids(anthropic), ['small', 'large']);
    assert.equal(anthropic.json['has_more'], false);
    assert.equal((await read('/v1/models/small')).json['id'], 'small');
    const unknown = await read('/v1/models/nothing');
    assert.equal(unknown.status, 404);
    assert.match((unknown.json['error'] as { message: string }).message, /No model of this name/);
  });
});
