import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RouteKind } from '../../core/route.ts';
import { testEndpoint, testRoute, testTarget } from '../../testing/test-call.ts';
import { VirtualClock } from '../../testing/virtual-clock.ts';
import { FirstByteTimes } from './first-byte-times.ts';

function rig() {
  const clock = new VirtualClock(0);
  const times = new FirstByteTimes({ clock });
  const fill = (port: number, ms: number, kind: RouteKind = 'completion', samples = 50) => {
    const { key } = testEndpoint(port);
    for (let at = 0; at < samples; at += 1) times.record(key, kind, ms, clock.now());
  };
  return { clock, times, fill };
}

const near = (actual: number | undefined, ms: number): void => {
  assert.ok(actual !== undefined && actual >= ms && actual < ms * 1.05, `${actual} for ${ms}`);
};

describe('the registry of first-byte times', () => {
  it('answers for the one endpoint of an attempt', () => {
    const { times, fill } = rig();
    fill(9, 400);
    near(times.firstByteP50(testRoute()), 400);
  });

  it('answers for the first tier of a route by its fastest endpoint', () => {
    const { times, fill } = rig();
    fill(1, 800);
    fill(2, 300);
    fill(3, 20);
    const targets = [testTarget(1), testTarget(2), testTarget(3, { tier: 1 }), testTarget(4)];
    near(times.firstByteP50(testRoute({ targets, endpoints: [testEndpoint(3)] })), 300);
  });

  it('keeps completions and everything else apart', () => {
    const { times, fill } = rig();
    fill(9, 9_000, 'completion');
    fill(9, 20, 'other');
    near(times.firstByteP50(testRoute({ kind: 'completion' })), 9_000);
    near(times.firstByteP50(testRoute({ kind: 'other' })), 20);
  });

  it('knows nothing of places without enough samples, or of routes without a place', () => {
    const { times, fill } = rig();
    fill(9, 100, 'completion', 19);
    assert.equal(times.firstByteP50(testRoute()), undefined);
    assert.equal(times.firstByteP50(testRoute({ endpoints: [] })), undefined);
  });

  it('forgets endpoints that are no longer configured', () => {
    const { times, fill } = rig();
    fill(1, 100);
    fill(2, 100);
    times.retain(new Set([testEndpoint(2).key]));
    assert.deepEqual(
      times.view().map(({ endpoint }) => endpoint),
      [testEndpoint(2).key],
    );
  });

  it('is bounded, and gives up the endpoint it has known longest', () => {
    const { times } = rig();
    for (let at = 0; at <= 1_024; at += 1) times.record(`http://e${at}`, 'other', 5, 0);
    assert.equal(times.size, 1_024);
    assert.equal(times.at('http://e0', 'other'), undefined);
    assert.equal(times.at('http://e1024', 'other')?.samples, 1);
  });

  it('lists what it knows without disturbing the limit that is in use', () => {
    const { clock, times, fill } = rig();
    fill(9, 100);
    const window = times.at(testEndpoint(9).key, 'completion');
    const p99 = window?.p99(clock.now());
    clock.advance(600_000);
    const [row] = times.view();
    assert.deepEqual(row, {
      endpoint: testEndpoint(9).key,
      kind: 'completion',
      samples: 0,
      p50Ms: undefined,
      p99Ms: p99,
    });
  });
});
