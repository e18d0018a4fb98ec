// Recorded runs, sound ones and ones that leak: a verdict that cannot be against a run is none.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '../../src/core/random.ts';
import type { AtRest, CallTally, SoakRun, SoakSample } from './soak-run.ts';
import { RESIDENT_MAX_BYTES, isKept, judge } from './verdict.ts';
import type { Verdict } from './verdict.ts';

const MIB = 1024 * 1024;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** From one full collection to the next. */
const SAW_MS = 97_000;

/** Changes to one reading of a run, by its place in time. */
type Shape = (atMs: number, durationMs: number) => Partial<SoakSample>;

const atRest: AtRest = {
  held: [],
  callerConnections: 0,
  underWay: 0,
  exitCode: 0,
  cut: 0,
  faults: [],
};
const calls: CallTally = { planned: { a: 900, b: 100 }, unplanned: 0, examples: [], heldBack: 0 };

/** A process as it is: rises at first, then goes up and down with its collections. */
function recorded(durationMs: number, shape: Shape = () => ({})): SoakRun {
  const random = seededRandom(7);
  const samples: SoakSample[] = [];
  const everyMs = Math.max(1_000, durationMs / 2_000);
  for (let atMs = everyMs; atMs <= durationMs; atMs += everyMs) {
    const settling = Math.exp(-atMs / 30_000);
    const garbage = 60 * ((atMs / SAW_MS) % 1) + 10 * random.next();
    const sound: SoakSample = {
      atMs,
      residentBytes: (150 - 40 * settling + garbage) * MIB,
      heldBytes: (38 - 10 * settling + garbage) * MIB,
      labelSets: 250,
      overflowed: [],
      leases: 40,
      callerConnections: 30,
      upstreamConnections: 20,
      loopDelayP99Ms: 20,
      valuesTried: Math.round((200_000 * atMs) / durationMs),
    };
    samples.push({ ...sound, ...shape(atMs, durationMs) });
  }
  return { durationMs, warmUpMs: durationMs * 0.3, samples, calls, atRest };
}

function verdictOn(run: SoakRun, rule: Verdict['rule']): Verdict {
  const found = judge(run).find((verdict) => verdict.rule === rule);
  assert.ok(found);
  return found;
}

/** The sound readings plus what leaks in this time. */
function leaking(durationMs: number, bytesAnHour: number): SoakRun {
  const sound = recorded(durationMs);
  const samples = sound.samples.map((sample) => {
    const more = (sample.atMs / HOUR_MS) * bytesAnHour;
    const { heldBytes, residentBytes } = sample;
    return { ...sample, residentBytes: residentBytes + more, heldBytes: heldBytes + more };
  });
  return { ...sound, samples };
}

describe('the verdict on a sound run', () => {
  for (const [name, durationMs] of [
    ['24 hours', DAY_MS],
    ['1 hour', HOUR_MS],
    ['30 minutes', HOUR_MS / 2],
  ] as const) {
    it(`keeps every rule after ${name}, in full`, () => {
      const verdicts = judge(recorded(durationMs));
      assert.deepEqual(
        verdicts.filter(({ kept }) => !kept),
        [],
      );
      assert.ok(verdicts.every(({ partial }) => !partial));
      assert.ok(isKept(verdicts));
    });
  }

  it('claims no more than a ceiling for memory after 20 seconds, and says so', () => {
    const run = recorded(20_000);
    for (const rule of ['resident', 'held'] as const) {
      const { kept, partial, sentence } = verdictOn(run, rule);
      assert.ok(kept && partial);
      assert.match(sentence, /too short to say whether .* is flat, which takes 30 minutes/);
    }
    assert.ok(isKept(judge(run)));
  });
});

describe('the verdict on memory', () => {
  for (const [name, durationMs, bytesAnHour] of [
    ['2 MiB an hour in 24 hours', DAY_MS, 2 * MIB],
    ['48 MiB an hour in 1 hour', HOUR_MS, 48 * MIB],
    ['96 MiB an hour in 30 minutes', HOUR_MS / 2, 96 * MIB],
  ] as const) {
    it(`is against a leak of ${name}`, () => {
      const run = leaking(durationMs, bytesAnHour);
      const { kept, sentence } = verdictOn(run, 'resident');
      assert.equal(kept, false, sentence);
      assert.equal(verdictOn(run, 'held').kept, false);
      assert.equal(isKept(judge(run)), false);
    });
  }

  it('takes a few wild readings for what they are', () => {
    const run = recorded(HOUR_MS, (atMs) =>
      Math.round(atMs / 6_000) % 10 === 9 ? { residentBytes: 390 * MIB } : {},
    );
    assert.equal(verdictOn(run, 'resident').kept, true);
  });

  it('is against a leak that only the count of V8 shows', () => {
    const run = leaking(DAY_MS, 2 * MIB);
    const resident = recorded(DAY_MS).samples.map(({ residentBytes }) => residentBytes);
    const samples = run.samples.map((sample, at) => ({
      ...sample,
      residentBytes: resident[at] ?? 0,
    }));
    assert.equal(verdictOn({ ...run, samples }, 'resident').kept, true);
    assert.equal(verdictOn({ ...run, samples }, 'held').kept, false);
  });

  /** Low marks of stretches of 150 s, in MiB, as real runs of 31 minutes had them. */
  const withMarks = (marks: readonly number[]): SoakRun =>
    recorded(31 * 60_000, (atMs) => ({
      residentBytes: (marks[Math.floor(atMs / 150_000)] ?? 0) * MIB,
    }));

  it('is for a real run whose low marks go up and down', () => {
    const marks = [128, 148, 154, 159, 153, 166, 160, 162, 168, 154, 157, 153, 152];
    assert.equal(verdictOn(withMarks(marks), 'resident').kept, true);
    assert.equal(verdictOn(withMarks(marks.toReversed()), 'resident').kept, true);
  });

  it('is against a real run of a process that kept 64 KiB a second', () => {
    const marks = [127, 164, 207, 254, 195, 207, 207, 220, 247, 243, 284, 268, 266];
    const { kept, sentence } = verdictOn(withMarks(marks), 'resident');
    assert.equal(kept, false, sentence);
  });

  it('is against a process above its ceiling, however short the run', () => {
    const run = recorded(20_000, (atMs) =>
      atMs === 10_000 ? { residentBytes: RESIDENT_MAX_BYTES + 1 } : {},
    );
    assert.equal(verdictOn(run, 'resident').kept, false);
  });

  it('is against a run whose readings stopped', () => {
    const run = recorded(HOUR_MS);
    const samples = run.samples.filter(({ atMs }) => atMs < HOUR_MS * 0.51);
    const { kept, sentence } = verdictOn({ ...run, samples }, 'resident');
    assert.equal(kept, false);
    assert.match(sentence, /missing/);
    assert.equal(verdictOn({ ...run, samples: [] }, 'resident').kept, false);
  });
});

describe('the verdict on series', () => {
  it('is against one label that callers choose, after 20 seconds', () => {
    const run = recorded(20_000, (atMs, durationMs) => ({
      labelSets: 250 + Math.round((4_000 * atMs) / durationMs),
    }));
    const { kept, sentence } = verdictOn(run, 'series');
    assert.equal(kept, false);
    assert.match(sentence, /1450 label sets after the warm-up, 4250 at the end \(at most 1595\)/);
  });

  it('is for a few rare errors that turn up late', () => {
    const run = recorded(20_000, (atMs) => ({ labelSets: atMs > 15_000 ? 300 : 250 }));
    assert.equal(verdictOn(run, 'series').kept, true);
  });

  it('is against a metric at its cap, though it grows no more', () => {
    const run = recorded(20_000, () => ({ overflowed: ['gw_attempts_total'] }));
    const { kept, sentence } = verdictOn(run, 'series');
    assert.equal(kept, false);
    assert.match(sentence, /gw_attempts_total ran out of series/);
  });

  it('is against a run that tried too few values to know', () => {
    const run = recorded(20_000, () => ({ valuesTried: 9_999 }));
    const { kept, sentence } = verdictOn(run, 'series');
    assert.equal(kept, false);
    assert.match(sentence, /10000 are needed/);
  });

  it('is against a run without readings', () => {
    assert.equal(verdictOn({ ...recorded(20_000), samples: [] }, 'series').kept, false);
  });
});

describe('the verdict on calls and on what is left', () => {
  const sound = recorded(20_000);
  const bad: [string, Verdict['rule'], Partial<SoakRun>, RegExp][] = [
    [
      'one call that ended otherwise than planned',
      'calls',
      { calls: { ...calls, unplanned: 1, examples: ['a: broken'] } },
      /1000 of 1001 .* a: broken/,
    ],
    [
      'a kind of call that never came to its end',
      'calls',
      { calls: { ...calls, planned: { a: 10, b: 0 } } },
      /no call of the kind b/,
    ],
    ['no calls at all', 'calls', { calls: { ...calls, planned: {} } }, /0 of 0/],
    ['a lease', 'leases', { atRest: { ...atRest, held: ['a slot of 1'] } }, /a slot of 1/],
    [
      'a caller connection',
      'leases',
      { atRest: { ...atRest, callerConnections: 1 } },
      /1 caller connections/,
    ],
    [
      'a request that an upstream works on for nobody',
      'leases',
      { atRest: { ...atRest, underWay: 2 } },
      /2 requests/,
    ],
    ['an exit code', 'end', { atRest: { ...atRest, exitCode: 1 } }, /ended with 1/],
    ['a kill', 'end', { atRest: { ...atRest, exitCode: undefined } }, /a kill/],
    ['a call cut by the drain', 'end', { atRest: { ...atRest, cut: 3 } }, /cut 3/],
    ['a fault in the log', 'end', { atRest: { ...atRest, faults: ['a bug'] } }, /a bug/],
  ];
  for (const [name, rule, change, words] of bad) {
    it(`is against ${name}`, () => {
      const run = { ...sound, ...change };
      const { kept, sentence } = verdictOn(run, rule);
      assert.equal(kept, false);
      assert.match(sentence, words);
      assert.equal(judge(run).filter((verdict) => !verdict.kept).length, 1, 'nothing else');
    });
  }

  it('tells of calls that were not begun, but is not against them', () => {
    const run = { ...sound, calls: { ...calls, heldBack: 5 } };
    const { kept, sentence } = verdictOn(run, 'calls');
    assert.ok(kept);
    assert.match(sentence, /5 were not begun/);
  });
});
