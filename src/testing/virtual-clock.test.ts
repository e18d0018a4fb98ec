import { deepEqual, equal, throws } from 'node:assert/strict';
import { describe, it } from 'node:test';
import { VirtualClock } from './virtual-clock.ts';

describe('virtual clock', () => {
  it('runs timers by due time and, at the same time, in the order they were set', () => {
    const clock = new VirtualClock(0);
    const ran: string[] = [];
    clock.after(20, () => ran.push('20 first'));
    clock.after(10, () => ran.push('10 first'));
    clock.after(20, () => ran.push('20 second'));
    clock.after(10, () => ran.push('10 second'));
    clock.advance(20);
    deepEqual(ran, ['10 first', '10 second', '20 first', '20 second']);
  });

  it('shows inside a callback the time at which it was due, afterwards the full advance', () => {
    const clock = new VirtualClock(100);
    const seen: number[] = [];
    clock.after(3.5, () => seen.push(clock.now()));
    clock.after(7, () => seen.push(clock.now()));
    clock.advance(10);
    deepEqual(seen, [103.5, 107]);
    equal(clock.now(), 110);
  });

  it('runs a timer set by a timer when it falls inside the same advance', () => {
    const clock = new VirtualClock(0);
    const seen: number[] = [];
    clock.after(1, () => clock.after(1, () => seen.push(clock.now())));
    clock.advance(1);
    deepEqual(seen, []);
    clock.advance(1);
    deepEqual(seen, [2]);
  });

  it('never runs a cancelled timer, and counts only what can still run', () => {
    const clock = new VirtualClock();
    let ran = 0;
    const timer = clock.after(5, () => (ran += 1));
    clock.after(6, () => (ran += 1));
    clock.nextTurn(() => (ran += 1));
    equal(clock.pending, 3);
    timer.cancel();
    timer.cancel();
    equal(clock.pending, 2);
    equal(clock.nextTimerInMs, 6);
    clock.advance(10);
    equal(ran, 2);
    equal(clock.pending, 0);
    equal(clock.nextTimerInMs, undefined);
  });

  it('gives a turn queued by a turn to the turn after it', () => {
    const clock = new VirtualClock();
    const ran: string[] = [];
    clock.nextTurn(() => {
      ran.push('first');
      clock.nextTurn(() => ran.push('third'));
    });
    clock.nextTurn(() => ran.push('second'));
    clock.runTurns(1);
    deepEqual(ran, ['first', 'second']);
    clock.runTurns();
    deepEqual(ran, ['first', 'second', 'third']);
  });

  it('runs turns before a later timer, as an event loop would', () => {
    const clock = new VirtualClock(0);
    const ran: string[] = [];
    clock.after(1, () => {
      ran.push('timer 1');
      clock.nextTurn(() => ran.push('turn'));
    });
    clock.after(2, () => ran.push('timer 2'));
    clock.advance(2);
    deepEqual(ran, ['timer 1', 'turn', 'timer 2']);
  });

  it('moves wall time along with monotonic time', () => {
    const clock = new VirtualClock(50, 1_000_000);
    clock.advance(2_500.7);
    equal(clock.wallNow(), 1_002_500);
  });

  it('throws instead of hanging when callbacks re-arm without end', () => {
    const clock = new VirtualClock();
    const again = (): void => clock.nextTurn(again);
    again();
    throws(() => clock.runTurns(), /re-arm without end/);
  });
});
