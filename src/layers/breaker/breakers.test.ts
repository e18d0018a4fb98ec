import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '../../core/random.ts';
import { testCall, testEndpoint, testTarget } from '../../testing/test-call.ts';
import { VirtualClock } from '../../testing/virtual-clock.ts';
import type { BreakerObserver } from './breaker-observer.ts';
import { Breakers } from './breakers.ts';
import { FirstByteHistory } from './first-byte-history.ts';
import { defaultBreakerOptions, defaultSlowRule } from './options.ts';
import type { BreakerOptions } from './options.ts';
import type { Breaker } from './place.ts';

const failure = { throttled: false, unreachable: false, retryAfterMs: 0 };
const unreachable = { ...failure, unreachable: true };
const target = testTarget(9);
const { endpoint } = target;

function rig(options: Partial<BreakerOptions> = {}) {
  const clock = new VirtualClock(0);
  const story: string[] = [];
  const observer: BreakerObserver = {
    opened: ({ scope, credential }, reason) => story.push(`${scope} ${credential} ${reason}`),
    halfOpened: ({ scope }) => story.push(`${scope} half-open`),
    closed: ({ scope }) => story.push(`${scope} closed`),
    refused: (key) => story.push(`refused ${key}`),
  };
  const deps = { clock, random: seededRandom(1), observer };
  const breakers = new Breakers(deps, { ...defaultBreakerOptions, ...options });
  return { clock, story, breakers };
}

function trip({ own }: Breaker, how: typeof failure = failure): void {
  for (let count = 0; count < 5; count += 1) own.failed(own.epoch, 0, how);
}

function recover({ own }: Breaker, now: number): void {
  for (let count = 0; count < 4; count += 1) {
    own.admit(now);
    own.answered(own.epoch, now, false);
  }
}

describe('the registry of breakers', () => {
  it('as a gate knows when a target is open again, and makes no circuit by being asked', () => {
    const { breakers } = rig();
    const call = testCall();
    assert.equal(breakers.opensAt(target, call, 0), 0);
    assert.equal(breakers.size, 0);
    const breaker = breakers.at(endpoint, 'completion', '');
    trip(breaker);
    const opensAt = breakers.opensAt(target, call, 0);
    assert.ok(opensAt >= 5_000 && opensAt <= 10_000);
    assert.equal(breakers.opensAt(target, testCall({ fingerprint: 'other' }), 0), 0);
    breaker.address.failed(0, 0, unreachable);
    for (let count = 0; count < 4; count += 1) breaker.address.failed(0, 0, unreachable);
    assert.ok(breakers.opensAt(target, testCall({ fingerprint: 'other' }), 0) > 0);
  });

  it('asks for the credential of the target, not that of the whole route', () => {
    const { breakers } = rig();
    const own = testTarget(9, { route: { credential: 'ours' } });
    trip(breakers.at(endpoint, 'completion', 'ours'));
    assert.ok(breakers.opensAt(own, testCall({ fingerprint: 'theirs' }), 0) > 0);
  });

  it('can be overruled on answers, never on a place that cannot be reached', () => {
    const { breakers } = rig();
    const breaker = breakers.at(endpoint, 'completion', '');
    trip(breaker);
    assert.equal(breakers.mayOverrule(target), true);
    for (let count = 0; count < 5; count += 1) breaker.address.failed(0, 0, unreachable);
    assert.equal(breakers.mayOverrule(target), false);
  });

  it('says since when a place is back, and whether it is trusted', () => {
    const { breakers } = rig();
    const call = testCall();
    assert.equal(breakers.recoveredAt(target, call), Number.NEGATIVE_INFINITY);
    const breaker = breakers.at(endpoint, 'completion', '');
    assert.equal(breakers.isClosed(call), true);
    trip(breaker);
    assert.equal(breakers.isClosed(call), false);
    recover(breaker, 50_000);
    assert.equal(breakers.isClosed(call), true);
    assert.equal(breakers.recoveredAt(target, call), 50_000);
  });

  it('is bounded, and forgets open circuits last', () => {
    const { breakers } = rig({ circuitsMax: 64 });
    trip(breakers.at(endpoint, 'completion', 'tripped'));
    const busy = breakers.at(endpoint, 'completion', 'busy');
    for (let count = 0; count < 1_000; count += 1) {
      breakers.at(endpoint, 'completion', `c${count}`);
      assert.equal(breakers.at(endpoint, 'completion', 'busy'), busy);
      assert.ok(breakers.size <= 64);
    }
    const known = breakers.view(1_000).map(({ credential }) => credential);
    for (const credential of ['tripped', 'busy', 'c999']) assert.ok(known.includes(credential));
    assert.equal(known.includes('c0'), false);
  });

  it('forgets endpoints that are configured no more', () => {
    const { breakers } = rig();
    breakers.at(endpoint, 'completion', '');
    breakers.at(testEndpoint(10), 'other', '');
    breakers.retain(new Set([endpoint.key]));
    assert.equal(breakers.size, 1);
    assert.deepEqual(
      breakers.view().map(({ endpoint: key }) => key),
      [endpoint.key, endpoint.key],
    );
  });

  it('lets a connection speak only for places that could not be reached', () => {
    const { clock, breakers } = rig();
    const broken = breakers.at(endpoint, 'completion', 'broken');
    const lost = breakers.at(endpoint, 'completion', 'lost');
    trip(broken);
    trip(lost, unreachable);
    clock.advance(100);
    assert.equal(breakers.isEjected(endpoint.key), true);
    breakers.mayProbeNow(endpoint.key, 'connects');
    assert.equal(lost.opensAt(100), 0);
    assert.ok(broken.opensAt(100) > 0);
    breakers.mayProbeNow(endpoint.key, 'answers');
    assert.equal(broken.opensAt(100), 0);
    assert.equal(breakers.stateOf(endpoint.key), 'open', 'only calls close a circuit');
    assert.equal(breakers.isEjected(endpoint.key), false, 'nothing waits any more');
  });

  it('tells what happens, by name', () => {
    const { story, breakers } = rig();
    const breaker = breakers.at(endpoint, 'other', 'key');
    trip(breaker);
    assert.equal(breakers.stateOf(endpoint.key), 'open');
    recover(breaker, 50_000);
    assert.equal(breakers.stateOf(endpoint.key), 'closed');
    assert.deepEqual(story, ['other key consecutive', 'other half-open', 'other closed']);
  });
});

describe('the slow rule', () => {
  it('calls slow what takes three times the p95 of the hour, and at least 10 s', () => {
    const { breakers } = rig({ slow: defaultSlowRule });
    const rest = breakers.at(endpoint, 'other', '');
    for (let count = 0; count < 49; count += 1) rest.isSlow(count, count + 5_000);
    assert.equal(rest.isSlow(0, 60_000), false, 'too few samples');
    const later = 80_000;
    assert.equal(rest.isSlow(later - 14_000, later), false);
    assert.equal(rest.isSlow(later - 18_500, later), true);
  });

  it('does not judge completions, nor calls that were answered before they were sent', () => {
    const { breakers } = rig({ slow: defaultSlowRule });
    const rest = breakers.at(endpoint, 'other', '');
    for (let count = 0; count < 100; count += 1) rest.isSlow(0, 10);
    assert.equal(rest.isSlow(0, 60_000), true);
    assert.equal(rest.isSlow(-1, 60_000), false);
    assert.equal(breakers.at(endpoint, 'completion', '').isSlow(0, 60_000), false);
  });

  it('remembers an hour', () => {
    const history = new FirstByteHistory();
    for (let count = 0; count < 100; count += 1) history.record(1_000, 0);
    assert.equal(history.p95(20_000), 2 ** 10);
    for (let count = 0; count < 100; count += 1) history.record(10, 3_500_000);
    assert.equal(history.p95(3_500_000), 2 ** 10);
    const forgotten = history.p95(3_620_000) ?? 0;
    assert.ok(forgotten >= 10 && forgotten < 12);
    assert.equal(history.p95(9_000_000), undefined);
  });
});
