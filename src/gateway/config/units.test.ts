import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { UnitFault, formatDuration, formatSize, parseDuration, parseSize } from './units.ts';

const durations: readonly (readonly [string, number])[] = [
  ['0s', 0],
  ['250ms', 250],
  ['30s', 30_000],
  ['1.5s', 1_500],
  ['10m', 600_000],
  ['2h', 7_200_000],
  [' 5 s ', 5_000],
];

const sizes: readonly (readonly [string, number])[] = [
  ['512B', 512],
  ['64KiB', 65_536],
  ['1.5MiB', 1_572_864],
  ['1GiB', 1_073_741_824],
];

const refusedDurations: readonly (readonly [string, string])[] = [
  ['30', 'has no unit; write for example "30s"'],
  ['30sec', 'has the unknown unit "sec"; use ms, s, m or h'],
  ['-5s', 'is not a number with a unit; write for example "30s"'],
  ['1h30m', 'is not a number with a unit; write for example "30s"'],
  ['', 'is not a number with a unit; write for example "30s"'],
];

const refusedSizes: readonly (readonly [string, string])[] = [
  ['64', 'has no unit; write for example "64KiB"'],
  ['64KB', 'has the unknown unit "KB"; use B, KiB, MiB or GiB'],
  ['0.3B', 'is not a whole number of bytes'],
];

function messageOf(value: number | UnitFault): string {
  return value instanceof UnitFault ? value.message : `accepted as ${value}`;
}

describe('units', () => {
  it('reads durations with their unit', () => {
    for (const [text, ms] of durations) assert.equal(parseDuration(text), ms, text);
  });

  it('reads sizes with their unit', () => {
    for (const [text, bytes] of sizes) assert.equal(parseSize(text), bytes, text);
  });

  it('refuses durations by saying what to write', () => {
    for (const [text, why] of refusedDurations) assert.equal(messageOf(parseDuration(text)), why);
  });

  it('refuses sizes by saying what to write', () => {
    for (const [text, why] of refusedSizes) assert.equal(messageOf(parseSize(text)), why);
  });

  it('writes any duration and size so that it reads back the same', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 40 }), (value) => {
        assert.equal(parseDuration(formatDuration(value)), value);
        assert.equal(parseSize(formatSize(value)), value);
      }),
    );
  });

  it('writes values the way a person would', () => {
    assert.equal(formatDuration(90_000), '90s');
    assert.equal(formatDuration(Number.POSITIVE_INFINITY), 'none');
    assert.equal(formatSize(65_536), '64KiB');
  });
});
