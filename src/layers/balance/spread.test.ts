// Where calls go over time: many of them, on virtual time, from a seed.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '../../core/random.ts';
import { RecordingSink } from '../../testing/recording-sink.ts';
import { ScriptedService } from '../../testing/scripted-service.ts';
import type { CallScript } from '../../testing/scripted-service.ts';
import { testCall, testTarget } from '../../testing/test-call.ts';
import { VirtualClock } from '../../testing/virtual-clock.ts';
import { balanceLayer } from './balance.ts';
import { Loads } from './loads.ts';

interface World {
  readonly clock: VirtualClock;
  readonly upstream: ScriptedService;
  readonly loads: Loads;
  readonly send: () => RecordingSink;
  /** Calls each upstream has been sent since `from`. */
  readonly counts: (from?: number) => Record<string, number>;
}

/** Upstreams named a, b ..., each answering by its script. */
function world(scripts: Readonly<Record<string, () => CallScript>>, weights: number[] = []): World {
  const clock = new VirtualClock();
  const loads = new Loads();
  const targets = Object.keys(scripts).map((upstream, index) =>
    testTarget(100 + index, { upstream, weight: weights[index] ?? 1 }),
  );
  const upstream = new ScriptedService(
    clock,
    ({ route }) => scripts[route.upstream]?.() ?? { failBeforeHead: 'BUG' },
  );
  const deps = { clock, random: seededRandom(11), loads, gates: [], observers: [] };
  const service = balanceLayer(deps).wrap(upstream.service);
  const route = { targets };
  return {
    clock,
    upstream,
    loads,
    send: () => {
      const sink = new RecordingSink();
      service(testCall({ route }), sink);
      return sink;
    },
    counts: (from = 0) => {
      const counts = Object.fromEntries(Object.keys(scripts).map((name) => [name, 0]));
      for (const { call } of upstream.calls.slice(from)) {
        counts[call.route.upstream] = (counts[call.route.upstream] ?? 0) + 1;
      }
      return counts;
    },
  };
}

/** Callers that send their next call as soon as the last one was answered. */
function closedLoop({ clock, send }: World, callers: number, calls: number): void {
  const sinks: RecordingSink[] = Array.from({ length: callers }, send);
  for (let sent = callers; sent < calls;) {
    clock.advance(5);
    for (const [index, sink] of sinks.entries()) {
      if (!sink.isOver) continue;
      sinks[index] = send();
      sent += 1;
    }
  }
  clock.advance(60_000);
}

const takes = (ms: number) => (): CallScript => ({ headAfterMs: ms });

describe('many calls', () => {
  it('follow the speed of the targets', () => {
    const fast = world({ a: takes(50), b: takes(200) });
    closedLoop(fast, 20, 4_000);
    const { a = 0, b = 0 } = fast.counts(1_000);
    // Equal loads mean calls waiting in the ratio 4:1, each four times as short: 16:1.
    assert.ok(a / b > 8 && a / b < 32, `${a}:${b}`);
  });

  it('are even between equals, and in proportion to weights', () => {
    const equal = world({ a: takes(100), b: takes(100), c: takes(100) });
    closedLoop(equal, 30, 3_000);
    for (const count of Object.values(equal.counts())) {
      assert.ok(Math.abs(count - 1_000) < 100, `${count}`);
    }
    const weighted = world({ a: takes(100), b: takes(100) }, [3, 1]);
    closedLoop(weighted, 40, 4_000);
    const { a = 0, b = 0 } = weighted.counts();
    assert.ok(a / b > 2.5 && a / b < 3.5, `${a}:${b}`);
  });

  it('leave a target that begins to fail after a few calls, and try it again later', () => {
    let dead = false;
    const w = world({
      a: () => (dead ? { failBeforeHead: 'CONNECT_FAILED' } : { headAfterMs: 100 }),
      b: takes(100),
    });
    closedLoop(w, 10, 500);
    dead = true;
    const before = w.upstream.calls.length;
    closedLoop(w, 10, 500);
    const { a = 0, b = 0 } = w.counts(before);
    assert.ok(a <= 3, `${a} calls went to the dead one`);
    assert.ok(b > 490);
    dead = false;
    const recovered = w.upstream.calls.length;
    w.clock.advance(30_000);
    closedLoop(w, 10, 500);
    assert.ok((w.counts(recovered)['a'] ?? 0) > 150);
  });

  it('leave nothing in flight, however they end', () => {
    const random = seededRandom(5);
    const scripts: readonly CallScript[] = [
      { headAfterMs: 10, chunks: ['x'] },
      { failBeforeHead: 'RESET' },
      { headAfterMs: 30, status: 503 },
      { chunks: ['x', { afterMs: 20, bytes: 'y' }], ending: 'STREAM_CUT' },
    ];
    const any = (): CallScript => scripts[Math.floor(random.next() * scripts.length)] ?? {};
    const w = world({ a: any, b: any, c: any });
    closedLoop(w, 20, 2_000);
    assert.deepEqual(
      w.loads.view(w.clock.now()).map(({ inFlight }) => inFlight),
      [0, 0, 0],
    );
  });
});
