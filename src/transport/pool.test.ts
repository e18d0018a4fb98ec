import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CallError } from '../core/errors.ts';
import { RecordingSink } from '../testing/recording-sink.ts';
import type { RecordingOptions } from '../testing/recording-sink.ts';
import type { TestCallOptions } from '../testing/test-call.ts';
import { testCall, testEndpoint } from '../testing/test-call.ts';
import { VirtualClock } from '../testing/virtual-clock.ts';
import type { RigOptions } from './transport.fixture.ts';
import { defaultTransportOptions } from './transport-options.ts';
import { startVirtual } from './virtual-rig.fixture.ts';

function rig(options: Omit<RigOptions, 'clock'> = {}) {
  const clock = new VirtualClock();
  const virtual = startVirtual(clock, options);
  const { network, view } = virtual;
  const endpoint = testEndpoint(80);
  const send = (call: TestCallOptions = {}, recording: RecordingOptions = {}) => {
    const sink = new RecordingSink(recording);
    const sent = testCall({ ...call, route: { endpoints: [endpoint], ...call.route } });
    virtual.serve(sent, sink);
    return { sink, call: sent, timeline: sent.timeline };
  };
  /** Sends one call over a fresh or idle connection and has it answered. */
  const serve = (fields: string = ''): void => {
    const { sink } = send();
    clock.runTurns();
    for (const dial of network.dialling) dial.connect();
    network.open.findLast((one) => view().active > 0 && one.requests > 0)?.answer(fields);
    assert.equal(sink.ended, true);
  };
  return { ...virtual, clock, endpoint, send, serve };
}

describe('the choice of a connection', () => {
  it('falls on the one that was used last', () => {
    const { send, line, clock } = rig();
    send();
    send();
    line(0).connect();
    line(1).connect();
    line(1).answer();
    clock.advance(100);
    line(0).answer();
    clock.advance(100);
    send();
    clock.runTurns();
    assert.deepEqual([line(0).requests, line(1).requests], [2, 1]);
  });

  it('lets the event loop turn twice before a socket is written that rested', () => {
    const { send, line, clock, serve } = rig();
    serve();
    clock.advance(50);
    const { sink, timeline } = send();
    clock.runTurns(1);
    assert.equal(line(0).requests, 1);
    clock.runTurns(1);
    assert.equal(line(0).requests, 2);
    assert.equal(timeline.reused, true);
    assert.equal(timeline.connectionUses, 1);
    line(0).answer();
    assert.equal(sink.ended, true);
  });

  it('waits one turn only when it rested for less than any idle timer', () => {
    const { send, line, clock, serve } = rig();
    serve();
    clock.advance(5);
    send();
    assert.equal(line(0).requests, 1);
    clock.runTurns(1);
    assert.equal(line(0).requests, 2);
  });

  it('always looks first at a peer that has closed right after an answer', () => {
    const { send, line, clock, serve } = rig();
    serve();
    clock.advance(5);
    line(0).fin();
    send();
    line(1).connect().answer();
    clock.advance(1);
    send();
    assert.equal(line(1).requests, 1);
    clock.runTurns();
    assert.equal(line(1).requests, 2);
  });

  it('takes another when the FIN shows while the event loop turns', () => {
    const { send, line, clock, serve, log } = rig();
    serve();
    clock.advance(1_000);
    const { sink, timeline } = send();
    clock.runTurns(1);
    line(0).fin();
    clock.runTurns();
    line(1).connect().answer();
    assert.equal(sink.ended, true);
    assert.equal(line(0).requests, 1);
    assert.equal(timeline.replays, 0);
    assert.equal(timeline.attempts, 1);
    assert.deepEqual(log.closed, ['idle_peer']);
  });

  it('never falls on one that is idle for longer than the budget', () => {
    const { send, network, clock, serve } = rig();
    serve();
    clock.advance(3_999);
    send();
    assert.equal(network.lines.length, 1);
    clock.runTurns();
    network.lines[0]?.answer();
    clock.advance(4_000);
    send();
    assert.equal(network.lines.length, 2);
  });

  it('goes round the endpoints of a route', () => {
    const { send, network, transport } = rig();
    const endpoints = [testEndpoint(81), testEndpoint(82)];
    const route = { endpoints };
    const first = testCall({ route });
    for (let at = 0; at < 4; at += 1) {
      transport.service({ ...testCall(), route: first.route }, new RecordingSink());
    }
    assert.equal(network.lines.length, 4);
    const [a, b] = transport.endpoints();
    assert.deepEqual([a?.connecting, b?.connecting], [2, 2]);
    const { sink } = send({ route: { endpoints: [] } });
    assert.equal(sink.error?.code, 'CONNECT_FAILED');
  });
});

describe('a call that waits for a connect', () => {
  it('takes one that frees meanwhile, and the new one becomes idle', () => {
    const { send, line, view } = rig();
    const a = send();
    line(0).connect();
    const b = send();
    line(0).answer();
    assert.equal(line(0).requests, 2);
    line(0).answer();
    line(1).connect();
    assert.ok(a.sink.ended && b.sink.ended);
    assert.equal(b.timeline.reused, true);
    assert.equal(view().idle, 2);
  });

  it('is served first come, first served, whatever connect is done first', () => {
    const { send, line } = rig();
    const a = send({ path: '/a' });
    const b = send({ path: '/b' });
    line(1).connect();
    assert.match(line(1).written, /^POST \/a /);
    line(0).connect();
    assert.match(line(0).written, /^POST \/b /);
    line(0).answer();
    line(1).answer();
    assert.ok(a.sink.ended && b.sink.ended);
  });

  it('fails with the reason of its connect', () => {
    const { send, line, leases, clock, log } = rig();
    const { sink, timeline } = send();
    line(0).refuse();
    clock.runTurns();
    assert.equal(sink.error?.code, 'CONNECT_FAILED');
    assert.equal(sink.error?.replay, 'safe');
    assert.equal(timeline.attempts, 1);
    assert.equal(leases.size, 0);
    assert.equal(log.failedDials, 1);
  });

  it('gets one connect of its own when that of another failed it', () => {
    const { send, line, network } = rig();
    const a = send();
    const b = send();
    // The connect of b serves a; b is left with the connect of a, which fails.
    line(1).connect();
    line(0).refuse();
    assert.equal(b.sink.isOver, false);
    assert.equal(network.lines.length, 3);
    line(2).refuse();
    assert.equal(b.sink.error?.code, 'CONNECT_FAILED');
    line(1).answer();
    assert.equal(a.sink.ended, true);
  });

  it('tells in its timeline when its connection stood', () => {
    const { send, line, clock } = rig();
    const { timeline } = send();
    clock.advance(30);
    line(0).connect(30);
    assert.equal(timeline.connectedAt - timeline.acquiredAt, 30);
    assert.equal(timeline.reused, false);
  });

  it('waits without a connect when the endpoint is at its limit, until there is room', () => {
    const { send, line, network, clock } = rig({ connectionsPerEndpointMax: 2 });
    const calls = [send(), send(), send()];
    assert.equal(network.lines.length, 2);
    line(0).connect();
    line(1).connect();
    line(0).say('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    assert.equal(network.lines.length, 3);
    line(2).connect().answer();
    line(1).answer();
    clock.runTurns();
    assert.deepEqual(
      calls.map(({ sink }) => sink.ended),
      [true, true, true],
    );
  });
});

describe('connects that nobody waits for', () => {
  it('become idle when they are done', () => {
    const { send, line, view } = rig();
    send().call.cancellation.cancel(new CallError('CALLER_GONE'));
    assert.equal(view().connecting, 1);
    line(0).connect();
    assert.equal(view().idle, 1);
  });

  it('are few', () => {
    const { send, view } = rig();
    const calls = Array.from({ length: 20 }, () => send().call);
    for (const call of calls) call.cancellation.cancel(new CallError('CALLER_GONE'));
    assert.equal(view().connecting, defaultTransportOptions.unattendedDialsMax);
  });

  it('are given up after a while of their own', () => {
    const { send, view, clock, leases } = rig();
    send().call.cancellation.cancel(new CallError('CALLER_GONE'));
    clock.advance(9_900);
    assert.equal(view().connecting, 1);
    clock.advance(500);
    assert.equal(view().connecting, 0);
    assert.equal(leases.size, 0);
  });
});

describe('the end of a connection', () => {
  it('comes with its age, spread by a tenth, and never under a call', () => {
    const { send, line, clock, serve, log } = rig({ maxAgeMs: 10_000 });
    serve();
    const { sink } = send();
    clock.runTurns();
    clock.advance(12_000);
    assert.equal(sink.isOver, false);
    line(0).answer();
    assert.equal(sink.ended, true);
    assert.deepEqual(log.closed, ['age']);
    const ages = new Set<number>();
    for (let at = 0; at < 20; at += 1) {
      const other = rig({
        maxAgeMs: 10_000,
        idle: { ...defaultTransportOptions.idle, startMs: 60_000 },
      });
      other.serve();
      let age = 0;
      while (other.view().open > 0) {
        other.clock.advance(250);
        age += 250;
      }
      ages.add(age);
      assert.ok(age >= 9_000 && age <= 11_250, String(age));
    }
  });

  it('comes after its share of requests', () => {
    const { send, line, log, clock } = rig({ maxRequests: 3, retirementJitter: 0 });
    send();
    line(0).connect().answer();
    send();
    clock.runTurns();
    line(0).answer();
    assert.deepEqual(log.closed, []);
    send();
    clock.runTurns();
    line(0).answer();
    assert.deepEqual(log.closed, ['requests']);
  });

  it('comes when the peer has said how many more it takes', () => {
    const { send, line, log, clock } = rig();
    send();
    line(0).connect().answer('Keep-Alive: timeout=60, max=1\r\n');
    send();
    clock.runTurns();
    assert.deepEqual(log.closed, []);
    line(0).answer('Keep-Alive: timeout=60, max=0\r\n');
    assert.deepEqual(log.closed, ['requests']);
  });

  it('comes at once for bytes that nobody asked for', () => {
    const { line, serve, log, view } = rig();
    serve();
    line(0).say('HTTP/1.1 408 Request Timeout\r\n\r\n');
    assert.deepEqual(log.closed, ['idle_peer']);
    assert.equal(view().idle, 0);
  });

  it('by a dead path teaches nothing about idle limits', () => {
    const { line, serve, log, view, clock } = rig();
    serve();
    clock.advance(1_000);
    line(0).break('ETIMEDOUT');
    assert.deepEqual(log.closed, ['error']);
    assert.equal(view().idleBudgetMs, 4_000);
  });

  it('keeps the idle ones within their limits, the oldest first', () => {
    const { send, network, clock, view, log } = rig({ idlePerEndpointMax: 2 });
    const count = 5;
    for (let at = 0; at < count; at += 1) send();
    for (const dial of network.dialling) dial.connect();
    for (const one of network.open) {
      one.answer();
      clock.advance(1);
    }
    assert.equal(view().idle, 2);
    assert.deepEqual(
      network.open.map(({ index }) => index),
      [3, 4],
    );
    assert.deepEqual(log.closed, ['idle_ours', 'idle_ours', 'idle_ours']);
  });

  it('takes the oldest of all endpoints when there are too many together', () => {
    const { transport, network, clock } = rig({ idleTotalMax: 2 });
    for (const port of [1, 2, 3]) {
      const call = testCall({ route: { endpoints: [testEndpoint(port)] } });
      transport.service(call, new RecordingSink());
      network.dialling[0]?.connect().answer();
      clock.advance(10);
    }
    assert.deepEqual(
      transport.endpoints().map(({ idle }) => idle),
      [0, 1, 1],
    );
  });
});

describe('a sink that throws', () => {
  it('does not take the pool with it', () => {
    const { send, line, log, view } = rig();
    const bug = new Error('sink bug');
    const throwing: RecordingOptions = {
      lax: true,
      onEvent: (event) => {
        if (event.type === 'start') throw bug;
      },
    };
    const { sink } = send({}, throwing);
    line(0).connect();
    assert.throws(() => line(0).answer(), bug);
    assert.equal(sink.error?.code, 'BUG');
    assert.equal(sink.error?.cause, bug);
    assert.deepEqual(log.closed, ['abort']);
    assert.equal(view().active, 0);
  });

  it('at the very end leaves a connection that works', () => {
    const { send, line, view, clock } = rig();
    const bug = new Error('late bug');
    const throwing: RecordingOptions = {
      onEvent: (event) => {
        if (event.type === 'end') throw bug;
      },
    };
    send({}, throwing);
    line(0).connect();
    assert.throws(() => line(0).answer(), bug);
    assert.equal(view().idle, 1);
    const second = send();
    clock.runTurns();
    line(0).answer();
    assert.equal(second.sink.ended, true);
  });
});
