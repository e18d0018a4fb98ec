// What can be configured of the Salesforce conversion, through a whole gateway to a simulated org:
// which surface is asked, with what body, and what the caller is told.

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { SalesforceOrg } from '../../src/simulator/salesforce/salesforce-org.ts';
import { LeakCheck } from '../../src/testing/index.ts';
import type { MisbehavingUpstream } from '../../src/testing/index.ts';
import { AcceptanceGateway } from '../support/acceptance-gateway.ts';
import { listenRemembering } from '../support/remembering-simulator.ts';

const leaks = LeakCheck.begin();
let gateway: AcceptanceGateway | undefined;
let org: MisbehavingUpstream;

before(async () => {
  org = await listenRemembering(new SalesforceOrg());
});
afterEach(async () => {
  await gateway?.close();
  gateway = undefined;
});
after(async () => {
  await org.close();
  await leaks.assertClean();
});

const CLAUDE = 'sfdc_ai__DefaultBedrockAnthropicClaude45Sonnet';
const LATE_CLAUDE = 'sfdc_ai__DefaultBedrockAnthropicClaude48Opus';
const GPT = 'sfdc_ai__DefaultOpenAIGPT4OmniMini';
/** A name that says nothing, as models have that an org has brought along. */
const OWN = 'sim-fast';

async function start(salesforce: object = {}, more: object = {}): Promise<void> {
  await gateway?.close();
  const tokenUrl = `${org.url}/services/oauth2/token`;
  const oauth = { tokenUrl, clientId: 'sim-client', clientSecret: 'sim-secret' };
  const shared = { dialect: 'salesforce-models', endpoints: [org.url], breaker: false };
  const upstream = { ...shared, credentials: { oauth }, salesforce, ...more };
  gateway = await AcceptanceGateway.start({ upstreams: { org: upstream } });
}

interface Answered {
  readonly status: number;
  readonly text: string;
  readonly json: Readonly<Record<string, unknown>>;
  readonly dropped: string;
  /** Of the request to the org. */
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
}

async function post(path: string, body: object, headers: object = {}): Promise<Answered> {
  const answer = await fetch(`${gateway?.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  const seen = org.seen.requests.findLast((request) => !request.path.includes('oauth2'));
  return {
    status: answer.status,
    text,
    json: JSON.parse(text) as Answered['json'],
    dropped: answer.headers.get('x-holdfast-dropped') ?? '',
    path: seen?.path ?? '',
    body: JSON.parse(seen?.body ?? '{}') as Answered['body'],
  };
}

const HELLO = 'Hello [[tokens=9]] [[head=0s]] [[first=0s]] [[gap=0s]]';
const said = (content: string): object => ({ role: 'user', content });
const messages = (model: string, more: object = {}, headers: object = {}): Promise<Answered> =>
  post('/v1/messages', { model, max_tokens: 900, messages: [said(HELLO)], ...more }, headers);
const chat = (model: string, more: object = {}): Promise<Answered> =>
  post('/v1/chat/completions', { model, messages: [said(HELLO)], ...more });

const documented = (model: string, endpoint: string): string =>
  `/einstein/platform/v1/models/${model}/${endpoint}`;
const native = (model: string): string => `/ai/gpt/v1/model/${model}/invoke`;
const tools = [{ name: 'f', input_schema: { type: 'object', properties: {} } }];

describe('the documented surface', () => {
  it('is asked with a conversation, unless the configuration says prompts', async () => {
    await start();
    const usual = await chat(GPT);
    assert.equal(usual.path, documented(GPT, 'chat-generations'));
    assert.deepEqual(usual.body, { messages: [said(HELLO)] });
    await start({ endpoint: 'generations' });
    const turns = [{ role: 'system', content: 'Be brief.' }, said(HELLO)];
    const prompt = await chat(GPT, { messages: turns });
    assert.equal(prompt.status, 200, prompt.text);
    assert.equal(prompt.path, documented(GPT, 'generations'));
    assert.deepEqual(prompt.body, {
      prompt: `System: Be brief.\n\nUser: ${HELLO}\n\nAssistant:`,
    });
    const [choice] = prompt.json['choices'] as { message: { content: string } }[];
    assert.ok((choice?.message.content.length ?? 0) > 0);
  });

  it('gets the members that the configuration adds to every text', async () => {
    const members = { localization: { defaultLocale: 'en_US' }, tags: { team: ['a'] } };
    await start({ members });
    assert.deepEqual((await chat(GPT)).body, { ...members, messages: [said(HELLO)] });
    const { body } = await post('/v1/embeddings', { model: OWN, input: 'a' });
    assert.deepEqual(body, { input: ['a'] });
  });

  it('calls a toxic answer a refusal only where the configuration says so', async () => {
    const toxic = { messages: [said(`${HELLO} [[toxic]]`)] };
    const reason = async (): Promise<unknown> => {
      const { json } = await chat(GPT, toxic);
      const [choice] = json['choices'] as { finish_reason: string; message: { content: string } }[];
      assert.ok((choice?.message.content.length ?? 0) > 0);
      return choice?.finish_reason;
    };
    await start();
    assert.equal(await reason(), 'stop');
    await start({ toxic: 'refusal' });
    assert.equal(await reason(), 'content_filter');
    assert.equal((await messages(GPT, toxic)).json['stop_reason'], 'refusal');
    const harmless = await messages(GPT);
    assert.equal(harmless.json['stop_reason'], 'end_turn');
  });

  it('is told late words of the system in place, or in the user’s words', async () => {
    const late = [said('a'), { role: 'assistant', content: 'b' }, { role: 'system', content: 'c' }];
    const turns = [...late, said(HELLO)];
    await start();
    assert.deepEqual((await chat(GPT, { messages: turns })).body, { messages: turns });
    await start({}, { convert: { laterSystem: false } });
    assert.deepEqual((await chat(GPT, { messages: turns })).body, {
      messages: [...turns.slice(0, 2), said(`<system>c</system>\n\n${HELLO}`)],
    });
  });
});

describe('the surface for a model', () => {
  const paths: readonly (readonly [surface: string, model: string, more: object, path: string])[] =
    [
      ['auto', CLAUDE, {}, native(CLAUDE)],
      ['auto', GPT, {}, documented(GPT, 'chat-generations')],
      ['auto', OWN, {}, documented(OWN, 'chat-generations')],
      ['auto', OWN, { tools }, native(OWN)],
      ['auto', OWN, { tools, tool_choice: { type: 'none' } }, documented(OWN, 'chat-generations')],
      ['native', OWN, {}, native(OWN)],
      ['documented', CLAUDE, {}, documented(CLAUDE, 'chat-generations')],
    ];
  for (const [surface, model, more, path] of paths) {
    const what = Object.keys(more).join(' and ') || 'a text';
    it(`is found by ${surface} for ${model} with ${what}`, async () => {
      await start({ surface });
      const answer = await messages(model, more);
      assert.equal(answer.status, 200, answer.text);
      assert.equal(answer.path, path);
    });
  }

  it('is the native one for callers of OpenAI’s APIs too, when only that can answer', async () => {
    await start();
    const image = { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } };
    const seen = [{ role: 'user', content: [{ type: 'text', text: HELLO }, image] }];
    const answer = await chat(OWN, { messages: seen });
    assert.deepEqual([answer.status, answer.path], [200, native(OWN)], answer.text);
  });

  it('cannot be the native one for models that are known to be another’s', async () => {
    await start();
    const refused = await messages(GPT, { tools });
    assert.equal(refused.status, 400);
    assert.match(refused.text, /tools: this model is reached by an API without tools/);
    await start({ unsupported: 'drop' });
    const answered = await messages(GPT, { tools });
    assert.deepEqual([answered.status, answered.path], [200, documented(GPT, 'chat-generations')]);
    assert.match(answered.dropped, /tools/);
  });
});

describe('what a client of Anthropic sends beside its words', () => {
  const asks = { 'anthropic-beta': 'claude-code-20250219,context-1m-2025-08-07' };
  const managed = { context_management: { edits: [] } };

  it('reaches the host as far as that takes it, and the rest is said', async () => {
    await start();
    const { status, text, body, dropped } = await messages(CLAUDE, managed, asks);
    assert.equal(status, 200, text);
    assert.deepEqual(body['anthropic_beta'], ['context-1m-2025-08-07']);
    assert.equal(body['context_management'], undefined);
    assert.equal(dropped, 'anthropic-beta, context_management');
    const late = await messages(LATE_CLAUDE, {}, asks);
    assert.deepEqual([late.status, late.body['anthropic_beta']], [200, undefined]);
  });

  it('is what the configuration lists, so that a wrong list is refused', async () => {
    await start({ betas: ['context-management-2025-06-27'] });
    const both = { 'anthropic-beta': `${asks['anthropic-beta']},context-management-2025-06-27` };
    const listed = await messages(CLAUDE, managed, both);
    assert.equal(listed.status, 200, listed.text);
    assert.deepEqual(listed.body['anthropic_beta'], ['context-management-2025-06-27']);
    assert.deepEqual(listed.body['context_management'], { edits: [] });
    await start({ betas: ['*'] });
    const refused = await messages(CLAUDE, {}, asks);
    assert.equal(refused.status, 400);
    assert.match(refused.text, /invalid beta flag/);
  });

  it('is not the attribution that only Anthropic reads', async () => {
    await start();
    const attribution = { type: 'text', text: 'x-anthropic-billing-header: cc_version=2.1.329;' };
    const prompt = { type: 'text', text: 'You are an agent.' };
    const { status, body } = await messages(CLAUDE, { system: [attribution, prompt] });
    assert.equal(status, 200);
    assert.deepEqual(body['system'], [prompt]);
  });
});
