import { deepEqual, equal } from 'node:assert/strict';
import { describe, it } from 'node:test';
import { convert } from './requests.fixture.ts';
import { anthropicFit, claudeVersion, openAiFit } from './thinking-fit.ts';
import type { ThinkingFit } from './thinking-fit.ts';

const versions: readonly (readonly [string, number | undefined])[] = [
  ['claude-2.1', 201],
  ['claude-instant-1.2', 102],
  ['claude-3-haiku-20240307', 300],
  ['claude-3-5-sonnet-latest', 305],
  ['claude-3-7-sonnet-20250219', 307],
  ['claude-sonnet-4-20250514', 400],
  ['claude-opus-4-1-20250805', 401],
  ['claude-sonnet-4-5-20250929', 405],
  ['claude-sonnet-4-5@20250929', 405],
  ['anthropic/claude-haiku-4.5', 405],
  ['claude-opus-4-6[1m]', 406],
  ['us.anthropic.claude-opus-4-6-v1:0', 406],
  ['claude-opus-4-10', 410],
  ['claude-fable-5', 500],
  ['sfdc_ai__DefaultBedrockAnthropicClaude37Sonnet', 307],
  ['sfdc_ai__DefaultBedrockAnthropicClaude4Sonnet', 400],
  ['sfdc_ai__DefaultBedrockAnthropicClaude45Haiku', 405],
  ['sfdc_ai__DefaultBedrockAnthropicClaude48Opus', 408],
  ['sfdc_ai__DefaultBedrockAnthropicClaude5Sonnet', 500],
  ['claude-next', undefined],
  ['claude-sonnet-20250514', undefined],
  ['gpt-5', undefined],
  ['Acme_Claude_Model', undefined],
];

describe('the version of a Claude model', () => {
  for (const [name, version] of versions) {
    it(`is ${version} in ${name}`, () => equal(claudeVersion(name), version));
  }
});

const said = ({ form, efforts, isSure }: ThinkingFit): string =>
  `${form}${efforts.length === 0 ? '' : ` ${efforts.join(' ')}`}${isSure ? '' : '?'}`;

const anthropic: readonly (readonly [string, string])[] = [
  ['claude-3-5-haiku-20241022', 'none'],
  ['claude-3-7-sonnet-20250219', 'budget'],
  ['claude-haiku-4-5-20251001', 'budget'],
  ['claude-sonnet-4-6', 'adaptive low medium high'],
  ['claude-opus-4-6', 'adaptive low medium high max'],
  ['claude-opus-4-7', 'adaptive low medium high xhigh max'],
  ['sfdc_ai__DefaultBedrockAnthropicClaude45Sonnet', 'budget'],
  ['glm-4.6', 'none?'],
  ['claude-next', 'none?'],
];

const openAi: readonly (readonly [string, string])[] = [
  ['gpt-4o', 'none'],
  ['openai/gpt-4.1-mini', 'none'],
  ['gpt-3.5-turbo', 'none'],
  ['chatgpt-4o-latest', 'none'],
  ['o1-preview', 'none'],
  ['o1', 'adaptive low medium high'],
  ['o4-mini', 'adaptive low medium high'],
  ['openai/gpt-5-mini', 'adaptive minimal low medium high'],
  ['gpt-5-chat-latest', 'none'],
  ['gpt-5-codex', 'adaptive low medium high'],
  ['gpt-5-pro', 'adaptive high'],
  ['gpt-5.1', 'adaptive none low medium high'],
  ['gpt-5.1-codex-max', 'adaptive low medium high xhigh'],
  ['gpt-5.2', 'adaptive none low medium high xhigh'],
  ['gpt-5.2-codex', 'adaptive low medium high xhigh'],
  ['gpt-oss:20b', 'adaptive low medium high'],
  ['qwen3-coder', 'none?'],
  ['gpt-50', 'none?'],
  ['claude-opus-4-7', 'none?'],
];

describe('what a model takes of thinking', () => {
  for (const [model, fit] of anthropic) {
    it(`is ${fit} for ${model}, asked as Anthropic’s`, () =>
      equal(said(anthropicFit({ model })), fit));
  }
  for (const [model, fit] of openAi) {
    it(`is ${fit} for ${model}, asked as OpenAI’s`, () => equal(said(openAiFit({ model })), fit));
  }

  it('is what the configuration says, whatever the name', () => {
    const model = 'claude-sonnet-4-5';
    equal(said(anthropicFit({ model, thinking: 'none' })), 'none');
    equal(said(anthropicFit({ model, thinking: 'adaptive' })), 'adaptive low medium high');
    equal(said(anthropicFit({ model: 'm', thinking: 'budget' })), 'budget');
    equal(said(openAiFit({ model: 'gpt-4o', thinking: 'adaptive' })), 'adaptive low medium high');
    equal(said(openAiFit({ model: 'gpt-5', thinking: 'none' })), 'none');
    // There is no such form there.
    equal(said(openAiFit({ model: 'gpt-4o', thinking: 'budget' })), 'none');
    equal(said(openAiFit({ model: 'gpt-oss', thinking: 'budget' })), 'adaptive low medium high');
  });

  it('is by effort where words are listed, and nothing where the list is empty', () => {
    equal(said(anthropicFit({ model: 'm', efforts: ['low', 'minimal'] })), 'adaptive low');
    equal(said(openAiFit({ model: 'gpt-4o', efforts: ['low'] })), 'adaptive low');
    equal(said(openAiFit({ model: 'gpt-5', efforts: [] })), 'none');
    // Words are no part of a budget.
    equal(said(anthropicFit({ model: 'claude-sonnet-4-5', efforts: ['low'] })), 'budget');
  });
});

const hello = { messages: [{ role: 'user', content: 'hi' }], max_tokens: 50_000 };

/** What stands of thinking in the request for a model of this name. */
function asked(to: 'anthropic' | 'chat' | 'responses', model: string, effort: string): unknown[] {
  const { body, dropped } = convert(
    'chat',
    to,
    { model: 'x', reasoning_effort: effort, ...hello },
    // As a gateway without further configuration says it.
    { model, efforts: undefined as never, thinking: 'auto' },
  );
  const thinking = [body.thinking?.type, body.thinking?.budget_tokens, body.output_config?.effort];
  const words = [body.reasoning_effort, body.reasoning?.effort];
  return [...[...thinking, ...words].filter((value) => value !== undefined), dropped];
}

describe('a request with an effort', () => {
  it('asks Claude in the form of its version', () => {
    deepEqual(asked('anthropic', 'claude-haiku-4-5', 'medium'), ['enabled', 16_384, []]);
    deepEqual(asked('anthropic', 'claude-opus-4-7', 'xhigh'), ['adaptive', 'xhigh', []]);
    deepEqual(asked('anthropic', 'claude-sonnet-4-6', 'xhigh'), [
      'adaptive',
      'high',
      ['reasoning_effort'],
    ]);
    deepEqual(asked('anthropic', 'claude-3-haiku-20240307', 'low'), [['reasoning_effort']]);
  });

  it('turns thinking off only where it could be on', () => {
    deepEqual(asked('anthropic', 'claude-haiku-4-5', 'none'), ['disabled', []]);
    deepEqual(asked('anthropic', 'claude-opus-4-7', 'none'), ['disabled', []]);
    deepEqual(asked('anthropic', 'claude-3-haiku-20240307', 'none'), [[]]);
    deepEqual(asked('chat', 'gpt-4o', 'none'), [[]]);
    deepEqual(asked('chat', 'gpt-5.1', 'none'), ['none', []]);
    // It may think all the same.
    deepEqual(asked('chat', 'gpt-5', 'none'), [['reasoning_effort']]);
    deepEqual(asked('chat', 'qwen3', 'none'), [['reasoning_effort']]);
  });

  for (const to of ['chat', 'responses'] as const) {
    it(`asks for it where the name tells that it is taken: ${to}`, () => {
      deepEqual(asked(to, 'gpt-5', 'high'), ['high', []]);
      deepEqual(asked(to, 'gpt-5', 'max'), ['high', ['reasoning_effort']]);
      deepEqual(asked(to, 'gpt-4o', 'high'), [['reasoning_effort']]);
      deepEqual(asked(to, 'qwen3-coder', 'high'), [['reasoning_effort']]);
    });
  }

  it('asks for no summary of thoughts that are not there', () => {
    const summary = (model: string): unknown =>
      convert(
        'anthropic',
        'responses',
        { ...hello, model: 'x', thinking: { type: 'adaptive' } },
        { model, efforts: undefined as never },
      ).body.reasoning;
    equal(summary('gpt-4o'), undefined);
    deepEqual(summary('gpt-5'), { effort: 'high', summary: 'auto' });
  });
});
