import { deepEqual } from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JsonObject } from '../conversion/json-values.ts';
import type { ThinkingFit } from '../conversion/thinking-fit.ts';
import { fittedThinking } from './native-thinking.ts';

const fits = {
  adaptive: { form: 'adaptive', efforts: ['low', 'medium', 'high'], isSure: true },
  budget: { form: 'budget', efforts: [], isSure: true },
  none: { form: 'none', efforts: [], isSure: true },
  unknown: { form: 'none', efforts: [], isSure: false },
} as const satisfies Record<string, ThinkingFit>;

const adaptive = { type: 'adaptive', display: 'omitted' };
const enabled = { type: 'enabled', budget_tokens: 20_000 };
const disabled = { type: 'disabled' };
const bare = { type: 'adaptive' };
const budget = (tokens: number): object => ({ type: 'enabled', budget_tokens: tokens });

const config = (effort: unknown): object => ({ output_config: { effort } });

type Row = readonly [
  name: string,
  fit: keyof typeof fits,
  asked: object,
  thinking: object | undefined,
  effort: string | undefined,
  dropped: readonly string[],
];

const rows: readonly Row[] = [
  ['nothing stays nothing', 'adaptive', {}, undefined, undefined, []],
  ['an effort alone stays', 'adaptive', config('low'), undefined, 'low', []],
  ['adaptive stays', 'adaptive', { thinking: adaptive }, adaptive, undefined, []],
  [
    'an effort becomes the nearest',
    'adaptive',
    { thinking: adaptive, ...config('max') },
    adaptive,
    'high',
    ['output_config.effort'],
  ],
  ['a new word stays', 'adaptive', config('ultra'), undefined, 'ultra', []],
  [
    'a budget becomes an effort',
    'adaptive',
    { thinking: enabled },
    bare,
    'high',
    ['thinking.budget_tokens'],
  ],
  [
    'an effort goes before a budget',
    'adaptive',
    { thinking: enabled, ...config('low') },
    bare,
    'low',
    ['thinking.budget_tokens'],
  ],
  ['no thinking stays', 'adaptive', { thinking: disabled }, disabled, undefined, []],
  ['adaptive becomes a budget', 'budget', { thinking: adaptive }, budget(32_768), undefined, []],
  [
    'an effort becomes a budget',
    'budget',
    { thinking: adaptive, ...config('medium') },
    budget(16_384),
    undefined,
    [],
  ],
  ['a budget stays', 'budget', { thinking: enabled }, enabled, undefined, []],
  [
    'an effort without thinking is lost',
    'budget',
    { thinking: disabled, ...config('low') },
    disabled,
    undefined,
    ['output_config.effort'],
  ],
  [
    'all is lost',
    'none',
    { thinking: adaptive, ...config('low') },
    undefined,
    undefined,
    ['output_config.effort', 'thinking'],
  ],
  ['no thinking is no loss', 'none', { thinking: disabled }, undefined, undefined, []],
  ['nothing is touched', 'unknown', { thinking: enabled, ...config('max') }, enabled, 'max', []],
];

describe('thinking on the native surface', () => {
  for (const [name, fit, asked, thinking, effort, dropped] of rows) {
    it(`where the model takes ${fit}: ${name}`, () => {
      const lost = new Set<string>();
      const made = fittedThinking(asked as JsonObject, fits[fit], 100_000, lost);
      deepEqual(made, { thinking, effort });
      deepEqual([...lost].toSorted(), dropped);
    });
  }

  it('by budget leaves a fifth of the answer for the answer, or is not asked for', () => {
    const of = (maxTokens: number): unknown[] => {
      const lost = new Set<string>();
      const asked = { thinking: adaptive } as unknown as JsonObject;
      return [fittedThinking(asked, fits.budget, maxTokens, lost).thinking, [...lost]];
    };
    deepEqual(of(10_000), [budget(8_000), []]);
    deepEqual(of(1_280), [budget(1_024), []]);
    deepEqual(of(1_279), [undefined, ['thinking']]);
  });

  it('by budget is not asked for while tools are at work that no thought led to', () => {
    const call = { type: 'tool_use', id: 't', name: 'f', input: {} };
    const result = { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't' }] };
    const thought = { type: 'thinking', thinking: '', signature: 's' };
    const of = (content: readonly object[]): unknown => {
      const messages = [{ role: 'user', content: 'a' }, { role: 'assistant', content }, result];
      const asked = { thinking: adaptive, messages } as unknown as JsonObject;
      return fittedThinking(asked, fits.budget, 100_000, new Set()).thinking;
    };
    deepEqual(of([call]), undefined);
    deepEqual(of([{ type: 'text', text: 'I look' }, call]), undefined);
    deepEqual(of([thought, call]), budget(32_768));
    deepEqual(of([{ type: 'text', text: 'done' }]), budget(32_768));
  });
});
