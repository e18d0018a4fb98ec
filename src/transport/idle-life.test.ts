import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RecordingSink } from '../testing/recording-sink.ts';
import { testCall, testEndpoint } from '../testing/test-call.ts';
import { VirtualClock } from '../testing/virtual-clock.ts';
import type { RigOptions } from './transport.fixture.ts';
import { defaultTransportOptions } from './transport-options.ts';
import type { VirtualLine } from './virtual-network.fixture.ts';
import { startVirtual } from './virtual-rig.fixture.ts';

const { idle } = defaultTransportOptions;

function rig(options: Omit<RigOptions, 'clock'> = {}) {
  const clock = new VirtualClock();
  const virtual = startVirtual(clock, options);
  const endpoint = testEndpoint(80);
  const send = (): RecordingSink => {
    const sink = new RecordingSink();
    virtual.serve(testCall({ route: { endpoints: [endpoint] } }), sink);
    clock.runTurns();
    return sink;
  };
  /** Leaves this many connections idle, each having served one call. */
  const rest = (count: number): VirtualLine[] => {
    for (let at = 0; at < count; at += 1) send();
    const dialled = virtual.network.dialling.map((dial) => dial.connect());
    for (const line of virtual.network.open.slice(-count)) line.answer();
    return dialled;
  };
  return { ...virtual, clock, endpoint, send, rest };
}

describe('connections beyond their idle budget', () => {
  it('are closed, but for one that is only watched', () => {
    const { rest, clock, view, log } = rig();
    rest(3);
    clock.advance(4_250);
    assert.deepEqual([view().open, view().idle], [1, 0]);
    assert.ok(view().sentinelAgeMs >= 4_000);
    assert.deepEqual(log.closed, ['idle_ours', 'idle_ours']);
  });

  it('are all closed when learning is off', () => {
    const { rest, clock, view } = rig({ idle: { ...idle, learn: false } });
    rest(2);
    clock.advance(4_250);
    assert.equal(view().open, 0);
  });

  it('show by the sentinel how long the peer waits', () => {
    const { rest, clock, view, network, log } = rig();
    rest(1);
    clock.advance(60_000);
    assert.equal(view().idleBudgetMs, 48_000);
    network.lines[0]?.fin();
    assert.equal(view().idleBudgetMs, 48_000);
    assert.deepEqual(log.sentinels, [60_000]);
    assert.deepEqual(log.closed, ['idle_peer']);
    assert.ok(log.budgets.length > 100, 'the growing budget is reported');
    assert.equal(view().sentinelAgeMs, -1);
  });

  it('never serve a call once they are watched', () => {
    const { rest, send, clock, network } = rig();
    rest(1);
    clock.advance(4_500);
    send();
    assert.equal(network.lines.length, 2);
    assert.equal(network.lines[0]?.requests, 1);
  });

  it('are watched no longer than there is something to learn', () => {
    const { rest, clock, view, leases } = rig();
    rest(1);
    clock.advance(137_000);
    assert.equal(view().open, 1);
    clock.advance(1_000);
    assert.equal(view().open, 0);
    assert.equal(view().idleBudgetMs, 110_000);
    clock.runTurns();
    assert.equal(leases.size, 0);
    assert.equal(clock.pending, 0, 'no timer is left without connections');
  });

  it('converge to four fifths within one close, and recover when the peer changes', () => {
    const { rest, clock, view, network } = rig();
    rest(1);
    clock.advance(1_000);
    network.lines[0]?.fin();
    assert.equal(view().idleBudgetMs, 800);
    rest(1);
    clock.advance(5_000);
    assert.ok(view().idleBudgetMs > 3_800);
    network.lines[1]?.fin();
    assert.equal(view().idleBudgetMs, 4_000);
  });

  it('keep their budget through a restart of the peer', () => {
    const { clock, view, network, send } = rig();
    for (let at = 0; at < 4; at += 1) {
      send();
      network.dialling[0]?.connect();
    }
    for (const line of network.open) {
      line.answer();
      clock.advance(900);
    }
    for (const line of network.open) line.fin();
    assert.equal(view().idleBudgetMs, 4_000);
  });

  it('follow the hint of the peer', () => {
    const { clock, view, send, network } = rig();
    send();
    network.dialling[0]?.connect(20).answer('Keep-Alive: timeout=15\r\n');
    clock.advance(250);
    assert.equal(view().rttMinMs, 0, 'an answer in no time bounds the round trip');
    assert.equal(view().idleBudgetMs, 13_500);
  });
});

describe('spare connections', () => {
  const warm = { spareLifeMs: 20_000, spareTrafficMs: 300_000 };

  it('are made with the first call, beyond what it takes', () => {
    const { transport, endpoint, send, network, view } = rig(warm);
    transport.warm(endpoint, 1);
    assert.equal(network.lines.length, 0);
    send();
    assert.equal(network.dialling.length, 2);
    for (const dial of network.dialling) dial.connect();
    assert.deepEqual([view().active, view().idle], [1, 1]);
  });

  it('save the next call its handshake', () => {
    const { transport, endpoint, send, network, clock, log } = rig(warm);
    transport.warm(endpoint, 1);
    send();
    for (const dial of network.dialling) dial.connect();
    clock.advance(5_000);
    const sink = send();
    clock.runTurns();
    assert.deepEqual([log.fresh, log.reused], [2, 0], 'nobody had used it before');
    network.lines[1]?.answer();
    assert.equal(sink.ended, true);
    assert.equal(network.dialling.length, 1, 'the spare is replaced');
  });

  it('are held 20 s at most and renewed while there is traffic', () => {
    const { transport, endpoint, send, network, clock, view } = rig(warm);
    transport.warm(endpoint, 1);
    send();
    for (const dial of network.dialling) dial.connect();
    clock.advance(20_250);
    assert.equal(network.lines[1]?.state, 'closed');
    assert.equal(network.dialling.length, 1);
    network.lines[0]?.answer();
    for (let second = 0; second < 340; second += 1) {
      clock.advance(1_000);
      for (const dial of network.dialling) dial.connect();
    }
    assert.equal(view().idle, 0);
    const made = network.lines.length;
    clock.advance(300_000);
    assert.equal(network.lines.length, made);
  });

  it('are not made again at once when the peer does not want them', () => {
    const { transport, endpoint, send, network, clock, view } = rig(warm);
    transport.warm(endpoint, 1);
    send();
    for (const dial of network.dialling) dial.connect();
    clock.advance(5_400);
    network.lines[1]?.fin();
    clock.advance(30_000);
    assert.equal(network.lines.length, 2);
    assert.equal(view().idleBudgetMs, 4_000, 'an unused connection teaches nothing');
    send();
    assert.ok(network.lines.length > 2);
  });
});

describe('a transport that goes', () => {
  it('closes idle connections at once and busy ones after their call', () => {
    const { rest, send, transport, network, view, log } = rig();
    rest(2);
    const sink = send();
    transport.close();
    assert.deepEqual([view().idle, view().active], [0, 1]);
    network.open[0]?.answer();
    assert.equal(sink.ended, true);
    assert.equal(view().open, 0);
    assert.deepEqual(log.closed, ['drain', 'drain']);
    send();
    network.dialling[0]?.connect().answer();
    assert.equal(view().open, 0, 'calls are still served, on connections of their own');
  });

  it('fails everything when it is destroyed, in any state, exactly once', () => {
    const { rest, send, transport, network, clock, leases } = rig();
    rest(1);
    clock.advance(1_000);
    const sinks: RecordingSink[] = [];
    const sink = new RecordingSink();
    sinks.push(sink);
    // Being looked at, then waiting for a connect, then being served.
    transport.service(testCall({ route: { endpoints: [testEndpoint(80)] } }), sink);
    sinks.push(send(), send());
    network.dialling[0]?.connect();
    transport.destroy();
    clock.runTurns();
    assert.deepEqual(
      sinks.map(({ error }) => error?.code),
      ['DRAINING', 'DRAINING', 'DRAINING'],
    );
    assert.equal(send().error?.code, 'DRAINING');
    assert.equal(leases.size, 0);
    assert.equal(clock.pending, 0);
  });

  it('lets go of endpoints that are no longer wanted', () => {
    const { rest, send, transport, network, clock, leases } = rig();
    rest(2);
    const sink = send();
    transport.retain(new Set(['http://127.0.0.1:81']));
    assert.deepEqual(transport.endpoints(), []);
    assert.equal(network.open.length, 1);
    network.open[0]?.answer();
    assert.equal(sink.ended, true);
    clock.advance(500);
    assert.equal(leases.size, 0);
    assert.equal(clock.pending, 0);
  });

  it('does not mix connections of endpoints that share a key but not the way there', () => {
    const { rest, transport, network, clock } = rig();
    rest(1);
    const moved = testEndpoint(80, { ca: 'another' });
    transport.service(testCall({ route: { endpoints: [moved] } }), new RecordingSink());
    clock.runTurns();
    assert.equal(network.lines[0]?.state, 'closed');
    assert.equal(network.lines.length, 2);
  });
});
