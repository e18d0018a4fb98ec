import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { at } from '../plan-events.ts';
import { orgModels } from './org-models.ts';
import { OrgRig } from './org.fixture.ts';
import type { ReadAnswer } from './org.fixture.ts';

const BASE = '/einstein/platform/v1/models';
const GPT = 'sfdc_ai__DefaultGPT4Omni';
const user = (content: unknown): object => ({ role: 'user', content });

function chat(rig: OrgRig, text: string, model = 'sim-fast'): ReadAnswer {
  return rig.call(`${BASE}/${model}/chat-generations`, { messages: [user(text)] });
}

function messageCode({ status, json }: ReadAnswer): unknown[] {
  return [status, at(json, 'errorCode'), at(json, 'messageCode')];
}

describe('the gate of the simulated org', () => {
  const rig = new OrgRig().logIn();
  const path = `${BASE}/${GPT}/chat-generations`;
  const body = { messages: [user('Hello')] };

  it('wants both header fields', () => {
    for (const name of ['x-sfdc-app-context', 'x-client-feature-id']) {
      const refused = rig.call(path, body, { [name]: undefined });
      equal(refused.status, 400);
      ok(String(at(refused.json, 'message')).includes(name));
    }
  });

  it('wants JSON by POST', () => {
    equal(rig.call(path, body, { 'content-type': 'multipart/form-data' }).status, 415);
    equal(rig.call(path, body, { 'content-type': undefined }).status, 415);
    const bearer: [string, string][] = [['authorization', `Bearer ${rig.token}`]];
    equal(rig.send('GET', path, bearer, '').status, 405);
    for (const bad of ['', '[]', '{', '"x"']) equal(rig.call(path, bad).status, 400, bad);
  });

  it('knows its paths and models', () => {
    equal(rig.call('/einstein/platform/v1/models', body).status, 404);
    equal(rig.call(`${BASE}/${GPT}/dreams`, body).status, 404);
    equal(rig.call(`${BASE}/none/chat-generations`, body).status, 404);
    equal(rig.call(`${BASE}/%E0%A4%A/chat-generations`, body).status, 404);
    equal(rig.call(`/ai/gpt/v1/model/${GPT}/invoke`, body).status, 404);
  });

  it('limits generations per minute over all models', () => {
    const limited = new OrgRig({ generationsPerMinute: 2 }).logIn();
    deepEqual(
      ['sim-fast', 'sim-echo', 'sim-fast'].map((model) => chat(limited, 'x', model).status),
      [201, 201, 429],
    );
    limited.wallMs += 60_000;
    equal(chat(limited, 'x').status, 201);
  });
});

describe('chat generations of the simulated org', () => {
  const rig = new OrgRig().logIn();

  it('answer in the documented form', () => {
    const { status, json } = chat(rig, 'Good morning', 'sim-echo');
    equal(status, 201);
    const generation = at(json, 'generationDetails.generations.0');
    equal(at(generation, 'content'), 'Good morning');
    equal(at(generation, 'role'), 'assistant');
    equal(at(generation, 'parameters.finish_reason'), 'end_turn');
    equal(at(generation, 'contentQuality.scanToxicity.isDetected'), false);
    equal(at(json, 'generationDetails.parameters.model'), 'sim-echo');
  });

  it('spell token counts and reasons as the provider behind the model', () => {
    const seen = [
      'sfdc_ai__DefaultBedrockAnthropicClaude45Haiku',
      GPT,
      'sfdc_ai__DefaultVertexAIGemini25Flash001',
    ].map((model) => {
      const details = at(chat(rig, '[[tokens=321]]', model).json, 'generationDetails');
      const usage = at(details, 'parameters.usage') as Record<string, unknown>;
      const output = Object.entries(usage).find(([, value]) => value === 321)?.[0];
      return [output, at(details, 'generations.0.parameters.finish_reason')];
    });
    deepEqual(seen, [
      ['outputTokenCount', 'end_turn'],
      ['completion_tokens', 'stop'],
      ['candidatesTokenCount', 'STOP'],
    ]);
  });

  it('take roles and texts only', () => {
    const bad = [
      {},
      { messages: [] },
      { messages: 'x' },
      { messages: ['x'] },
      { messages: [user([{ type: 'text', text: 'x' }])] },
      { messages: [user('')] },
      { messages: [{ role: 'tool', content: 'x' }] },
      { messages: [user('x'), { role: 'assistant', content: 'y' }] },
    ];
    for (const body of bad) {
      const refused = rig.call(`${BASE}/sim-fast/chat-generations`, body);
      deepEqual(messageCode(refused), [400, 'BAD_ARGUMENT', 'E30020'], JSON.stringify(body));
    }
  });

  it('ignore all other fields', () => {
    const { status, json } = rig.call(`${BASE}/sim-echo/chat-generations`, {
      messages: [user('one two three four')],
      max_tokens: 1,
      stream: true,
      tools: [{ name: 'f' }],
    });
    equal(status, 201);
    equal(at(json, 'generationDetails.generations.0.content'), 'one two three four');
  });

  it('give up masking prompts that are too long', () => {
    const refused = chat(rig, 'x'.repeat(460_001));
    deepEqual(messageCode(refused), [400, 'BAD_ARGUMENT', 'E30036']);
  });

  it('take as long as the pace of the model and the directives say', () => {
    const slow = chat(
      rig,
      '[[head=3s]] [[first=1s]] [[gap=100ms]] [[tokens=11]] [[jitter=0]]',
      GPT,
    );
    equal(slow.waitMs, 5_000);
    equal(slow.streamed, false);
    equal(chat(rig, 'x').waitMs, 0);
  });

  it('fail as the text asks, in the forms that the real one has', () => {
    deepEqual(messageCode(chat(rig, '[[status=423]]')), [423, 'SERVER_BUSY', undefined]);
    const limited = chat(rig, '[[status=429]] [[retry-after=2]]');
    ok(limited.headers.some(([name, value]) => name === 'retry-after' && value === '2'));
    const page = chat(rig, '[[status=502]] [[html]]');
    equal(page.status, 502);
    match(page.text, /^<html>/);
    match(page.type, /^text\/html/);
    const odd = chat(rig, '[[json-error]]');
    equal(odd.status, 200);
    equal(at(odd.json, 'errorCode'), 'SERVER_BUSY');
    const cut = chat(rig, '[[cut@3]]');
    deepEqual([cut.ending, cut.json], ['cut', undefined]);
    equal(chat(rig, '[[error@3]]').status, 500);
    equal(chat(rig, '[[tokens=many]]').status, 400);
    const saved = chat(rig, '[[status=500]] [[json-error]] [[odds=0]]');
    equal(saved.status, 201);
  });
});

describe('the other documented paths of the simulated org', () => {
  const rig = new OrgRig().logIn();

  it('answer a prompt', () => {
    const { status, json } = rig.call(`${BASE}/sim-echo/generations`, { prompt: 'Hi there' });
    equal(status, 200);
    equal(at(json, 'generation.generatedText'), 'Hi there');
    equal(at(json, 'moreGenerations'), null);
    equal(at(json, 'parameters.usage.outputTokenCount'), 2);
    equal(rig.call(`${BASE}/sim-echo/generations`, { prompt: '' }).status, 400);
  });

  it('make embeddings, with models that make them', () => {
    const model = 'sfdc_ai__DefaultOpenAITextEmbeddingAda_002';
    const { status, json } = rig.call(`${BASE}/${model}/embeddings`, { input: ['a', 'b'] });
    equal(status, 200);
    const rows = at(json, 'embeddings') as { embedding: number[]; index: number }[];
    deepEqual(
      rows.map(({ embedding, index }) => [embedding.length, index]),
      [
        [1536, 0],
        [1536, 1],
      ],
    );
    equal(rig.call(`${BASE}/${model}/embeddings`, { input: 'a' }).status, 400);
    equal(rig.call(`${BASE}/${model}/embeddings`, { input: [1] }).status, 400);
    equal(rig.call(`${BASE}/${GPT}/embeddings`, { input: ['a'] }).status, 400);
  });

  it('take feedback', () => {
    const path = '/einstein/platform/v1/feedback';
    equal(rig.call(path, { generationId: 'g1', feedback: 'GOOD' }).status, 201);
    equal(rig.call(path, {}).status, 400);
  });

  it('never break, whatever the body', () => {
    const actions = ['chat-generations', 'generations', 'embeddings'];
    const paths = orgModels.flatMap(({ name, claude }) => [
      ...actions.map((action) => `${BASE}/${name}/${action}`),
      ...(claude ? [`/ai/gpt/v1/model/${name}/invoke-with-response-stream`] : []),
    ]);
    const odd = fc.jsonValue({ maxDepth: 3 });
    const message = fc.record({ role: fc.constantFrom('user', 'tool'), content: odd });
    const body = fc.record(
      { messages: fc.oneof(odd, fc.array(message)), prompt: odd, input: odd, max_tokens: odd },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.constantFrom(...paths), body, (path, value) => {
        const answer = rig.call(path, { anthropic_version: 'bedrock-2023-05-31', ...value });
        ok([200, 201, 400].includes(answer.status), `${answer.status}`);
        ok(answer.streamed || answer.json !== undefined);
      }),
      { numRuns: 500 },
    );
  });
});
