import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { durationMs, untilDateMs, untilNumberMs } from './reset-time.ts';

const DAY = 86_400_000;
const junk = ['', ' ', '-1', '-5s', 'soon', '1d', 's', '1s ', '1e3', 'NaN', '0x10', '1s;', '1 s'];

describe('a reset as a duration', () => {
  const table: readonly (readonly [text: string, ms: number])[] = [
    ['12ms', 12],
    ['1s', 1_000],
    ['6m0s', 360_000],
    ['1h2m3s', 3_723_000],
    ['7.66s', 7_660],
    ['2m59.56s', 179_560],
    ['500us', 0.5],
    ['250µs', 0.25],
    ['0s', 0],
    ['0', 0],
    ['30', 30_000],
    ['1.5', 1_500],
    ['9999h', DAY],
    ['999999999999999', DAY],
  ];
  for (const [text, ms] of table) {
    it(`is read from ${JSON.stringify(text)}`, () => {
      assert.ok(Math.abs(durationMs(text) - ms) < 1e-9, `${durationMs(text)}`);
    });
  }

  for (const text of [...junk, '1s'.repeat(20), '1234567890123456']) {
    it(`is not read from ${JSON.stringify(text)}`, () => assert.equal(durationMs(text), -1));
  }
});

describe('a reset as a date', () => {
  const saidAt = Date.parse('2026-11-21T10:00:00Z');
  const table: readonly (readonly [text: string, ms: number])[] = [
    ['2026-11-21T10:00:30Z', 30_000],
    ['2026-11-21T10:00:00.250Z', 250],
    ['2026-11-21T11:00:10+01:00', 10_000],
    ['2026-11-21t10:00:01z', 1_000],
    ['2026-11-21T09:59:00Z', 0],
    ['2036-11-21T10:00:00Z', DAY],
  ];
  for (const [text, ms] of table) {
    it(`is read from ${JSON.stringify(text)}`, () => assert.equal(untilDateMs(text, saidAt), ms));
  }

  const wrong = ['2026-11-21', '2026-11-21T10:00:00', '2026-13-41T10:00:00Z', '1795003600', '6m0s'];
  for (const text of [...junk, ...wrong]) {
    it(`is not read from ${JSON.stringify(text)}`, () => {
      assert.equal(untilDateMs(text, saidAt), -1);
    });
  }
});

describe('a reset as a number', () => {
  const saidAt = 1_795_003_600_000;
  const table: readonly (readonly [text: string, ms: number])[] = [
    ['1795003660', 60_000],
    ['1795003600', 0],
    ['1795003500', 0],
    ['1795003600.5', 500],
    ['1795003660000', 60_000],
    ['60', 60_000],
    ['0', 0],
    ['0.25', 250],
    ['99999999', DAY],
  ];
  for (const [text, ms] of table) {
    it(`is read from ${JSON.stringify(text)}`, () => assert.equal(untilNumberMs(text, saidAt), ms));
  }

  for (const text of [...junk, '60s', '2026-11-21T10:00:00Z', '1.', '.5']) {
    it(`is not read from ${JSON.stringify(text)}`, () => {
      assert.equal(untilNumberMs(text, saidAt), -1);
    });
  }
});
