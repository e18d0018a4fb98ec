import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { OutcomeWindow } from './outcome-window.ts';

const WINDOW_MS = 1_000;
const BUCKET_MS = WINDOW_MS / 10;

interface Counted {
  readonly at: number;
  readonly ok: boolean;
  retracted: boolean;
}

/** The same counts from a list of everything that ever happened. */
function naive(all: readonly Counted[], now: number) {
  const newest = Math.floor(now / BUCKET_MS);
  const live = all.filter(
    ({ at, retracted }) => !retracted && Math.floor(at / BUCKET_MS) > newest - 10,
  );
  return {
    ok: live.filter(({ ok }) => ok).length,
    failed: live.filter(({ ok }) => !ok).length,
  };
}

describe('an outcome window', () => {
  it('counts exactly what lies within its ten buckets, whatever the gaps', () => {
    const step = fc.record({
      afterMs: fc.oneof(fc.integer({ min: 0, max: 250 }), fc.constantFrom(999, 1_000, 5_000)),
      what: fc.constantFrom('ok', 'failed', 'retract'),
      which: fc.nat(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const window = new OutcomeWindow(WINDOW_MS);
        const all: Counted[] = [];
        let now = 12_345;
        for (const { afterMs, what, which } of steps) {
          now += afterMs;
          const good = all.filter(({ ok, retracted }) => ok && !retracted);
          const chosen = good[which % Math.max(1, good.length)];
          if (what === 'retract') {
            if (chosen !== undefined) {
              chosen.retracted = true;
              window.retractOk(chosen.at, now);
            }
          } else {
            all.push({ at: now, ok: what === 'ok', retracted: false });
            if (what === 'ok') window.addOk(now, false);
            else window.addFailed(now);
          }
          window.advance(now);
          assert.deepEqual({ ok: window.ok, failed: window.failed }, naive(all, now));
        }
      }),
    );
  });

  it('forgets slow answers with the rest of their bucket', () => {
    const window = new OutcomeWindow(WINDOW_MS);
    window.addOk(0, true);
    window.addOk(500, true);
    window.addOk(500, false);
    assert.deepEqual([window.ok, window.slow], [3, 2]);
    window.advance(1_000);
    assert.deepEqual([window.ok, window.slow], [2, 1]);
    window.advance(1_500);
    assert.deepEqual([window.ok, window.slow, window.successRate], [0, 0, 1]);
  });

  it('never counts more slow answers than good ones', () => {
    const window = new OutcomeWindow(WINDOW_MS);
    window.addOk(0, true);
    window.addOk(0, false);
    window.retractOk(0, 10);
    assert.deepEqual([window.ok, window.slow], [1, 1]);
    window.retractOk(0, 10);
    assert.deepEqual([window.ok, window.slow], [0, 0]);
  });
});
