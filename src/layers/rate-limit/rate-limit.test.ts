import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Service } from '../../core/layer.ts';
import { byHand } from '../../testing/scripted-service.ts';
import { VirtualClock } from '../../testing/virtual-clock.ts';
import { MemoryQuotas } from './memory-quotas.ts';
import { defaultRateLimitOptions } from './options.ts';
import type { CallerQuotas } from './quota.ts';
import { quotaWorld, testCaller } from './rate-limit.fixture.ts';
import { rateLimitLayer } from './rate-limit.ts';

const perSecond = (count: number) => ({ count, perMs: 1_000 });
const perMinute = (count: number) => ({ count, perMs: 60_000 });

describe('the rate-limit layer without quotas', () => {
  it('is the next service itself', () => {
    const next: Service = () => {};
    const deps = { clock: new VirtualClock(), store: new MemoryQuotas(), quotasOf: () => ({}) };
    const none = rateLimitLayer(deps, { ...defaultRateLimitOptions, hasQuotas: false });
    assert.equal(none.wrap(next), next);
    assert.notEqual(rateLimitLayer(deps).wrap(next), next);
  });

  it('passes a caller without quotas on untouched and remembers nothing of it', () => {
    for (const quotas of [undefined, {}, { key: undefined }]) {
      const { send, store, upstream } = quotaWorld(quotas, { chunks: ['x'] });
      const { call, sink } = send();
      assert.equal(upstream.last.call, call);
      assert.equal(sink.text, 'x');
      assert.equal(store.size, 0);
    }
  });
});

describe('a quota of requests', () => {
  it('lets the burst through and then tells exactly when to come back', () => {
    const { send, clock, upstream, events } = quotaWorld({
      key: { requests: perMinute(60), burst: 3 },
    });
    for (let sent = 0; sent < 3; sent += 1) assert.equal(send().sink.status, 200);
    const { sink } = send();
    assert.deepEqual(sink.story, ['fail QUOTA_EXCEEDED']);
    assert.equal(sink.error?.status, 429);
    assert.equal(sink.error?.retryAfterMs, 1_000);
    assert.equal(sink.error?.shouldRetry, undefined);
    assert.match(sink.error?.message ?? '', /Key "ci" may make 60 calls per minute\.$/);
    assert.deepEqual(events, ['refused key ci requests']);
    assert.equal(upstream.calls.length, 3);
    clock.advance(999);
    assert.equal(send().sink.error?.retryAfterMs, 1);
    clock.advance(1);
    assert.equal(send().sink.status, 200);
    assert.equal(send().sink.error?.retryAfterMs, 1_000);
  });

  it('without a burst lets a tenth of it through at once, or one', () => {
    for (const [count, burst] of [
      [100, 10],
      [5, 1],
    ] as const) {
      const { send } = quotaWorld({ key: { requests: perMinute(count) } });
      const statuses = Array.from({ length: burst + 1 }, () => send().sink.status);
      assert.deepEqual(statuses, [...Array<number>(burst).fill(200), 0]);
    }
  });

  it('takes nothing from whoever is refused', () => {
    const { send, clock } = quotaWorld({ key: { requests: perSecond(1), burst: 1 } });
    assert.equal(send().sink.status, 200);
    for (let asked = 0; asked < 20; asked += 1) assert.equal(send().sink.status, 0);
    clock.advance(1_000);
    assert.equal(send().sink.status, 200);
  });

  it('is that of the key alone, or that of all keys of a tenant together', () => {
    const one = { requests: perMinute(1), burst: 1 };
    const ofKeys = quotaWorld({ key: one });
    const ofTenant = quotaWorld({ tenant: one });
    const statuses = ({ send }: typeof ofKeys): number[] =>
      ['ci', 'dev', 'ci'].map((name) => send({ caller: testCaller(name) }).sink.status);
    assert.deepEqual(statuses(ofKeys), [200, 200, 0]);
    assert.deepEqual(statuses(ofTenant), [200, 0, 0]);
    assert.deepEqual(ofTenant.events, ['refused tenant qa requests', 'refused tenant qa requests']);
  });

  it('charges neither key nor tenant when one of them refuses', () => {
    const { send, store, clock } = quotaWorld({
      key: { requests: perMinute(60), burst: 10 },
      tenant: { requests: perMinute(60), burst: 1 },
    });
    for (let sent = 0; sent < 5; sent += 1) send();
    const left = store.view(clock.now()).map(({ name, requestsLeft }) => [name, requestsLeft]);
    assert.deepEqual(left, [
      ['qa', 0],
      ['ci', 9],
    ]);
    const other = quotaWorld({
      key: { requests: perMinute(60), burst: 1 },
      tenant: { requests: perMinute(60), burst: 10 },
    });
    for (let sent = 0; sent < 5; sent += 1) other.send();
    assert.equal(other.store.view(other.clock.now())[0]?.requestsLeft, 9);
  });

  it('tells the longest of all waits', () => {
    const { send, clock, events } = quotaWorld({
      key: { requests: perSecond(1), burst: 1 },
      tenant: { requests: perMinute(10), burst: 1 },
    });
    send();
    const { sink } = send();
    assert.equal(sink.error?.retryAfterMs, 6_000);
    assert.match(sink.error?.message ?? '', /Tenant "qa" may make 10 calls per minute/);
    assert.deepEqual(events, ['refused tenant qa requests']);
    clock.advance(6_000);
    assert.equal(send().sink.status, 200);
  });

  it('asks callers not to repeat by themselves when the wait is long', () => {
    const { send } = quotaWorld({ key: { requests: { count: 1, perMs: 3_600_000 } } });
    send();
    const { sink } = send();
    assert.equal(sink.error?.retryAfterMs, 3_600_000);
    assert.equal(sink.error?.shouldRetry, false);
    assert.match(sink.error?.message ?? '', /1 calls per hour/);
  });

  it('needs no sink of its own', () => {
    const seen: unknown[] = [];
    const quotas: CallerQuotas = { key: { requests: perMinute(60) } };
    const deps = { clock: new VirtualClock(), store: new MemoryQuotas(), quotasOf: () => quotas };
    const service = rateLimitLayer(deps).wrap((_call, sink) => void seen.push(sink));
    const { call, sink } = quotaWorld(undefined).send();
    service(call, sink);
    assert.equal(seen[0], sink);
  });
});

describe('a quota of running calls', () => {
  const quotas: CallerQuotas = { key: { concurrent: 2 }, tenant: { concurrent: 3 } };

  it('counts each to its last byte', () => {
    const { send, upstream, running, events } = quotaWorld(quotas, byHand);
    send();
    send();
    const { sink } = send();
    assert.equal(sink.error?.code, 'QUOTA_EXCEEDED');
    assert.equal(sink.error?.retryAfterMs, 1_000);
    assert.match(sink.error?.message ?? '', /Key "ci" has 2 calls running/);
    assert.deepEqual(events, ['refused key ci concurrency']);
    upstream.calls[0]?.start();
    upstream.calls[0]?.chunk('x');
    assert.equal(running(), 2);
    assert.equal(send().sink.isOver, true);
    upstream.calls[0]?.end();
    assert.equal(running(), 1);
    assert.equal(send().sink.isOver, false);
  });

  it('counts the keys of a tenant together', () => {
    const { send, running } = quotaWorld(quotas, byHand);
    send();
    send();
    assert.equal(send({ caller: testCaller('dev') }).sink.isOver, false);
    const { sink } = send({ caller: testCaller('dev') });
    assert.match(sink.error?.message ?? '', /Tenant "qa" has 3 calls running/);
    assert.equal(running('tenant'), 3);
    assert.equal(running('key'), 2);
  });

  it('does not count who was refused by another rule', () => {
    const { send, running } = quotaWorld(
      { key: { concurrent: 5, requests: perMinute(60), burst: 1 } },
      byHand,
    );
    send();
    assert.equal(send().sink.error?.code, 'QUOTA_EXCEEDED');
    assert.equal(running(), 1);
  });
});
