import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CallError } from '../core/errors.ts';
import { BufferBudget, ReplayBody } from '../core/replay-body.ts';
import type { ReplayMark } from '../core/route.ts';
import { RecordingSink } from '../testing/recording-sink.ts';
import type { TestCallOptions } from '../testing/test-call.ts';
import { testCall, testEndpoint } from '../testing/test-call.ts';
import { VirtualClock } from '../testing/virtual-clock.ts';
import type { RigOptions } from './transport.fixture.ts';
import { startVirtual } from './virtual-rig.fixture.ts';

const RTT = 40;

/** A pool with one idle connection to an address 40 ms away, rested for a second. */
function rested(options: Omit<RigOptions, 'clock'> = {}, count: number = 1) {
  const clock = new VirtualClock();
  const virtual = startVirtual(clock, options);
  const { network } = virtual;
  const endpoint = testEndpoint(80);
  const send = (mark: ReplayMark = 'strict', call: TestCallOptions = {}) => {
    const sink = new RecordingSink();
    const sent = testCall({ ...call, route: { endpoints: [endpoint], replay: mark } });
    virtual.serve(sent, sink);
    clock.runTurns();
    return { sink, call: sent, timeline: sent.timeline };
  };
  for (let at = 0; at < count; at += 1) send();
  clock.advance(RTT);
  for (const dial of network.dialling) dial.connect(RTT);
  clock.advance(RTT + 60);
  for (const line of network.open) line.answer();
  clock.advance(1_000);
  return { ...virtual, clock, send };
}

describe('a call on a connection that was closed under it', () => {
  it('sooner than a round trip goes out again, whatever it does', () => {
    const { send, clock, line, log } = rested();
    const { sink, timeline } = send();
    clock.advance(0.79 * RTT);
    line(0).fin();
    line(1).connect(RTT).answer();
    assert.equal(sink.ended, true);
    assert.deepEqual([timeline.attempts, timeline.replays], [1, 1]);
    assert.equal(timeline.reused, false);
    assert.deepEqual(log.stale, [{ level: 'L1', replayed: true }]);
    assert.equal(line(1).written, line(0).written.slice(line(0).written.length / 2));
  });

  it('by a reset counts like a FIN', () => {
    const { send, line, log } = rested();
    const { sink } = send();
    line(0).break('ECONNRESET');
    line(1).connect(RTT).answer();
    assert.equal(sink.ended, true);
    assert.equal(log.stale[0]?.level, 'L1');
  });

  it('later than that fails when it may have been read and must not run twice', () => {
    const { send, clock, line, log, network } = rested();
    const { sink } = send();
    clock.advance(0.81 * RTT);
    line(0).fin();
    assert.equal(sink.error?.code, 'STALE_CONNECTION');
    assert.equal(sink.error?.replay, 'uncertain');
    assert.match(
      sink.error?.detail ?? '',
      /FIN after 32\.4 ms; it had been idle for 1000 ms \(L2\)/,
    );
    assert.equal(network.lines.length, 1);
    assert.deepEqual(log.stale, [{ level: 'L2', replayed: false }]);
  });

  const rows: readonly (readonly [string, number, ReplayMark, TestCallOptions, boolean])[] = [
    ['an idle race on a marked route', 60, 'idle-race', {}, true],
    ['an idle race of a GET', 60, 'strict', { method: 'GET' }, true],
    ['an idle race of a keyed POST', 60, 'strict', { headers: { 'Idempotency-Key': '1' } }, true],
    ['a late loss on a route marked for races', 500, 'idle-race', {}, false],
    ['a late loss of a GET', 500, 'strict', { method: 'GET' }, true],
    ['a late loss on a route where all may run twice', 500, 'always', {}, true],
  ];
  for (const [what, afterMs, mark, options, replays] of rows) {
    it(`${replays ? 'goes out again' : 'fails'}: ${what}`, () => {
      const { send, clock, line, network } = rested();
      const { sink } = send(mark, options);
      clock.advance(afterMs);
      line(0).fin();
      assert.equal(network.lines.length, replays ? 2 : 1);
      if (replays) line(1).connect(RTT).answer();
      assert.equal(sink.ended, options.method === undefined ? replays : true);
      if (!replays) assert.equal(sink.error?.code, 'STALE_CONNECTION');
    });
  }

  it('after any byte of an answer never goes out again', () => {
    for (const bytes of ['H', 'HTTP/1.1 103 Early Hints\r\n\r\n']) {
      const { send, line, network, log } = rested();
      const { sink } = send('always', { method: 'GET' });
      line(0).say(bytes);
      line(0).fin();
      assert.equal(sink.error?.code, 'RESET');
      assert.match(sink.error?.detail ?? '', /L4/);
      assert.equal(network.lines.length, 1);
      assert.equal(log.stale[0]?.level, 'L4');
    }
  });

  it('goes out again at most once', () => {
    const { send, line, network } = rested();
    const { sink } = send('always');
    line(0).fin();
    line(1).connect(RTT).fin();
    assert.equal(sink.error?.code, 'RESET');
    assert.equal(network.lines.length, 2);
  });

  it('goes out again only on a connection that was never used', () => {
    const { send, line, network } = rested({}, 2);
    const other = send();
    const lost = send();
    const [first, second] = network.open;
    const isFirst = (first?.written.length ?? 0) > 0 && other.timeline.connectionUses === 1;
    assert.ok(isFirst);
    // The newest was taken first, so the older one carries the second call.
    const older = network.open.find((one) => one.requests === 2 && one !== second);
    older?.fin();
    assert.equal(lost.sink.isOver, false);
    assert.equal(network.dialling.length, 1);
    // A used connection frees meanwhile, and another call takes it; the replay does not.
    second?.answer();
    assert.equal(second?.requests, 2);
    line(2).connect(RTT).answer();
    assert.ok(other.sink.ended && lost.sink.ended);
  });

  it('does not blame a rest that was over before', () => {
    const { send, line, view, clock } = rested();
    send();
    const next = send();
    clock.advance(100);
    // Straight from one call to the other: it has not rested in between.
    line(0).answer();
    line(0).fin();
    assert.equal(next.sink.isOver, false);
    assert.equal(view().idleBudgetMs, 4_000);
  });

  it('fails when its body cannot be sent again, but says that this would be safe', () => {
    const { send, line } = rested();
    const body = new ReplayBody(8, 4, new BufferBudget(4), undefined);
    body.push(Buffer.from('12345678'));
    body.finish();
    const { sink } = send('always', { body });
    line(0).fin();
    assert.equal(sink.error?.code, 'STALE_CONNECTION');
    assert.equal(sink.error?.replay, 'safe');
  });

  it('asks for a permit as the last thing, and says what kind of replay it is', () => {
    const asked: boolean[] = [];
    const replays = { takeReplay: (isRace: boolean) => asked.push(isRace) > 0 };
    const rows = [
      { afterMs: 10, mark: 'strict', method: 'POST', asks: [true] },
      { afterMs: 60, mark: 'strict', method: 'POST', asks: [] },
      { afterMs: 60, mark: 'strict', method: 'GET', asks: [true] },
      { afterMs: 500, mark: 'strict', method: 'GET', asks: [false] },
      { afterMs: 500, mark: 'idle-race', method: 'POST', asks: [] },
    ] as const;
    for (const { afterMs, mark, method, asks } of rows) {
      asked.length = 0;
      const { send, clock, line, network } = rested();
      send(mark, { method, replays });
      clock.advance(afterMs);
      line(0).fin();
      assert.deepEqual(asked, asks, `${method} after ${afterMs} ms`);
      assert.equal(network.lines.length, 1 + asks.length);
    }
  });

  it('fails without a permit, and says so', () => {
    for (const afterMs of [10, 60, 500]) {
      const { send, clock, line, network, log } = rested();
      const { sink, timeline } = send('always', { replays: { takeReplay: () => false } });
      clock.advance(afterMs);
      line(0).fin();
      assert.equal(sink.error?.code, 'STALE_CONNECTION');
      assert.match(sink.error?.detail ?? '', /\(L[123]\)\. The retry budget has no replay left\./);
      assert.equal(sink.error?.replay, afterMs === 10 ? 'safe' : 'uncertain');
      assert.equal(network.lines.length, 1);
      assert.equal(timeline.replays, 0);
      assert.equal(log.stale[0]?.replayed, false);
    }
  });

  it('fails when the ladder is off', () => {
    const { send, line } = rested({ replayLadder: false });
    const { sink } = send('always');
    line(0).fin();
    assert.equal(sink.error?.code, 'STALE_CONNECTION');
  });

  it('takes the connections that rested longer with it, and halves the budget', () => {
    const { send, network, view, clock } = rested({}, 3);
    clock.advance(1_000);
    send();
    network.open.find((one) => one.requests === 2)?.fin();
    assert.equal(view().idleBudgetMs, 1_000);
    clock.advance(250);
    assert.equal(view().idle, 0);
  });

  it('is cancelled like any other while it goes out again', () => {
    const { send, line, leases, clock, transport } = rested();
    const { sink, call } = send();
    line(0).fin();
    call.cancellation.cancel(new CallError('CALLER_GONE'));
    assert.equal(sink.error?.code, 'CALLER_GONE');
    transport.destroy();
    clock.runTurns();
    assert.equal(leases.size, 0);
  });
});

describe('a call on a new connection that was closed under it', () => {
  it('fails as a reset, however soon', () => {
    const clock = new VirtualClock();
    const { serve, line, log } = startVirtual(clock);
    const sink = new RecordingSink();
    serve(testCall({ route: { endpoints: [testEndpoint(80)], replay: 'idle-race' } }), sink);
    line(0).connect(RTT).fin();
    assert.equal(sink.error?.code, 'RESET');
    assert.equal(log.stale[0]?.level, 'L3');
  });

  it('goes out again when it may run twice', () => {
    const clock = new VirtualClock();
    const { serve, line } = startVirtual(clock);
    const sink = new RecordingSink();
    serve(testCall({ method: 'GET', route: { endpoints: [testEndpoint(80)] } }), sink);
    line(0).connect(RTT).fin();
    line(1).connect(RTT).answer();
    assert.equal(sink.ended, true);
  });
});
