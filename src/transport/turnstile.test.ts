import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { VirtualClock } from '../testing/virtual-clock.ts';
import type { Waiting } from './turnstile.ts';
import { Turnstile } from './turnstile.ts';

function rig() {
  const clock = new VirtualClock();
  const turnstile = new Turnstile(clock);
  const log: string[] = [];
  const waiter = (name: string, then?: () => void): Waiting => ({
    passed: () => {
      log.push(name);
      then?.();
    },
  });
  return { clock, turnstile, log, waiter };
}

describe('the turnstile', () => {
  it('lets through after two turns, not one', () => {
    const { clock, turnstile, log, waiter } = rig();
    turnstile.enter(waiter('a'));
    clock.runTurns(1);
    assert.deepEqual(log, []);
    clock.runTurns(1);
    assert.deepEqual(log, ['a']);
  });

  it('lets through after one turn who need not look for a FIN', () => {
    const { clock, turnstile, log, waiter } = rig();
    turnstile.enter(waiter('slow'));
    turnstile.enter(waiter('quick'), 1);
    assert.deepEqual(log, []);
    clock.runTurns(1);
    assert.deepEqual(log, ['quick']);
    clock.runTurns(1);
    assert.deepEqual(log, ['quick', 'slow']);
  });

  it('shares one turn among all who wait', () => {
    const { clock, turnstile, log, waiter } = rig();
    for (const name of ['a', 'b', 'c']) turnstile.enter(waiter(name));
    assert.equal(clock.pending, 1);
    clock.runTurns();
    assert.deepEqual(log, ['a', 'b', 'c']);
    assert.equal(clock.pending, 0);
  });

  it('gives two turns to one who enters between the turns of another', () => {
    const { clock, turnstile, log, waiter } = rig();
    turnstile.enter(waiter('a'));
    clock.runTurns(1);
    turnstile.enter(waiter('b'));
    clock.runTurns(1);
    assert.deepEqual(log, ['a']);
    clock.runTurns(1);
    assert.deepEqual(log, ['a', 'b']);
  });

  it('gives two turns to one who enters while another passes', () => {
    const { clock, turnstile, log, waiter } = rig();
    turnstile.enter(waiter('a', () => turnstile.enter(waiter('b'))));
    clock.runTurns(2);
    assert.deepEqual(log, ['a']);
    clock.runTurns(1);
    assert.deepEqual(log, ['a']);
    clock.runTurns(1);
    assert.deepEqual(log, ['a', 'b']);
  });

  it('forgets one who leaves, even while others pass', () => {
    const { clock, turnstile, log, waiter } = rig();
    const last = waiter('last');
    turnstile.enter(waiter('a', () => turnstile.leave(last)));
    turnstile.enter(waiter('b'));
    turnstile.enter(last);
    clock.runTurns();
    assert.deepEqual(log, ['a', 'b']);
  });

  it('lets through who comes after a defect in the same turn', () => {
    const { clock, turnstile, log, waiter } = rig();
    const broken = waiter('broken', () => {
      throw new Error('a defect');
    });
    turnstile.enter(broken);
    turnstile.enter(waiter('next'));
    clock.runTurns(1);
    turnstile.enter(waiter('later'));
    assert.throws(() => clock.runTurns(1), /a defect/);
    clock.runTurns();
    assert.deepEqual(log, ['broken', 'next', 'later']);
  });
});
