// Random lives of one token against what must hold whatever happens: who may use what, how often
// an endpoint is asked, what a version means.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { defaultTokenLifeOptions } from './options.ts';
import { TokenLife } from './token-life.ts';

const { forcedGapMs, patienceMs, pauseMs, pauseSpread, refusedPauseMs } = defaultTokenLifeOptions;

type Step =
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'call' | 'reopen' }
  | {
      readonly do: 'issue';
      readonly same: boolean;
      readonly lifetimeMs: number;
      readonly skewMs: number;
    }
  | { readonly do: 'fail'; readonly waitMs: number; readonly share: number }
  | { readonly do: 'refuse' }
  | { readonly do: 'reject'; readonly back: number };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant('wait' as const),
        ms: fc.oneof(fc.nat(5_000), fc.constantFrom(30_000, 60_000, 120_000, 1_800_000)),
      }),
    },
    { weight: 6, arbitrary: fc.record({ do: fc.constant('call' as const) }) },
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant('issue' as const),
        same: fc.boolean(),
        lifetimeMs: fc.oneof(fc.nat(4_000), fc.constantFrom(60_000, 1_799_000, 7_200_000)),
        skewMs: fc.constantFrom(0, 0, 3_000, -90_000, 1e9),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant('fail' as const),
        waitMs: fc.constantFrom(0, 0, 20_000),
        share: fc.double({ min: 0, max: 0.999, noNaN: true }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('refuse' as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('reopen' as const) }) },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constant('reject' as const), back: fc.nat(2) }),
    },
  ),
  { maxLength: 150 },
);

/** Drives a life as the cache does and checks each step. */
class Driven {
  readonly life: TokenLife;
  now: number = 1_000;
  running: boolean = false;
  /** When the last renewal ended and the pause that must follow, unless reopened. */
  closedUntil: number = Number.NEGATIVE_INFINITY;
  beganAt: number = Number.NEGATIVE_INFINITY;
  readonly forcedAt: number[] = [];
  #texts: number = 0;
  #endsAt: number = Number.NEGATIVE_INFINITY;

  constructor(share: number) {
    this.life = new TokenLife(defaultTokenLifeOptions, share);
  }

  take(step: Step): void {
    const { life } = this;
    const { version, text } = life;
    switch (step.do) {
      case 'wait':
        this.now += step.ms;
        break;
      case 'call':
        this.#call();
        break;
      case 'reopen':
        life.reopen();
        this.closedUntil = Number.NEGATIVE_INFINITY;
        break;
      case 'reject':
        this.#reject(Math.max(0, version - step.back));
        break;
      default:
        if (this.running) this.#settle(step);
    }
    if (life.text === text) assert.equal(life.version, version);
    else assert.equal(life.version, version + 1);
    this.#look();
  }

  #begin(): void {
    assert.equal(this.running, false, 'two renewals at a time');
    assert.ok(this.now >= this.closedUntil, 'a renewal in a pause');
    this.running = true;
    this.beganAt = this.now;
    this.life.begin(this.now);
  }

  #call(): void {
    const { life, now } = this;
    const verdict = life.verdict(now);
    if (verdict === 'use' || verdict === 'renew') {
      assert.ok(life.text !== undefined && !life.dropped && now < this.#endsAt);
    }
    // Whoever holds a token that is good for a while is never made to wait.
    if (life.text !== undefined && !life.dropped && now < life.useUntil) {
      assert.ok(verdict === 'use' || verdict === 'renew', verdict);
    }
    if (verdict === 'wait') {
      assert.equal(this.running, true);
      assert.ok(now < this.beganAt + patienceMs, 'waits behind a hang');
    }
    if (verdict === 'begin' || verdict === 'renew') this.#begin();
  }

  #reject(version: number): void {
    const { life, now } = this;
    const dropped = life.dropped;
    const verdict = life.rejected(version, now);
    assert.equal(verdict === 'newer', version !== life.version);
    if (verdict === 'wait') assert.equal(this.running, true);
    if (verdict !== 'begin') return;
    if (!dropped) {
      const last = this.forcedAt.at(-1) ?? Number.NEGATIVE_INFINITY;
      assert.ok(now >= last + forcedGapMs, 'forced too often');
      this.forcedAt.push(now);
    }
    assert.equal(life.dropped, true);
    this.#begin();
  }

  #settle(step: Extract<Step, { do: 'issue' | 'fail' | 'refuse' }>): void {
    const { life, now } = this;
    this.running = false;
    if (step.do === 'issue') {
      const same = step.same && life.text !== undefined;
      if (!same) this.#texts += 1;
      const text = same ? (life.text as string) : `text ${this.#texts}`;
      const result = life.issued(text, step.lifetimeMs, step.skewMs, now);
      this.#endsAt = now + Math.max(1_000, step.lifetimeMs);
      this.closedUntil = result === 'stale' ? now : now + 500;
      if (!same) assert.equal(result, 'new');
      return;
    }
    if (step.do === 'fail') {
      life.failed(step.waitMs, step.share, now);
      this.closedUntil = now + Math.max(pauseMs * (1 - pauseSpread), step.waitMs);
      assert.ok(life.opensAt <= now + Math.max(72_000, step.waitMs), 'a pause without end');
      return;
    }
    life.refuse(now);
    this.closedUntil = now + refusedPauseMs;
    assert.ok(life.opensAt <= now + 900_000);
  }

  #look(): void {
    const { life } = this;
    assert.equal(life.running, this.running);
    if (life.text === undefined) return;
    assert.ok(life.renewAt < life.useUntil, 'no time between the thresholds');
    assert.ok(life.useUntil < life.expiresAt);
  }
}

describe('any life of a token', () => {
  it('keeps its rules whatever happens', () => {
    fc.assert(
      fc.property(steps, fc.double({ min: 0, max: 0.999, noNaN: true }), (list, share) => {
        const driven = new Driven(share);
        for (const step of list) driven.take(step);
      }),
      { numRuns: 500 },
    );
  });
});
