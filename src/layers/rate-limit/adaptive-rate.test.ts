import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AdaptiveRate } from './adaptive-rate.ts';
import { defaultPacerOptions } from './pacer-options.ts';

const options = defaultPacerOptions.adaptive;
const { forgetMs, perSecondMin } = options;

/** A rate after so many answers a second for some seconds, and the time. */
function measured(perSecond: number, seconds: number = 10): { rate: AdaptiveRate; now: number } {
  const rate = new AdaptiveRate(options, 0);
  let now = 0;
  for (; now < seconds * 1_000; now += 1_000 / perSecond) rate.answered(now);
  return { rate, now };
}

describe('a rate found by trial', () => {
  it('is free until the first refusal', () => {
    const { rate, now } = measured(50);
    assert.equal(rate.perSecond, undefined);
    assert.equal(rate.opensAt(now), 0);
    assert.equal(rate.concernedUntil, 0);
  });

  it('is cut to 70 % of what was sent by a refusal, and holds the next call back', () => {
    const { rate, now } = measured(20);
    rate.refused(now);
    assert.ok(Math.abs((rate.perSecond ?? 0) - 14) < 0.5, `${rate.perSecond}`);
    const waitMs = rate.opensAt(now) - now;
    assert.ok(Math.abs(waitMs - 1_000 / 14) < 5, `${waitMs}`);
    assert.equal(rate.opensAt(now + waitMs), 0);
    assert.ok(rate.opensAt(now + waitMs - 1) > 0);
  });

  it('is cut again by each further refusal, from what was allowed', () => {
    const { rate, now } = measured(20);
    rate.refused(now);
    rate.refused(now + 1);
    assert.ok(Math.abs((rate.perSecond ?? 0) - 9.8) < 0.4, `${rate.perSecond}`);
  });

  it('lets a second of calls through at once after a rest, and then one by one', () => {
    const { rate, now } = measured(10);
    rate.refused(now);
    const perSecond = rate.perSecond ?? 0;
    let went = 0;
    for (; rate.opensAt(now + 60_000) === 0; went += 1) rate.take(now + 60_000);
    assert.equal(went, Math.round(perSecond));
    const next = rate.opensAt(now + 60_000) - now - 60_000;
    assert.ok(next > 0 && next <= 1_000 / perSecond + 0.001, `${next}`);
  });

  it('returns slowly to the rate that was refused, and then passes it', () => {
    const { rate, now } = measured(10);
    rate.refused(now);
    // The cubic is flat after cbrt(10 * 0.3 / 0.4) = 1.96 s. Calls come as fast as they may.
    let at = now;
    const runUntil = (until: number): number => {
      for (; at < until; at += 1_000 / (rate.perSecond ?? 1)) rate.answered(at);
      return rate.perSecond ?? 0;
    };
    assert.ok(runUntil(now + 200) >= 7);
    const flat = runUntil(now + 2_000);
    assert.ok(Math.abs(flat - 10) < 0.5, `${flat}`);
    assert.ok(runUntil(now + 5_000) > 14, `${rate.perSecond}`);
  });

  it('never runs far ahead of what is sent', () => {
    const { rate, now } = measured(4);
    rate.refused(now);
    for (let at = now; at < now + 60_000; at += 250) rate.answered(at);
    assert.ok((rate.perSecond ?? 99) <= 8.1, `${rate.perSecond}`);
  });

  it('never falls below its least', () => {
    const { rate, now } = measured(10);
    for (let refusals = 0; refusals < 50; refusals += 1) rate.refused(now + refusals * 400);
    assert.ok((rate.perSecond ?? 0) >= perSecondMin);
    const young = new AdaptiveRate(options, 0);
    young.refused(0);
    assert.equal(young.perSecond, perSecondMin);
    assert.equal(young.opensAt(0), 2_000);
  });

  it('is free again when nothing was refused for long', () => {
    const { rate, now } = measured(10);
    rate.refused(now);
    rate.take(now);
    rate.take(now);
    assert.ok(rate.opensAt(now) > 0);
    assert.equal(rate.concernedUntil, now + forgetMs);
    assert.equal(rate.opensAt(now + forgetMs), 0);
    rate.answered(now + forgetMs);
    assert.equal(rate.perSecond, undefined);
    assert.equal(rate.concernedUntil, 0);
  });
});
