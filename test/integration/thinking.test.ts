// Wishes to think, through a whole gateway to simulated services that refuse what real ones refuse:
// what `convert.thinking` and `convert.efforts` make of them, and what `auto` finds out by names.

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { SalesforceOrg } from '../../src/simulator/salesforce/salesforce-org.ts';
import { simulatedProviders } from '../../src/simulator/standalone.ts';
import { LeakCheck } from '../../src/testing/index.ts';
import type { MisbehavingUpstream } from '../../src/testing/index.ts';
import { AcceptanceGateway } from '../support/acceptance-gateway.ts';
import { listenRemembering } from '../support/remembering-simulator.ts';

const leaks = LeakCheck.begin();
let gateway: AcceptanceGateway | undefined;
let sim: MisbehavingUpstream;
let org: MisbehavingUpstream;
/** The one that the gateway leads to. */
let asked: MisbehavingUpstream;

before(async () => {
  sim = await listenRemembering(simulatedProviders);
  org = await listenRemembering(new SalesforceOrg());
});
afterEach(async () => {
  await gateway?.close();
  gateway = undefined;
});
after(async () => {
  await sim.close();
  await org.close();
  await leaks.assertClean();
});

async function start(dialect: string, options: object = {}): Promise<void> {
  asked = dialect === 'salesforce-models' ? org : sim;
  const upstream = { dialect, endpoints: [sim.url], breaker: false, ...options };
  gateway = await AcceptanceGateway.start({ upstreams: { one: upstream } });
}

async function startOrg(options: object = {}): Promise<void> {
  const tokenUrl = `${org.url}/services/oauth2/token`;
  const oauth = { tokenUrl, clientId: 'sim-client', clientSecret: 'sim-secret' };
  const endpoints = [org.url];
  await start('salesforce-models', { endpoints, credentials: { oauth }, ...options });
}

/** What stands of thinking in a request. */
interface Wish {
  readonly thinking?: { readonly type: string; readonly budget_tokens?: number };
  readonly output_config?: object;
  readonly reasoning_effort?: string;
  readonly reasoning?: object;
}

/** What an upstream was asked, and what the caller was told. */
interface Answered {
  readonly status: number;
  readonly text: string;
  readonly dropped: string | null;
  readonly sent: Wish;
}

const paths = {
  claude: '/v1/messages',
  chat: '/v1/chat/completions',
  codex: '/v1/responses',
} as const;

/** As Claude Code, a chat client and Codex ask: for a stream, with an effort in every call. */
function bodyOf(caller: keyof typeof paths, model: string, effort: string): object {
  const said = [
    { role: 'user', content: 'Hello [[tokens=9]] [[head=0s]] [[first=0s]] [[gap=0s]]' },
  ];
  const stream = true;
  switch (caller) {
    case 'claude':
      return {
        model,
        stream,
        max_tokens: 32_000,
        messages: said,
        thinking: { type: 'adaptive', display: 'omitted' },
        output_config: { effort },
      };
    case 'chat':
      return { model, stream, messages: said, reasoning_effort: effort };
    case 'codex':
      return { model, stream, input: said, reasoning: { effort, summary: 'auto' }, store: false };
  }
}

async function ask(
  caller: keyof typeof paths,
  model: string,
  effort: string = 'medium',
): Promise<Answered> {
  const answer = await fetch(`${gateway?.url}${paths[caller]}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(bodyOf(caller, model, effort)),
  });
  const text = await answer.text();
  const last = asked.seen.requests.at(-1);
  const { thinking, output_config, reasoning_effort, reasoning } = JSON.parse(
    last?.body ?? '{}',
  ) as Wish;
  const sent = JSON.parse(
    JSON.stringify({ thinking, output_config, reasoning_effort, reasoning }),
  ) as Wish;
  return { status: answer.status, text, dropped: answer.headers.get('x-holdfast-dropped'), sent };
}

const budget = (tokens: number): Wish => ({
  thinking: { type: 'enabled', budget_tokens: tokens },
});

for (const caller of ['chat', 'codex'] as const) {
  describe(`thinking asked of Claude by a caller of OpenAI’s APIs: ${caller}`, () => {
    const cases: readonly (readonly [model: string, form: string | undefined])[] = [
      ['claude-3-5-haiku-20241022', undefined],
      ['claude-3-7-sonnet-20250219', 'enabled'],
      ['claude-haiku-4-5-20251001', 'enabled'],
      ['claude-sonnet-4-6', 'adaptive'],
      ['claude-opus-4-8', 'adaptive'],
      ['claude-conformance', undefined],
    ];
    for (const [model, form] of cases) {
      it(`is ${form ?? 'left out and said'} for ${model}`, async () => {
        await start('anthropic');
        const { status, text, sent, dropped } = await ask(caller, model);
        assert.equal(status, 200, text);
        assert.equal(sent.thinking?.type, form);
        assert.equal(/reasoning_effort/.test(dropped ?? ''), form === undefined, `${dropped}`);
      });
    }

    it('is what the configuration says, so a wrong word is refused by the model', async () => {
      await start('anthropic', { convert: { thinking: 'adaptive' } });
      const { status, text } = await ask(caller, 'claude-haiku-4-5');
      assert.equal(status, 400);
      assert.match(text, /adaptive thinking is not supported on this model/);
    });

    it('takes the form and the words that the configuration names', async () => {
      await start('anthropic', { convert: { efforts: ['low', 'high'] } });
      const words = await ask(caller, 'own-model', 'minimal');
      assert.deepEqual([words.status, words.sent.output_config], [200, { effort: 'low' }]);
      await gateway?.close();
      await start('anthropic', { convert: { thinking: 'budget' } });
      assert.deepEqual((await ask(caller, 'own-model', 'low')).sent, budget(4_096));
      await gateway?.close();
      await start('anthropic', { convert: { thinking: 'none' } });
      assert.deepEqual((await ask(caller, 'claude-opus-4-8')).sent, {});
    });
  });
}

describe('thinking asked of OpenAI’s APIs by Claude Code', () => {
  const cases: readonly (readonly [model: string, effort: string | undefined])[] = [
    ['gpt-4o', undefined],
    ['gpt-5', 'high'],
    ['gpt-oss:20b', 'high'],
    ['qwen3-coder', undefined],
    ['sim-plain', undefined],
  ];
  for (const [model, effort] of cases) {
    it(`is ${effort ?? 'left out'} for ${model}, and the loss is said`, async () => {
      await start('openai-chat');
      const { status, text, sent, dropped } = await ask('claude', model, 'max');
      assert.equal(status, 200, text);
      assert.equal(sent.reasoning_effort, effort);
      assert.match(dropped ?? '', /reasoning_effort/);
      await gateway?.close();
      await start('openai-responses');
      const response = await ask('claude', model, 'max');
      assert.equal(response.status, 200, response.text);
      assert.deepEqual(response.sent.reasoning, effort && { effort });
    });
  }

  it('is refused by a model that does not think, where the configuration insists', async () => {
    await start('openai-chat', { convert: { thinking: 'adaptive' } });
    const refused = await ask('claude', 'qwen3-coder');
    assert.equal(refused.status, 400);
    assert.match(refused.text, /does not support thinking/);
    const taken = await ask('claude', 'qwen3');
    assert.deepEqual([taken.status, taken.sent.reasoning_effort], [200, 'medium']);
  });

  it('is left out where the configuration says so, and the loss is said', async () => {
    await start('openai-chat', { convert: { thinking: 'none' } });
    const { sent, dropped } = await ask('claude', 'gpt-5');
    assert.deepEqual(sent, {});
    assert.match(dropped ?? '', /reasoning_effort/);
  });
});

describe('thinking asked of Anthropic by Anthropic’s callers', () => {
  it('is passed as it was said, fit or not', async () => {
    await start('anthropic', { convert: { thinking: 'none' } });
    const { status, text } = await ask('claude', 'claude-haiku-4-5');
    assert.equal(status, 400);
    assert.match(text, /adaptive thinking is not supported/);
  });
});

describe('thinking asked of Salesforce', () => {
  const older = 'sfdc_ai__DefaultBedrockAnthropicClaude45Sonnet';
  const newer = 'sfdc_ai__DefaultBedrockAnthropicClaude48Opus';
  for (const caller of ['claude', 'chat', 'codex'] as const) {
    it(`takes the form of the model’s version: ${caller}`, async () => {
      await startOrg();
      const old = await ask(caller, older);
      assert.equal(old.status, 200, old.text);
      assert.deepEqual(old.sent, budget(16_384));
      const late = await ask(caller, newer);
      assert.equal(late.status, 200, late.text);
      assert.equal(late.sent.thinking?.type, 'adaptive');
      assert.deepEqual(late.sent.output_config, { effort: 'medium' });
    });
  }

  it('is refused there when the configuration insists on the wrong form', async () => {
    await startOrg({ convert: { thinking: 'adaptive' } });
    for (const caller of ['claude', 'codex'] as const) {
      const { status, text } = await ask(caller, older);
      assert.equal(status, 400);
      assert.match(text, /adaptive thinking is not supported/);
    }
  });

  it('stays as it was said where the name of the model does not tell', async () => {
    await startOrg({ salesforce: { surface: 'native' } });
    const { status, sent } = await ask('claude', 'sim-chat');
    assert.deepEqual([status, sent.thinking?.type], [200, 'adaptive']);
  });
});
