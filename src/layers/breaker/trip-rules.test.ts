import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { defaultBreakerOptions, defaultSlowRule } from './options.ts';
import type { BreakerOptions } from './options.ts';
import { TripRules } from './trip-rules.ts';

const fault = { throttled: false, countedAt: -1 };
const throttle = { throttled: true, countedAt: -1 };

/** Plays `story` one event a `stepMs` and gives back what it led to, by place in the story. */
function play(story: string, stepMs: number = 10, own: Partial<BreakerOptions> = {}) {
  const rules = new TripRules({ ...defaultBreakerOptions, ...own });
  let now = 1_000;
  for (const [index, event] of [...story].entries()) {
    now += stepMs;
    const reason = step(rules, event, now);
    if (reason !== undefined) return `${reason} at ${index + 1}`;
  }
  return 'stays closed';
}

function step(rules: TripRules, event: string, now: number) {
  // o: whole answer, b: begins well, s: begins well but slowly, f: fails, t: 429, c: cut
  if (event === 'f') return rules.failed(now, fault);
  if (event === 't') return rules.failed(now, throttle);
  if (event === 'c') return rules.failed(now, { throttled: false, countedAt: now - 100 });
  const reason = rules.answered(now, event === 's');
  if (event === 'o') rules.completed();
  return reason;
}

describe('the trip rules', () => {
  const table: readonly (readonly [name: string, story: string, result: string])[] = [
    ['five failures in a row trip', 'fffff', 'consecutive at 5'],
    ['four do not', 'ffffoffff', 'stays closed'],
    ['a good head ends a run of failures', 'ffffbffff', 'stays closed'],
    ['a 429 neither adds to a run nor ends it', 'fftff', 'stays closed'],
    ['a run goes on after a 429', 'fftfff', 'consecutive at 6'],
    ['429 counts in the rate', 'tttttttttt', 'rate at 10'],
    ['the rate means nothing below ten calls', 'ttttttttt', 'stays closed'],
    ['half is not below half', 'otototototot', 'stays closed'],
    ['below half of ten calls trips', 'ooootttttt', 'rate at 10'],
    ['a streak broken by rare successes trips by rate', 'offoffoffoff', 'rate at 11'],
    ['streams that all break trip though each began well', 'bcbcbcbcbc', 'consecutive at 10'],
    ['so do streams that break together', 'bbbbbccccc', 'consecutive at 10'],
    ['a whole answer ends a run of cuts', 'bcbcbcbcobc', 'stays closed'],
    ['few cuts among many running streams do not', `${'b'.repeat(20)}cbcbcbcbc`, 'stays closed'],
  ];
  for (const [name, story, result] of table) {
    it(name, () => assert.equal(play(story), result));
  }

  it('forget what is older than the window', () => {
    // A call each 4 s: the window of 30 s never holds ten.
    assert.equal(play('t'.repeat(40), 4_000), 'stays closed');
    assert.equal(play('t'.repeat(40), 2_900), 'rate at 10');
  });

  it('take back the success of an answer that broke', () => {
    const rules = new TripRules(defaultBreakerOptions);
    rules.answered(1_000, false);
    rules.failed(1_100, { throttled: false, countedAt: 1_000 });
    assert.deepEqual(rules.look(1_100), { calls: 1, successRate: 0 });
  });

  it('forget everything when told', () => {
    const rules = new TripRules(defaultBreakerOptions);
    for (let count = 0; count < 4; count += 1) rules.failed(1_000, fault);
    rules.clear();
    assert.equal(rules.failed(1_000, fault), undefined);
    assert.equal(rules.failuresInARow, 1);
    assert.equal(rules.look(1_000).calls, 1);
  });

  it('ignore slowness unless told, then trip above 80 % of at least 20', () => {
    assert.equal(play('s'.repeat(40)), 'stays closed');
    const slow = { slow: defaultSlowRule };
    assert.equal(play('s'.repeat(40), 10, slow), 'slow at 20');
    assert.equal(play(`${'o'.repeat(4)}${'s'.repeat(16)}`, 10, slow), 'stays closed');
    assert.equal(play(`${'o'.repeat(4)}${'s'.repeat(17)}`, 10, slow), 'slow at 21');
  });
});
