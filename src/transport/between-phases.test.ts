// What comes in the moment between two phases, where it normally does not come.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CallError } from '../core/errors.ts';
import type { Endpoint } from '../core/route.ts';
import { RecordingSink } from '../testing/recording-sink.ts';
import type { TestCallOptions } from '../testing/test-call.ts';
import { testCall, testEndpoint } from '../testing/test-call.ts';
import { VirtualClock } from '../testing/virtual-clock.ts';
import type { RigOptions } from './transport.fixture.ts';
import { startVirtual } from './virtual-rig.fixture.ts';

const RTT = 40;

function rig(options: Omit<RigOptions, 'clock'> = {}) {
  const clock = new VirtualClock();
  const virtual = startVirtual(clock, options);
  const endpoint = testEndpoint(80);
  const send = (call: TestCallOptions = {}) => {
    const sink = new RecordingSink();
    const sent = testCall({ ...call, route: { endpoints: [endpoint] } });
    virtual.serve(sent, sink);
    return { sink, call: sent };
  };
  return { ...virtual, clock, send };
}

describe('a connection whose call leaves while it is looked at', () => {
  /** A call looks at a connection that rested for a second, another waits; the first leaves. */
  function left() {
    const all = rig();
    all.send();
    all.line(0).connect(RTT).answer();
    all.clock.advance(1_000);
    const first = all.send();
    const next = all.send();
    first.call.cancellation.cancel(new CallError('CALLER_GONE'));
    return { ...all, next };
  }

  it('is looked at again for the next, so that a FIN under way costs nobody anything', () => {
    const { clock, line, log, next } = left();
    assert.equal(line(0).requests, 1);
    line(0).fin();
    clock.runTurns();
    line(1).connect(RTT).answer();
    assert.equal(next.sink.ended, true);
    assert.deepEqual(log.stale, []);
  });

  it('serves the next, and its rest is not forgotten', () => {
    const { clock, line, next } = left();
    clock.runTurns();
    assert.equal(line(0).requests, 2);
    clock.advance(RTT);
    line(0).fin();
    assert.match(next.sink.error?.detail ?? '', /it had been idle for 1000 ms/);
  });
});

describe('a call that needs a new connection where there is room for none', () => {
  it('gets one as soon as another call gives its connection back', () => {
    const { clock, send, line, view, network } = rig({ connectionsPerEndpointMax: 2 });
    send();
    send();
    for (const dial of network.dialling) dial.connect(RTT);
    for (const open of network.open) open.answer();
    clock.advance(1_000);
    const get = { method: 'GET', body: '' };
    const newest = send(get);
    const oldest = send(get);
    clock.runTurns();
    const waiting = send(get);
    // Its place goes to the one that waits, and it goes out again itself.
    line(0).fin();
    line(2).connect(RTT);
    assert.deepEqual([line(2).requests, view().waiting], [1, 1]);
    line(1).answer();
    line(3).connect(RTT).answer();
    line(2).answer();
    assert.ok(newest.sink.ended && oldest.sink.ended && waiting.sink.ended);
  });
});

describe('an answer that is complete before the kernel took the request', () => {
  it('costs the connection: whoever came next would wait behind the rest', () => {
    const { clock, send, line, log } = rig();
    const { sink } = send({ body: 'x'.repeat(50_000) });
    line(0).writableLength = 1_000;
    line(0).connect(RTT).answer();
    assert.equal(sink.ended, true);
    assert.deepEqual(log.closed, ['abort']);
    const next = send();
    clock.runTurns();
    line(1).connect(RTT).answer();
    assert.equal(next.sink.ended, true);
    assert.equal(line(0).requests, 1);
  });
});

describe('an answer that ends with its connection', () => {
  function begun() {
    const all = rig();
    const { sink } = all.send();
    all.line(0).connect(RTT).say('HTTP/1.1 200 OK\r\n\r\nhalf');
    return { ...all, sink };
  }

  it('is whole after a FIN', () => {
    const { line, sink } = begun();
    line(0).fin();
    assert.deepEqual(sink.story, ['start 200', 'chunk 4', 'end']);
  });

  it('is cut when the connection is gone without one', () => {
    const { line, sink, clock, leases } = begun();
    line(0).destroy();
    clock.runTurns();
    assert.deepEqual(sink.story, ['start 200', 'chunk 4', 'fail STREAM_CUT']);
    assert.equal(leases.size, 0);
  });
});

describe('a call that began before its endpoint was changed', () => {
  /** The way to a place changes by a reload, and a call that was retried meanwhile goes the old. */
  function changed() {
    const all = rig();
    const after = testEndpoint(80, { proxy: 'http://proxy' });
    const sendTo = (endpoint: Endpoint): RecordingSink => {
      const sink = new RecordingSink();
      all.serve(testCall({ route: { endpoints: [endpoint] } }), sink);
      all.clock.runTurns();
      return sink;
    };
    const before = testEndpoint(80);
    sendTo(before);
    all.line(0).connect(RTT).answer();
    all.transport.retain(new Set([after.key]));
    all.transport.warm(after, 1);
    sendTo(after);
    for (const dial of all.network.dialling) dial.connect(RTT);
    all.line(1).answer();
    return { ...all, before, after, sendTo };
  }

  it('goes its old way, and takes nothing from those who go the new one', () => {
    const { sendTo, before, after, line, network, view, log } = changed();
    const { idle } = view();
    assert.deepEqual(log.closed, ['drain']);
    const late = [sendTo(before), sendTo(before)];
    const old = network.dialling;
    assert.equal(old.length, 2);
    for (const dial of old) dial.connect(RTT);
    for (const one of old) one.answer();
    assert.ok(late.every(({ ended }) => ended));
    // Their connections close behind them; the others rest.
    assert.deepEqual(log.closed, ['drain', 'drain', 'drain']);
    assert.equal(view().idle, idle);
    sendTo(after);
    assert.equal(line(1).requests + line(2).requests, 2);
  });
});
