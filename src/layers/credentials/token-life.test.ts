import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { defaultTokenLifeOptions } from './options.ts';
import { TokenLife } from './token-life.ts';

const HOUR = 3_600_000;
const life = (share = 0): TokenLife => new TokenLife(defaultTokenLifeOptions, share);

/** A life with a token of an hour since 0. */
function issued(share = 0): TokenLife {
  const one = life(share);
  one.begin(0);
  assert.equal(one.issued('first', HOUR, 0, 0), 'new');
  return one;
}

describe('the life of a token', () => {
  it('begins with a renewal that calls wait for', () => {
    const one = life();
    assert.equal(one.verdict(0), 'begin');
    one.begin(0);
    assert.equal(one.verdict(0), 'wait');
  });

  it('is used, then renewed in the background, then waited for', () => {
    const one = issued();
    assert.equal(one.verdict(HOUR - 120_001), 'use');
    assert.equal(one.verdict(HOUR - 120_000), 'renew');
    assert.equal(one.verdict(HOUR - 30_001), 'renew');
    assert.equal(one.verdict(HOUR - 30_000), 'begin');
  });

  it('is used without a second renewal while one runs', () => {
    const one = issued();
    one.begin(HOUR - 31_000);
    assert.equal(one.verdict(HOUR - 31_000), 'use');
    assert.equal(one.verdict(HOUR - 30_000), 'wait');
  });

  it('is used to its end, and nobody waits, once its renewal takes too long', () => {
    const one = issued();
    one.begin(HOUR - 31_000);
    assert.equal(one.verdict(HOUR - 26_001), 'wait');
    assert.equal(one.verdict(HOUR - 26_000), 'use');
    assert.equal(one.verdict(HOUR - 1), 'use');
    assert.equal(one.verdict(HOUR), 'closed');
  });

  it('is waited for no longer than a call may wait, however long its renewal takes', () => {
    const one = life();
    one.begin(1_000);
    assert.equal(one.verdict(5_999), 'wait');
    assert.equal(one.verdict(6_000), 'closed');
    assert.equal(one.issued('late', HOUR, 0, 40_000), 'new');
    assert.equal(one.verdict(40_000), 'use');
  });

  it('is not used after a 401, however long its renewal takes', () => {
    const one = issued();
    assert.equal(one.rejected(1, 10_000), 'begin');
    one.begin(10_000);
    assert.equal(one.verdict(14_999), 'wait');
    assert.equal(one.verdict(15_000), 'closed');
  });

  it('is renewed earlier by up to a minute, by lot', () => {
    assert.equal(issued(0.5).verdict(HOUR - 150_000), 'renew');
    assert.equal(issued(0.5).verdict(HOUR - 150_001), 'use');
    assert.equal(issued(0.999).renewAt > HOUR - 180_000, true);
  });

  it('keeps shares of a short life instead of minutes', () => {
    const one = life();
    one.issued('short', 60_000, 0, 0);
    assert.equal(one.renewAt, 48_000);
    assert.equal(one.useUntil, 54_000);
  });

  it('gives skewed clocks more time, but never most of its life', () => {
    const one = life();
    one.issued('skewed', HOUR, -20_000, 0);
    assert.equal(one.useUntil, HOUR - 50_000);
    assert.equal(one.renewAt, HOUR - 140_000);
    one.issued('very skewed', HOUR, 9 * HOUR, 0);
    assert.equal(one.renewAt, HOUR - 120_000 - HOUR / 4);
  });

  it('believes no life below a second', () => {
    const one = life();
    one.issued('gone', -5, 0, 0);
    assert.equal(one.verdict(0), 'use');
    assert.equal(one.verdict(1_000), 'begin');
  });
});

describe('a renewal that fails', () => {
  it('is not repeated for five seconds, while the old token goes on', () => {
    const one = issued();
    const now = HOUR - 100_000;
    one.begin(HOUR - 100_000);
    one.failed(0, 0.5, now);
    assert.equal(one.verdict(now + 4_999), 'use');
    assert.equal(one.verdict(now + 5_000), 'renew');
  });

  it('is repeated ever more seldom, up to a minute', () => {
    const one = issued();
    const pauses = [1, 2, 3, 4, 5, 6].map(() => {
      one.begin(0);
      one.failed(0, 0.5, 0);
      return one.opensAt;
    });
    assert.deepEqual(pauses, [5_000, 10_000, 20_000, 40_000, 60_000, 60_000]);
    one.begin(0);
    one.issued('next', HOUR, 0, 0);
    one.failed(0, 0.5, 0);
    assert.equal(one.opensAt, 5_000);
  });

  it('spreads its pauses, and follows a longer wait that was asked for', () => {
    const one = issued();
    one.failed(0, 0, 0);
    assert.equal(one.opensAt, 4_000);
    one.failed(300_000, 0, 0);
    assert.equal(one.opensAt, 300_000);
  });

  it('leaves a risky token in use until its real end', () => {
    const one = issued();
    one.begin(HOUR - 40_000);
    one.failed(300_000, 0, HOUR - 40_000);
    assert.equal(one.verdict(HOUR - 1), 'use');
    assert.equal(one.verdict(HOUR), 'closed');
  });

  it('is probed once a minute and less after a refusal', () => {
    const one = life();
    const pauses = [1, 2, 3, 4, 5, 6].map(() => {
      one.begin(0);
      one.refuse(0);
      return one.opensAt;
    });
    assert.deepEqual(pauses, [60_000, 120_000, 240_000, 480_000, 900_000, 900_000]);
    assert.equal(one.verdict(899_999), 'closed');
    assert.equal(one.verdict(900_000), 'begin');
  });

  it('is no refusal any more once the endpoint gives a token, or has other troubles', () => {
    const one = life();
    one.refuse(0);
    assert.equal(one.refused, true);
    one.failed(0, 0, 0);
    assert.equal(one.refused, false);
    one.refuse(0);
    one.issued('first', HOUR, 0, 0);
    assert.equal(one.refused, false);
    one.refuse(0);
    assert.equal(one.opensAt, 60_000);
    one.reopen();
    assert.equal(one.refused, false);
  });

  it('is made anew at once with a new configuration', () => {
    const one = life();
    one.begin(0);
    one.refuse(0);
    one.reopen();
    assert.equal(one.verdict(1), 'begin');
    one.begin(1);
    one.refuse(1);
    assert.equal(one.opensAt, 60_001);
  });
});

describe('a token that was rejected', () => {
  it('is dropped and replaced', () => {
    const one = issued();
    assert.equal(one.rejected(1, 10_000), 'begin');
    assert.equal(one.verdict(10_000), 'begin');
    one.begin(10_000);
    assert.equal(one.rejected(1, 10_001), 'wait');
    assert.equal(one.verdict(10_001), 'wait');
    assert.equal(one.issued('second', HOUR, 0, 10_100), 'new');
    assert.equal(one.rejected(1, 10_200), 'newer');
    assert.equal(one.verdict(10_200), 'use');
  });

  it('is not replaced more often than once a minute', () => {
    const one = issued();
    one.rejected(1, 10_000);
    one.begin(10_000);
    one.issued('second', HOUR, 0, 10_000);
    assert.equal(one.rejected(2, 69_999), 'pass');
    assert.equal(one.verdict(69_999), 'use');
    assert.equal(one.rejected(2, 70_000), 'begin');
  });

  it('is believed when the endpoint insists on it', () => {
    const one = issued();
    one.rejected(1, 10_000);
    one.begin(10_000);
    assert.equal(one.issued('first', HOUR - 10_000, 0, 10_000), 'same');
    assert.equal(one.version, 1);
    assert.equal(one.verdict(10_000), 'use');
    assert.equal(one.rejected(1, 10_001), 'pass');
  });

  it('is asked for once more when the renewal was under way before', () => {
    const one = issued();
    one.begin(10_000);
    assert.equal(one.rejected(1, 10_000), 'wait');
    assert.equal(one.issued('first', HOUR, 0, 10_100), 'stale');
    assert.equal(one.verdict(10_100), 'begin');
    one.begin(10_100);
    assert.equal(one.issued('first', HOUR, 0, 10_200), 'same');
    assert.equal(one.verdict(10_200), 'use');
  });

  it('comes back when its endpoint is in trouble, and stays away when that refuses', () => {
    const troubled = issued();
    troubled.rejected(1, 10_000);
    troubled.begin(10_000);
    troubled.failed(0, 0, 10_000);
    assert.equal(troubled.verdict(10_000), 'use');
    const refused = issued();
    refused.rejected(1, 10_000);
    refused.begin(10_000);
    refused.refuse(10_000);
    assert.equal(refused.verdict(10_000), 'closed');
    assert.equal(refused.rejected(1, 10_001), 'pass');
    assert.equal(refused.rejected(1, 70_000), 'begin');
  });
});
