// What is read from the headers of each provider, and that junk is not.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HeaderList } from '../../core/header-list.ts';
import { VirtualClock } from '../../testing/virtual-clock.ts';
import { AnswerReader } from './answer-reader.ts';
import type { LimitReading } from './limit-reading.ts';

/** 2026-11-21T10:00:00Z, in the `Date` field below ten minutes earlier: a skewed sender. */
const WALL = Date.UTC(2026, 10, 21, 10, 0, 0);
const date = 'Sat, 21 Nov 2026 09:50:00 GMT';

function rig(concernedUntil: number = Number.POSITIVE_INFINITY) {
  const clock = new VirtualClock(0, WALL);
  const reader = new AnswerReader(clock, 0.2);
  const ratios: string[] = [];
  const listener = {
    concernedUntil,
    noteRatio: (kind: string, ratio: number) => void ratios.push(`${kind} ${ratio}`),
  };
  const read = (fields: Record<string, string>, status: number = 200) =>
    reader.read(HeaderList.of(Object.entries(fields)), status === 429, listener, clock.now());
  return { read, ratios };
}

const openai = (
  kind: string,
  limit: string,
  remaining: string,
  reset: string,
): Record<string, string> => ({
  [`x-ratelimit-limit-${kind}`]: limit,
  [`x-ratelimit-remaining-${kind}`]: remaining,
  [`x-ratelimit-reset-${kind}`]: reset,
});

const anthropic = (
  kind: string,
  limit: string,
  remaining: string,
  reset: string,
): Record<string, string> => ({
  [`anthropic-ratelimit-${kind}-limit`]: limit,
  [`anthropic-ratelimit-${kind}-remaining`]: remaining,
  [`anthropic-ratelimit-${kind}-reset`]: reset,
});

const window = (
  limit: string,
  remaining: string | undefined,
  reset: string,
): Record<string, string> => ({
  'X-RateLimit-Limit': limit,
  ...(remaining === undefined ? {} : { 'X-RateLimit-Remaining': remaining }),
  'X-RateLimit-Reset': reset,
});

type Row = readonly [
  name: string,
  fields: Record<string, string>,
  readings: readonly Partial<LimitReading>[],
  status?: number,
];

const inTen = '2026-11-21T10:00:10Z';
const inAMinuteByDate = { date, 'RateLimit-Policy': '"d";q=100;w=60' };
const rule = { 'X-RateLimit-Rule': '5f3' };

const rows: readonly Row[] = [
  ['no limits', { date, 'content-type': 'text/plain' }, []],
  [
    'OpenAI: requests and tokens',
    { ...openai('requests', '60', '59', '1s'), ...openai('tokens', '150000', '9', '6m0s') },
    [
      { kind: 'requests', limit: 60, remaining: 59, resetMs: 1_000, gradual: true },
      { kind: 'tokens', limit: 150_000, remaining: 9, resetMs: 360_000, gradual: true },
    ],
  ],
  [
    "OpenAI: Anthropic's kinds, as a conversion puts them",
    openai('input-tokens', '40000', '0', '10s'),
    [{ kind: 'input-tokens', limit: 40_000, remaining: 0, resetMs: 10_000, gradual: true }],
  ],
  ['OpenAI: milliseconds', openai('requests', '60', '1', '12ms'), [{ resetMs: 12 }]],
  ['OpenAI: nothing left', openai('requests', '60', '0', '6s'), [{ remaining: 0 }]],
  ['Azure: -1 left', openai('requests', '60', '-1', '1s'), []],
  ['Azure: -1 as the limit', openai('requests', '-1', '0', '1s'), []],
  ['Azure: 0 as the limit', openai('tokens', '0', '0', '0'), []],
  ['OpenAI: no limit said', { 'x-ratelimit-remaining-requests': '5' }, []],
  ['OpenAI: no reset said', { ...openai('requests', '60', '0', ''), date }, []],
  ['OpenAI: junk as the reset', openai('requests', '60', '0', 'soon'), []],
  ['OpenAI: junk as the rest', openai('requests', '60', 'many', '1s'), []],
  ['OpenAI: a fraction', openai('requests', '60', '1.5', '1s'), []],
  [
    'Anthropic: all four kinds',
    {
      ...anthropic('requests', '50', '5', inTen),
      ...anthropic('tokens', '100', '90', inTen),
      ...anthropic('input-tokens', '40000', '0', inTen),
      ...anthropic('output-tokens', '8000', '8000', '2026-11-21T10:00:00Z'),
    },
    [
      { kind: 'requests', limit: 50, remaining: 5, resetMs: 10_000, gradual: true },
      { kind: 'tokens', limit: 100, remaining: 90, resetMs: 10_000, gradual: true },
      { kind: 'input-tokens', limit: 40_000, remaining: 0, resetMs: 10_000, gradual: true },
      { kind: 'output-tokens', limit: 8_000, remaining: 8_000, resetMs: 0, gradual: true },
    ],
  ],
  [
    'Anthropic: by the clock of the sender',
    { date, ...anthropic('requests', '50', '5', '2026-11-21T09:50:07Z') },
    [{ resetMs: 7_000 }],
  ],
  [
    'Anthropic: a reset that is over',
    anthropic('requests', '50', '5', '2026-11-21T09:00:00Z'),
    [{ resetMs: 0 }],
  ],
  ['Anthropic: a duration as the reset', anthropic('requests', '50', '5', '10s'), []],
  [
    'junk as the date',
    { date: 'yesterday', ...anthropic('requests', '50', '5', inTen) },
    [{ resetMs: 10_000 }],
  ],
  [
    'a window in seconds since 1970, by the clock of the sender',
    { date, ...window('100', '7', String(WALL / 1_000 - 600 + 30)) },
    [{ kind: 'requests', limit: 100, remaining: 7, resetMs: 30_000, gradual: false }],
  ],
  ['a window in seconds from now', window('100', '7', '30'), [{ resetMs: 30_000 }]],
  ['ServiceNow: an answer says no rest', { ...rule, ...window('500', undefined, '30') }, []],
  [
    'ServiceNow: a refusal by a rule',
    { date, ...rule, ...window('500', undefined, String(WALL / 1_000 - 600 + 1_800)) },
    [{ kind: 'requests', limit: 500, remaining: 0, resetMs: 1_800_000, gradual: false }],
    429,
  ],
  ['a refusal without a rule', window('500', undefined, '30'), [], 429],
  ['ServiceNow: a refusal without a reset', rule, [], 429],
  [
    'ServiceNow: a refusal by a rule whose limit is not said',
    { ...rule, 'X-RateLimit-Reset': '30' },
    [{ kind: 'requests', limit: 0, remaining: 0, resetMs: 30_000, gradual: false }],
    429,
  ],
  ['a reset alone', { 'X-RateLimit-Reset': '30' }, [], 429],
  [
    'IETF: one policy',
    { 'RateLimit-Policy': '"default";q=100;w=60', RateLimit: '"default";r=5;t=30' },
    [{ kind: 'requests', name: 'default', limit: 100, remaining: 5, resetMs: 30_000 }],
  ],
  [
    'IETF: two policies in several fields',
    { 'RateLimit-Policy': '"b";q=10;w=1,"d";q=5000;w=86400', RateLimit: '"b";r=8;t=1, d;r=1;t=60' },
    [
      { name: 'b', limit: 10, remaining: 8, resetMs: 1_000, gradual: false },
      { name: 'd', limit: 5_000, remaining: 1, resetMs: 60_000, gradual: false },
    ],
  ],
  [
    'IETF: the window where no time is said',
    { ...inAMinuteByDate, RateLimit: '"d";r=1' },
    [{ resetMs: 60_000 }],
  ],
  ['IETF: no policy, some left', { RateLimit: '"d";r=1;t=5' }, []],
  ['IETF: no policy, nothing left', { RateLimit: '"d";r=0;t=5' }, [{ limit: 0, remaining: 0 }]],
  ['IETF: no time at all', { RateLimit: '"d";r=0' }, []],
  ['IETF: no rest', { ...inAMinuteByDate, RateLimit: '"d";t=5' }, []],
  ['IETF: a fraction as the rest', { ...inAMinuteByDate, RateLimit: '"d";r=1.5;t=5' }, []],
  ['IETF: a negative rest', { ...inAMinuteByDate, RateLimit: '"d";r=-1;t=5' }, []],
  [
    'IETF: bytes',
    { 'RateLimit-Policy': '"d";q=9;qu="content-bytes"', RateLimit: '"d";r=0;t=5' },
    [],
  ],
  ['IETF: a policy alone', { 'RateLimit-Policy': '"d";q=9;w=5' }, []],
  [
    'IETF: a policy that can not be read',
    { 'RateLimit-Policy': '"fixed";"d";q=9', RateLimit: '"d";r=0;t=5' },
    [{ limit: 0, remaining: 0, resetMs: 5_000 }],
  ],
  ['an old draft with plain numbers', { RateLimit: 'limit=100, remaining=0, reset=5' }, []],
];

describe('the headers of an answer', () => {
  for (const [name, fields, readings, status = 200] of rows) {
    it(`say what they say: ${name}`, () => {
      const found = rig().read(fields, status);
      assert.equal(found.length, readings.length, JSON.stringify(found));
      for (const [index, reading] of readings.entries()) {
        assert.deepEqual({ ...found[index], ...reading }, found[index]);
      }
    });
  }

  it('are read no further than needed while much is left and nothing is paced', () => {
    const { read, ratios } = rig(0);
    const fields = {
      ...openai('requests', '100', '20', 'junk is not even looked at'),
      ...openai('tokens', '100', '19', '5s'),
    };
    assert.deepEqual(
      read(fields).map(({ kind }) => kind),
      ['tokens'],
    );
    assert.deepEqual(ratios, ['requests 0.2', 'tokens 0.19']);
  });

  it('that name more left than there is count as full', () => {
    const { read, ratios } = rig();
    read(openai('requests', '100', '500', '5s'));
    assert.deepEqual(ratios, ['requests 1']);
  });

  it('of one answer say nothing about the next', () => {
    const { read } = rig();
    assert.equal(read(openai('requests', '100', '1', '5s')).length, 1);
    assert.equal(read({}).length, 0);
    const fields = anthropic('requests', '50', '5', inTen);
    assert.equal(read({ date, ...fields })[0]?.resetMs, 610_000);
    assert.equal(read(fields)[0]?.resetMs, 10_000);
  });
});
