import { deepEqual, equal, match, rejects } from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { Leases } from '../core/leases.ts';
import { CountingClock } from './counting-clock.ts';
import { LeakCheck } from './leak-check.ts';
import { MisbehavingUpstream } from './misbehaving-upstream/misbehaving-upstream.ts';
import { VirtualClock } from './virtual-clock.ts';

describe('leak check', () => {
  it('waits for sockets that are still closing, and names those that stay', async () => {
    const leaks = LeakCheck.begin();
    const upstream = await MisbehavingUpstream.listen();
    const socket = connect(upstream.port, '127.0.0.1');
    await once(socket, 'connect');
    await upstream.until((seen) => seen.open === 1);
    await rejects(leaks.assertClean({ withinMs: 20 }), /left behind:[^]*TCPServerWrap/);
    socket.destroy();
    await upstream.close();
    await leaks.assertClean();
  });

  it('sees a socket that was unreferenced and forgotten', async () => {
    const upstream = await MisbehavingUpstream.listen();
    const leaks = LeakCheck.begin();
    const socket = connect(upstream.port, '127.0.0.1');
    await once(socket, 'connect');
    await upstream.until((seen) => seen.open === 1);
    socket.unref();
    upstream.actOnAll('stall');
    match(leaks.leftovers().join('\n'), /2 x open socket descriptor/);
    socket.destroy();
    await upstream.close();
  });

  it('sees timers of the process and of a clock', async () => {
    const leaks = LeakCheck.begin();
    const clock = new VirtualClock();
    const onClock = clock.after(5, () => {});
    const timer = setTimeout(() => {}, 60_000);
    deepEqual(leaks.leftovers({ clock }), ['1 x Timeout', '1 x timer on the clock']);
    clearTimeout(timer);
    onClock.cancel();
    await leaks.assertClean({ clock, withinMs: 0 });
  });

  it('lists leases that are out, oldest first', () => {
    const leaks = LeakCheck.begin();
    const clock = new VirtualClock(0);
    const leases = new Leases(clock);
    leases.take('connection', 'call-1');
    clock.advance(30);
    const second = leases.take('buffer', 'call-2');
    deepEqual(leaks.leftovers({ leases }), [
      '2 x lease, the oldest:',
      '  connection of call-1, 30 ms old',
      '  buffer of call-2, 0 ms old',
    ]);
    leases.release(second);
    equal(leaks.leftovers({ leases }).length, 2);
  });
});

describe('counting clock', () => {
  it('counts what is pending, whether it runs or is cancelled', () => {
    const virtual = new VirtualClock(0);
    const clock = new CountingClock(virtual);
    let ran = 0;
    const first = clock.after(1, () => (ran += 1));
    const second = clock.after(2, () => (ran += 1));
    clock.nextTurn(() => (ran += 1));
    equal(clock.pending, 3);
    second.cancel();
    second.cancel();
    equal(clock.pending, 2);
    virtual.advance(5);
    equal(clock.pending, 0);
    equal(ran, 2);
    first.cancel();
    equal(clock.pending, 0);
    equal(clock.now(), 5);
    equal(clock.wallNow(), virtual.wallNow());
  });
});
