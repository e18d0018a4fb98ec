import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { RefusalShare } from './refusal-share.ts';

describe('the share of refusals', () => {
  it('grants none before enough calls have come', () => {
    const share = new RefusalShare(0.2, 10_000);
    for (let calls = 1; calls < 5; calls += 1) {
      share.count(0);
      assert.equal(share.take(0), false);
    }
    share.count(0);
    assert.equal(share.take(0), true);
    assert.equal(share.take(0), false);
  });

  it('refuses a fifth of the calls when every one of them should be', () => {
    const share = new RefusalShare(0.2, 10_000);
    let refused = 0;
    for (let call = 0; call < 10_000; call += 1) {
      share.count(call * 7);
      if (share.take(call * 7)) refused += 1;
    }
    assert.ok(refused > 1_980 && refused <= 2_000, String(refused));
  });

  it('forgets calls and refusals after the window', () => {
    const share = new RefusalShare(0.2, 10_000);
    for (let call = 0; call < 100; call += 1) share.count(500);
    for (let call = 0; call < 20; call += 1) assert.equal(share.take(9_500), true);
    assert.equal(share.take(9_999), false);
    // The calls have gone, the refusals have not: they were later.
    share.count(10_100);
    assert.equal(share.take(10_100), false);
    for (let call = 0; call < 4; call += 1) share.count(25_000);
    assert.equal(share.take(25_000), false);
    share.count(25_000);
    assert.equal(share.take(25_000), true);
  });

  it('decides as a list of everything that happened would', () => {
    const event = fc.record({
      afterMs: fc.oneof(
        { weight: 20, arbitrary: fc.integer({ min: 0, max: 300 }) },
        { weight: 1, arbitrary: fc.integer({ min: 0, max: 25_000 }) },
      ),
      asks: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(event, { minLength: 100, maxLength: 300 }), (events) => {
        const share = new RefusalShare(0.2, 10_000);
        const calls: number[] = [];
        const refusals: number[] = [];
        let now = 0;
        for (const { afterMs, asks } of events) {
          now += afterMs;
          const oldest = Math.floor(now / 1_000) - 9;
          const within = (at: number): boolean => Math.floor(at / 1_000) >= oldest;
          share.count(now);
          calls.push(now);
          if (!asks) continue;
          const inCalls = calls.filter(within).length;
          const inRefusals = refusals.filter(within).length + 1;
          const granted = share.take(now);
          assert.equal(granted, inRefusals <= 0.2 * inCalls);
          if (granted) refusals.push(now);
        }
      }),
    );
  });
});
