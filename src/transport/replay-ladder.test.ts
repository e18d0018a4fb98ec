import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { HeaderList } from '../core/header-list.ts';
import type { ReplayMark } from '../core/route.ts';
import type { Failure } from './replay-ladder.ts';
import { isRepeatable, ladderLevel, mayReplay } from './replay-ladder.ts';
import type { LadderLevel } from './transport-observer.ts';

const base: Failure = {
  written: true,
  reused: true,
  answered: false,
  elapsedMs: 10,
  provenRttMs: 20,
  guessedRttMs: 20,
};
const none = HeaderList.empty;
const keyed = HeaderList.of([['Idempotency-Key', 'k-1']]);

describe('the ladder level', () => {
  const cases: readonly (readonly [string, Partial<Failure>, LadderLevel])[] = [
    ['nothing written', { written: false }, 'L0'],
    ['nothing written, on a new connection', { written: false, reused: false }, 'L0'],
    ['sooner than the proof allows', { elapsedMs: 15.9 }, 'L1'],
    ['at the edge of the proof', { elapsedMs: 16 }, 'L2'],
    ['within two round trips and slack', { elapsedMs: 90 }, 'L2'],
    ['later than that', { elapsedMs: 90.1 }, 'L3'],
    ['at once, but the round trip is not proven', { elapsedMs: 0, provenRttMs: 0 }, 'L2'],
    [
      'late, and nothing known of the distance',
      { elapsedMs: 51, provenRttMs: 0, guessedRttMs: 0 },
      'L3',
    ],
    ['on a new connection, however soon', { reused: false, elapsedMs: 1 }, 'L3'],
    ['a byte was seen, however soon', { answered: true, elapsedMs: 1 }, 'L4'],
    ['a byte was seen on a new connection', { answered: true, reused: false }, 'L4'],
  ];
  for (const [what, facts, level] of cases) {
    it(`is ${level}: ${what}`, () => {
      assert.equal(ladderLevel({ ...base, ...facts }), level);
    });
  }
});

describe('the permission to replay', () => {
  const cases: readonly (readonly [LadderLevel, string, HeaderList, ReplayMark, boolean])[] = [
    ['L0', 'POST', none, 'strict', true],
    ['L1', 'POST', none, 'strict', true],
    ['L2', 'POST', none, 'strict', false],
    ['L2', 'POST', none, 'idle-race', true],
    ['L2', 'POST', keyed, 'strict', true],
    ['L2', 'GET', none, 'strict', true],
    ['L2', 'QUERY', none, 'strict', true],
    ['L2', 'PATCH', none, 'strict', false],
    ['L3', 'POST', none, 'strict', false],
    ['L3', 'POST', none, 'idle-race', false],
    ['L3', 'POST', none, 'always', true],
    ['L3', 'POST', keyed, 'strict', true],
    ['L3', 'PUT', none, 'strict', true],
    ['L4', 'GET', keyed, 'always', false],
  ];
  for (const [level, method, headers, mark, expected] of cases) {
    const key = headers === keyed ? ' with a key' : '';
    it(`${level} ${method}${key} on a ${mark} route: ${expected ? 'yes' : 'no'}`, () => {
      assert.equal(mayReplay(level, method, headers, mark), expected);
    });
  }

  it('takes an empty key for none', () => {
    assert.equal(isRepeatable('POST', HeaderList.of([['idempotency-key', '']])), false);
  });

  it('never sends an unmarked, unkeyed POST twice when it may have been read', () => {
    const facts = fc.record({
      written: fc.constant(true),
      reused: fc.boolean(),
      answered: fc.boolean(),
      elapsedMs: fc.double({ min: 0, max: 500, noNaN: true }),
      provenRttMs: fc.double({ min: 0, max: 200, noNaN: true }),
      guessedRttMs: fc.double({ min: 0, max: 200, noNaN: true }),
    });
    fc.assert(
      fc.property(facts, (failure) => {
        const replays = mayReplay(ladderLevel(failure), 'POST', none, 'strict');
        if (replays) assert.ok(failure.reused && failure.elapsedMs < failure.provenRttMs);
      }),
    );
  });
});
