// One window against providers that count like the real ones: a bucket that refills little by
// little, and an hour that begins anew. Demand is five times what they allow.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LimitReading } from './limit-reading.ts';
import { PacedWindow } from './paced-window.ts';
import { defaultPacerOptions } from './pacer-options.ts';

function reading(own: Partial<LimitReading>): LimitReading {
  return {
    kind: 'requests',
    name: 'requests',
    limit: 100,
    remaining: 10,
    resetMs: 10_000,
    gradual: false,
    ...own,
  };
}

function windowOf(own: Partial<LimitReading>, cost: number = 1, now: number = 0): PacedWindow {
  const told = reading(own);
  const window = new PacedWindow(told, defaultPacerOptions);
  window.told(told, cost, now);
  return window;
}

/** Sends calls as they may go from `from` to `until`, looking every ms; answers the times. */
function sent(window: PacedWindow, from: number, until: number, cost: number = 1): number[] {
  const times: number[] = [];
  for (let now = from; now < until; now += 1) {
    while (window.opensAt(cost, now) === 0 && times.length < 10_000) {
      if (now >= window.endsAt) return times;
      window.take(cost, now);
      times.push(now);
    }
  }
  return times;
}

describe('a window that is nearly used up', () => {
  it('spreads what is left over the time to its reset', () => {
    const times = sent(windowOf({ remaining: 10, resetMs: 50_000 }), 0, 60_000);
    assert.deepEqual(
      times,
      [0, 5_000, 10_000, 15_000, 20_000, 25_000, 30_000, 35_000, 40_000, 45_000],
    );
  });

  it('lets a second of calls go at once, and the rest at the pace', () => {
    const times = sent(windowOf({ remaining: 100, limit: 1_000, resetMs: 10_000 }), 0, 2_000);
    assert.deepEqual(times.slice(0, 12), [...Array<number>(10).fill(0), 100, 200]);
  });

  it('tells exactly when the next call may go', () => {
    const window = windowOf({ remaining: 10, resetMs: 50_000 });
    window.take(1, 0);
    assert.equal(window.opensAt(1, 0), 5_000);
    assert.ok(window.opensAt(1, 4_999) > 0);
    assert.equal(window.opensAt(1, 5_000), 0);
  });

  it('holds everything back until the reset when nothing is left, and nothing after it', () => {
    const window = windowOf({ remaining: 0, resetMs: 30_000 });
    assert.equal(window.isExhausted, true);
    assert.equal(window.opensAt(1, 0), 30_000);
    assert.equal(window.opensAt(1, 29_999), 30_000);
    assert.equal(window.opensAt(1, 30_000), 0);
  });

  it('that refills little by little is paced at the rate of its refill', () => {
    // 40 of 50 are missing for 40 s: one a second.
    const times = sent(
      windowOf({ limit: 50, remaining: 10, resetMs: 40_000, gradual: true }),
      0,
      4_500,
    );
    assert.deepEqual(times, [0, 1_000, 2_000, 3_000, 4_000]);
  });

  it('that refills little by little opens with its first unit when nothing was left', () => {
    const window = windowOf({ limit: 50, remaining: 0, resetMs: 50_000, gradual: true });
    assert.equal(window.opensAt(1, 0), 1_000);
    assert.equal(window.opensAt(1, 1_000), 0);
  });

  it('over tokens counts what a call costs', () => {
    const window = windowOf({ kind: 'tokens', limit: 100_000, remaining: 10_000, resetMs: 50_000 });
    assert.deepEqual(sent(window, 0, 12_000, 1_000), [0, 5_000, 10_000]);
  });

  it('is tried once an hour, however far its reset is', () => {
    const { closedMsMax } = defaultPacerOptions;
    assert.equal(windowOf({ remaining: 0, resetMs: 80_000_000 }).opensAt(1, 0), closedMsMax);
    const window = windowOf({ remaining: 1, resetMs: 80_000_000 });
    window.take(1, 0);
    assert.equal(window.opensAt(1, 0), closedMsMax);
  });

  it('keeps what is owed in calls when the pace changes', () => {
    const window = windowOf({ remaining: 10, resetMs: 50_000 });
    window.take(1, 0);
    window.told(reading({ remaining: 9, resetMs: 9_000 }), 1, 0);
    assert.equal(window.opensAt(1, 0), 1_000);
  });

  it('opens at once when more was given', () => {
    const window = windowOf({ remaining: 0, resetMs: 30_000 });
    window.told(reading({ remaining: 15, resetMs: 30_000 }), 1, 1_000);
    assert.equal(window.opensAt(1, 1_000), 0);
  });
});

/** A provider with a bucket of 50 that refills 50 a minute, or with 50 for each minute. */
class Provider {
  readonly #gradual: boolean;
  #units: number;
  #at: number = 0;
  refused: number = 0;
  answered: number = 0;

  constructor(gradual: boolean, units: number = 50) {
    this.#gradual = gradual;
    this.#units = units;
  }

  call(now: number): LimitReading {
    if (this.#gradual) this.#units = Math.min(50, this.#units + ((now - this.#at) * 50) / 60_000);
    else if (Math.floor(now / 60_000) > Math.floor(this.#at / 60_000)) this.#units = 50;
    this.#at = now;
    if (this.#units >= 1) {
      this.#units -= 1;
      this.answered += 1;
    } else this.refused += 1;
    const resetMs = this.#gradual ? ((50 - this.#units) * 60_000) / 50 : 60_000 - (now % 60_000);
    const remaining = Math.floor(this.#units);
    return reading({ limit: 50, remaining, resetMs, gradual: this.#gradual });
  }
}

/** A call every 240 ms for ten minutes, five times what is allowed. */
function crowd(
  provider: Provider,
  asTold: (told: LimitReading) => LimitReading,
  forMs: number = 600_000,
): void {
  let window: PacedWindow | undefined;
  for (let now = 0; now < forMs; now += 240) {
    if (window !== undefined && window.opensAt(1, now) > now) continue;
    window?.take(1, now);
    const told = asTold(provider.call(now));
    if (told.remaining >= told.limit * defaultPacerOptions.paceBelow) window = undefined;
    else {
      window ??= new PacedWindow(told, defaultPacerOptions);
      window.told(told, 1, now);
    }
  }
}

describe('a crowd that is paced', () => {
  it('gets all that a bucket gives, and is refused hardly ever', () => {
    const provider = new Provider(true);
    crowd(provider, (told) => told);
    // 50 at the start and 500 in ten minutes; unpaced, 1,950 calls of 2,500 were refused.
    assert.ok(provider.answered > 530, `${provider.answered}`);
    assert.ok(provider.refused <= 5, `${provider.refused}`);
  });

  it('goes on at the rate of the refill when others have emptied the bucket', () => {
    const provider = new Provider(true, 1);
    crowd(provider, (told) => told, 60_000);
    assert.ok(provider.answered >= 45, `${provider.answered}`);
    const spread = new Provider(true, 1);
    crowd(spread, (told) => ({ ...told, gradual: false }), 60_000);
    assert.ok(spread.answered <= 3, `${spread.answered}`);
  });

  it('gets all that a window gives, spread over its last part, and is never refused', () => {
    const provider = new Provider(false);
    crowd(provider, (told) => told);
    assert.ok(provider.answered > 480, `${provider.answered}`);
    assert.equal(provider.refused, 0);
  });
});
