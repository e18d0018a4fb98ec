import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AcceptRate } from './accept-rate.ts';
import { Codel } from './codel.ts';
import { RefusalShare } from './refusal-share.ts';
import { TimeHistogram } from './time-histogram.ts';
import { Watermark } from './watermark.ts';

describe('the histogram of times', () => {
  it('says nothing before it has seen five', () => {
    const times = new TimeHistogram();
    for (let count = 0; count < 4; count += 1) times.add(100, 0);
    assert.equal(times.medianMs, undefined);
    assert.equal(times.meanMs, undefined);
    times.add(100, 0);
    assert.ok(near(times.medianMs, 100));
    assert.equal(times.meanMs, 100);
  });

  it('knows the median to a tenth from a fraction of a millisecond to hours', () => {
    for (const ms of [1.3, 7, 100, 999, 12_345, 600_000, 5_000_000]) {
      const times = new TimeHistogram();
      for (let count = 0; count < 50; count += 1) times.add(ms, 0);
      assert.ok(near(times.medianMs, ms), `${ms}: ${times.medianMs}`);
    }
  });

  it('is not moved by a few that take very long', () => {
    const times = new TimeHistogram();
    for (let count = 0; count < 95; count += 1) times.add(100, 0);
    for (let count = 0; count < 5; count += 1) times.add(900_000, 0);
    assert.ok(near(times.medianMs, 100));
  });

  it('has forgotten an old behaviour after some hundred newer times', () => {
    const times = new TimeHistogram();
    for (let count = 0; count < 10_000; count += 1) times.add(30_000, 0);
    for (let count = 0; count < 300; count += 1) times.add(50, 0);
    assert.ok(near(times.medianMs, 50));
  });

  it('has forgotten nearly all after an hour', () => {
    const times = new TimeHistogram();
    for (let count = 0; count < 250; count += 1) times.add(30_000, 0);
    for (let count = 0; count < 5; count += 1) times.add(50, 3_600_000);
    assert.ok(near(times.medianMs, 50));
  });

  it('speaks of things that happen once in ten minutes', () => {
    const times = new TimeHistogram();
    for (let count = 0; count < 10; count += 1) times.add(90_000, count * 600_000);
    assert.ok(near(times.medianMs, 90_000));
    times.add(5, 100_000_000);
    assert.equal(times.medianMs, undefined);
  });

  it('takes what is longer than its last bucket for that long', () => {
    const times = new TimeHistogram();
    for (let count = 0; count < 5; count += 1) times.add(1e12, 0);
    assert.ok((times.medianMs ?? 0) > 2 ** 24);
  });
});

describe('Codel', () => {
  const hold = 2_000;

  it('scales its interval to how long slots are held, within bounds', () => {
    const cases: [number | undefined, number][] = [
      [undefined, 30_000],
      [3, 100],
      [2_000, 2_000],
      [600_000, 30_000],
    ];
    for (const [holdMs, intervalMs] of cases) {
      const codel = new Codel();
      codel.began(holdMs, 0);
      assert.equal(codel.intervalMs, intervalMs);
      assert.equal(codel.targetMs, intervalMs / 20);
    }
  });

  it('takes a queue for standing when even the shortest wait of an interval was too long', () => {
    const codel = new Codel();
    codel.began(hold, 0);
    for (let now = 0; now < 2_000; now += 100) codel.served(101, hold, now);
    assert.equal(codel.overloaded, false);
    codel.served(500, hold, 2_000);
    assert.equal(codel.overloaded, true);
    assert.equal(codel.staleBefore(5_000), 5_000 - 200);
  });

  it('lets a burst be when one wait of the interval was short', () => {
    const codel = new Codel();
    codel.began(hold, 0);
    codel.served(99, hold, 500);
    for (let now = 600; now <= 2_000; now += 100) codel.served(900, hold, now);
    assert.equal(codel.overloaded, false);
    assert.equal(codel.staleBefore(2_000), Number.NEGATIVE_INFINITY);
  });

  it('sees a queue from which nobody is served at all', () => {
    const codel = new Codel();
    codel.began(hold, 0);
    codel.passes(1_900, hold, 1_900);
    assert.equal(codel.overloaded, false);
    codel.passes(2_000, hold, 2_000);
    assert.equal(codel.overloaded, true);
  });

  it('leaves the state when the queue is empty, and not before', () => {
    const codel = new Codel();
    codel.began(hold, 0);
    codel.passes(2_000, hold, 2_000);
    for (let now = 2_100; now < 9_000; now += 100) codel.served(1, hold, now);
    assert.equal(codel.overloaded, true);
    codel.emptied(9_000);
    assert.equal(codel.overloaded, false);
  });

  it('knows a queue that stands again soon after within two targets', () => {
    const codel = new Codel();
    codel.began(hold, 0);
    codel.passes(2_000, hold, 2_000);
    codel.emptied(9_000);
    codel.began(hold, 10_000);
    codel.served(150, hold, 10_199);
    assert.equal(codel.overloaded, false);
    codel.served(150, hold, 10_200);
    assert.equal(codel.overloaded, true);
  });

  it('is patient only until it is known how long slots are held', () => {
    const codel = new Codel();
    codel.began(undefined, 0);
    codel.passes(5_000, undefined, 5_000);
    assert.equal(codel.overloaded, false);
    codel.passes(5_100, 1_000, 5_100);
    assert.equal(codel.overloaded, true);
  });

  it('measures a new queue from its own beginning', () => {
    const codel = new Codel();
    codel.began(hold, 0);
    codel.emptied(9_000);
    codel.began(hold, 10_000);
    codel.served(500, hold, 11_999);
    assert.equal(codel.overloaded, false);
    codel.served(500, hold, 12_000);
    assert.equal(codel.overloaded, true);
  });
});

describe('the share of calls that may be refused', () => {
  it('is a fifth of those of the last ten seconds', () => {
    const share = new RefusalShare();
    for (let count = 0; count < 20; count += 1) share.came(1_000);
    const refused = Array.from({ length: 20 }, () => share.mayRefuse(5_000)).filter(Boolean);
    assert.equal(refused.length, 4);
    assert.equal(share.mayRefuse(10_999), false);
    for (let count = 0; count < 5; count += 1) share.came(11_500);
    assert.equal(share.mayRefuse(11_500), false);
    for (let count = 0; count < 10; count += 1) share.came(15_500);
    assert.equal(share.mayRefuse(15_500), true);
  });

  it('begins anew after a long silence', () => {
    const share = new RefusalShare();
    for (let count = 0; count < 100; count += 1) share.came(0);
    assert.equal(share.mayRefuse(1_000_000), false);
  });
});

describe('the accept rate', () => {
  function after(accepted: (index: number) => boolean, perSecond: number, seconds: number) {
    const rate = new AcceptRate();
    for (let index = 0; index < perSecond * seconds; index += 1) {
      rate.noted(accepted(index), (index * 1_000) / perSecond);
    }
    return rate.dropShare;
  }

  it('drops nothing while half of the calls are accepted', () => {
    assert.equal(
      after((index) => index % 2 === 0, 50, 300),
      0,
    );
  });

  it('drops what is above twice the accepted share', () => {
    const share = after((index) => index % 5 === 0, 50, 900);
    assert.ok(Math.abs(share - 0.6) < 0.02, `${share}`);
  });

  it('never drops more than three quarters', () => {
    assert.equal(
      after(() => false, 50, 900),
      0.75,
    );
  });

  it('drops nothing below five calls a second', () => {
    assert.equal(
      after(() => false, 4, 900),
      0,
    );
  });

  it('needs more than one bad answer', () => {
    assert.equal(
      after((index) => index > 0, 100, 2),
      0,
    );
  });

  it('goes on dropping while those it drops keep coming', () => {
    const rate = new AcceptRate();
    // Eight calls a second; only those that are not dropped are ever noted.
    let sent = 0;
    for (let now = 0; now < 900_000; now += 125) {
      if (rate.drops((now % 1_000) / 1_000, now)) continue;
      sent += 1;
      rate.noted(false, now);
    }
    assert.equal(rate.dropShare, 0.75);
    assert.ok(sent < 3_500, `${sent}`);
  });

  it('draws, and drops nothing when there is little load any more', () => {
    const rate = new AcceptRate();
    for (let index = 0; index < 20_000; index += 1) rate.noted(false, index * 20);
    const now = 400_000;
    assert.equal(rate.drops(0.74, now), true);
    assert.equal(rate.drops(0.76, now), false);
    assert.equal(rate.drops(0, now + 30_000), false);
  });
});

describe('a watermark', () => {
  it('speaks once until it has fallen below the lower mark', () => {
    const mark = new Watermark();
    mark.set(8, 6);
    const heard = [7, 8, 9, 7, 8, 6, 8, 5, 8].map((value) => {
      mark.falls(value);
      return mark.rises(value);
    });
    assert.deepEqual(heard, [false, true, false, false, false, false, false, false, true]);
  });
});

function near(actual: number | undefined, expected: number): boolean {
  return actual !== undefined && Math.abs(actual / expected - 1) < 0.1;
}
