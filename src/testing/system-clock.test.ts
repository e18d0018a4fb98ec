import { deepEqual, ok } from 'node:assert/strict';
import { describe, it } from 'node:test';
import { systemClock } from '../core/clock.ts';

describe('system clock', () => {
  it('runs a turn before a timer, and neither at once', async () => {
    const ran: string[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    // The clock's timers do not keep the process alive; this one does while the test waits.
    const alive = setTimeout(() => {}, 5_000);
    systemClock.after(20, () => {
      ran.push('timer');
      resolve();
    });
    systemClock.nextTurn(() => ran.push('turn'));
    ran.push('now');
    await promise;
    clearTimeout(alive);
    deepEqual(ran, ['now', 'turn', 'timer']);
  });

  it('never runs what was cancelled, nor at once what is due beyond any timer', async () => {
    let ran = 0;
    systemClock.after(1, () => (ran += 1)).cancel();
    const endless = systemClock.after(Number.POSITIVE_INFINITY, () => (ran += 1));
    const { promise, resolve } = Promise.withResolvers<void>();
    setTimeout(resolve, 15);
    await promise;
    endless.cancel();
    ok(ran === 0, `${ran} ran`);
  });

  it('has a monotonic time with fractions and a wall time', () => {
    const first = systemClock.now();
    ok(systemClock.now() >= first);
    ok(Math.abs(systemClock.wallNow() - Date.now()) < 1_000);
  });
});
