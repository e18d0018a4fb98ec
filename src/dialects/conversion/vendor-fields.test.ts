import { deepEqual, equal } from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HeaderList } from '../../core/header-list.ts';
import { fieldsForCaller } from './vendor-fields.ts';

const NOW = Date.parse('2026-11-21T10:00:00Z');
type Pairs = readonly (readonly [string, string])[];

function told(from: 'anthropic' | 'openai-chat', fields: Pairs): Record<string, string> {
  const list = fieldsForCaller(from, HeaderList.of(fields), () => NOW);
  const names = [...list].map(([name]) => name);
  equal(new Set(names).size, names.length, 'no field twice');
  return Object.fromEntries(list);
}

const openAi: Pairs = [
  ['X-Request-Id', 'req_1'],
  ['openai-processing-ms', '12'],
  ['OpenAI-Organization', 'org'],
  ['openai-version', '2020-10-01'],
  ['x-ratelimit-limit-requests', '10000'],
  ['x-ratelimit-remaining-requests', '9999'],
  ['x-ratelimit-reset-requests', '6m0s'],
  ['x-ratelimit-limit-tokens', '2000000'],
  ['x-ratelimit-remaining-tokens', '1999000'],
  ['x-ratelimit-reset-tokens', '17ms'],
  ['retry-after', '3'],
  ['retry-after-ms', '3100'],
  ['x-should-retry', 'true'],
  ['cf-ray', 'ray'],
];

describe('the fields of an answer of OpenAI', () => {
  it('are those of Anthropic for its callers', () => {
    deepEqual(told('anthropic', openAi), {
      'retry-after': '3',
      'retry-after-ms': '3100',
      'x-should-retry': 'true',
      'cf-ray': 'ray',
      'request-id': 'req_1',
      'anthropic-ratelimit-requests-limit': '10000',
      'anthropic-ratelimit-requests-remaining': '9999',
      'anthropic-ratelimit-requests-reset': '2026-11-21T10:06:00.000Z',
      'anthropic-ratelimit-tokens-limit': '2000000',
      'anthropic-ratelimit-tokens-remaining': '1999000',
      'anthropic-ratelimit-tokens-reset': '2026-11-21T10:00:00.017Z',
    });
  });

  it('stay as they are for callers of OpenAI', () => {
    const list = HeaderList.of(openAi);
    equal(
      fieldsForCaller('openai-responses', list, () => NOW),
      list,
    );
  });

  it('count from when the vendor wrote them, by its own clock', () => {
    const fields: Pairs = [
      ['date', 'Sat, 21 Nov 2026 09:00:00 GMT'],
      ['x-ratelimit-remaining-tokens', '1'],
      ['x-ratelimit-reset-tokens', '1h2m3.5s'],
    ];
    equal(
      told('anthropic', fields)['anthropic-ratelimit-tokens-reset'],
      '2026-11-21T10:02:03.500Z',
    );
  });

  it('leave out a time that cannot be read, and what cannot be repeated', () => {
    for (const reset of ['soon', '', '1x', 'ms', '9'.repeat(40)]) {
      const fields = told('anthropic', [
        ['x-ratelimit-remaining-tokens', '1'],
        ['x-ratelimit-reset-tokens', reset],
      ]);
      deepEqual(fields, { 'anthropic-ratelimit-tokens-remaining': '1' }, reset);
    }
    deepEqual(told('anthropic', [['x-request-id', 'r'.repeat(300)]]), {});
    const seconds: Pairs = [
      ['x-ratelimit-remaining-tokens', '1'],
      ['x-ratelimit-reset-tokens', '2.5'],
    ];
    equal(
      told('anthropic', seconds)['anthropic-ratelimit-tokens-reset'],
      '2026-11-21T10:00:02.500Z',
    );
  });

  it('do not take the place of a field that is there', () => {
    const both: Pairs = [
      ['request-id', 'own'],
      ['x-request-id', 'theirs'],
    ];
    deepEqual(told('anthropic', both), { 'request-id': 'own' });
    deepEqual(told('openai-chat', both), { 'x-request-id': 'theirs' });
  });
});

describe('the fields of an answer of Anthropic', () => {
  it('are those of OpenAI for its callers', () => {
    const fields: Pairs = [
      ['request-id', 'req_2'],
      ['anthropic-organization-id', 'org'],
      ['anthropic-priority-input-tokens-limit', '5'],
      ['anthropic-ratelimit-requests-limit', '4000'],
      ['anthropic-ratelimit-requests-remaining', '3999'],
      ['anthropic-ratelimit-requests-reset', '2026-11-21T10:06:00Z'],
      ['anthropic-ratelimit-input-tokens-limit', '100'],
      ['anthropic-ratelimit-input-tokens-remaining', '99'],
      ['anthropic-ratelimit-input-tokens-reset', '2026-11-21T11:00:01.25Z'],
      ['anthropic-ratelimit-output-tokens-remaining', '9'],
      ['anthropic-ratelimit-output-tokens-reset', '2026-11-21T09:00:00Z'],
      ['retry-after', '3'],
    ];
    deepEqual(told('openai-chat', fields), {
      'retry-after': '3',
      'x-request-id': 'req_2',
      'x-ratelimit-limit-requests': '4000',
      'x-ratelimit-remaining-requests': '3999',
      'x-ratelimit-reset-requests': '6m0s',
      'x-ratelimit-limit-input-tokens': '100',
      'x-ratelimit-remaining-input-tokens': '99',
      'x-ratelimit-reset-input-tokens': '1h0m1.25s',
      'x-ratelimit-remaining-output-tokens': '9',
      'x-ratelimit-reset-output-tokens': '0ms',
    });
  });

  it('keep to their hop where Connection names them', () => {
    const list = HeaderList.of([
      ['keep-alive', 'timeout=5'],
      ['request-id', 'r'],
    ]);
    const told = fieldsForCaller('openai-chat', list, () => NOW);
    equal(told.forwardable(), 'x-request-id: r\r\n');
  });
});
