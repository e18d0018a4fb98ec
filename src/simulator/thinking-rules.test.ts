import { equal, match } from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HeaderList } from '../core/header-list.ts';
import { seededRandom } from '../core/random.ts';
import { planAnswer } from './answer-plan.ts';

/** The refusal of a request, or the empty text when it is answered. */
function refusal(path: string, body: object): string {
  const request = {
    method: 'POST',
    path,
    headers: HeaderList.of([['content-type', 'application/json']]),
    body: JSON.stringify(body),
  };
  const { status, steps } = planAnswer(request, seededRandom(1));
  if (status === 200) return '';
  const { error } = JSON.parse(String(steps[0]?.bytes)) as { error: { message: string } };
  return `${status} ${error.message}`;
}

const hello = [{ role: 'user', content: 'Hello' }];
const ofAnthropic = (model: string, more: object): string =>
  refusal('/v1/messages', { model, max_tokens: 4_000, messages: hello, ...more });
const ofChat = (model: string, effort: unknown): string =>
  refusal('/v1/chat/completions', { model, messages: hello, reasoning_effort: effort });
const ofResponses = (model: string, effort: unknown): string =>
  refusal('/v1/responses', { model, input: 'Hello', reasoning: { effort } });

const adaptive = { thinking: { type: 'adaptive' } };
const budget = { thinking: { type: 'enabled', budget_tokens: 2_000 } };
const effort = { output_config: { effort: 'low' } };

const noThinking = /^400 thinking is not supported/;
const noAdaptive = /^400 adaptive thinking is not supported on this model$/;
const noBudget = /^400 "thinking\.type\.enabled" is not supported for this model/;
const noEffort = /^400 This model does not support the effort parameter/;
const taken = /^$/;

const claudes: readonly (readonly [string, RegExp, RegExp, RegExp])[] = [
  // Name, what is said to adaptive thinking, to a budget, to an effort.
  ['claude-3-5-sonnet-20241022', noThinking, noThinking, noEffort],
  ['claude-3-haiku-20240307', noThinking, noThinking, noEffort],
  ['claude-3-7-sonnet-20250219', noAdaptive, taken, noEffort],
  ['claude-sonnet-4-20250514', noAdaptive, taken, noEffort],
  ['claude-opus-4-1-20250805', noAdaptive, taken, noEffort],
  ['claude-sonnet-4-5', noAdaptive, taken, noEffort],
  ['claude-opus-4-5', noAdaptive, taken, taken],
  ['claude-haiku-4-5-20251001', noAdaptive, taken, noEffort],
  ['claude-sonnet-4-6', taken, taken, taken],
  ['claude-opus-4-8', taken, noBudget, taken],
  ['claude-sonnet-5', taken, noBudget, taken],
  ['claude-conformance', taken, taken, taken],
  ['sim-plain', noThinking, noThinking, noEffort],
  ['sim-chat', taken, taken, taken],
];

describe('a wish to think, at the simulated Messages API', () => {
  for (const [model, toAdaptive, toBudget, toEffort] of claudes) {
    it(`is taken or refused as ${model} does`, () => {
      match(ofAnthropic(model, adaptive), toAdaptive);
      match(ofAnthropic(model, budget), toBudget);
      match(ofAnthropic(model, effort), toEffort);
      equal(ofAnthropic(model, {}), '');
    });
  }

  it('needs a budget that makes sense', () => {
    const of = (tokens: unknown, more: object = {}): string =>
      ofAnthropic('sim-fast', { thinking: { type: 'enabled', budget_tokens: tokens }, ...more });
    match(of(undefined), /budget_tokens: Field required/);
    match(of(1_023), /greater than or equal to 1024/);
    match(of(4_000), /`max_tokens` must be greater than/);
    equal(of(3_999), '');
    match(of(2_000, { tool_choice: { type: 'any' } }), /may not be enabled when tool_choice/);
  });

  it('by budget needs the thoughts that led to the tools at work', () => {
    const call = { type: 'tool_use', id: 't', name: 'f', input: {} };
    const result = [{ type: 'tool_result', tool_use_id: 't', content: 'ok' }];
    const of = (content: readonly object[]): string => {
      const turns = [
        { role: 'assistant', content },
        { role: 'user', content: result },
      ];
      return ofAnthropic('claude-sonnet-4-5', { ...budget, messages: [...hello, ...turns] });
    };
    match(of([call]), /messages\.1\.content\.0\.type: Expected `thinking`/);
    equal(of([{ type: 'thinking', thinking: '', signature: 's' }, call]), '');
  });
});

describe('an effort, at the simulated APIs of OpenAI', () => {
  for (const model of ['gpt-4o', 'gpt-4.1-mini', 'gpt-3.5-turbo', 'o1-mini', 'gpt-5-chat-latest']) {
    it(`is refused for ${model}`, () => {
      match(ofChat(model, 'low'), /^400 Unrecognized request argument supplied: reasoning_effort$/);
      match(ofResponses(model, 'low'), /^400 Unsupported parameter: 'reasoning\.effort'/);
      equal(ofChat(model, undefined), '');
    });
  }

  for (const model of ['qwen3-coder', 'llama3.3', 'sim-plain']) {
    it(`is refused for ${model} as servers on one’s own machine do`, () => {
      equal(ofChat(model, 'low'), `400 "${model}" does not support thinking`);
    });
  }

  it('is taken for models that think, in their words', () => {
    for (const model of ['gpt-5', 'o3', 'gpt-oss:20b', 'gpt-conformance', 'sim-fast']) {
      equal(ofChat(model, 'low'), '');
      equal(ofResponses(model, 'xhigh'), '');
      match(ofChat(model, 'max'), /^400 Invalid value: 'max'/);
      match(ofResponses(model, 'max'), /^400 Invalid value: 'max'/);
    }
  });
});
