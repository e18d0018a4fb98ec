// What is reserved and taken is settled once, on every way out of a call.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Progress } from '../../core/dialect.ts';
import { CallError } from '../../core/errors.ts';
import { byHand, testHead } from '../../testing/scripted-service.ts';
import { quotaWorld, report } from './rate-limit.fixture.ts';
import type { QuotaWorld } from './rate-limit.fixture.ts';

/** No refill within a test: what is left shows what was taken. */
const budget = { count: 100_000, perMs: 86_400_000 };
const both = { key: { tokens: budget, concurrent: 9 }, tenant: { tokens: budget, concurrent: 9 } };
/** 100 tokens of prompt, 400 of answer. */
const body = `{"max_tokens":400,"m":"${'x'.repeat(400 - 25)}"}`;
const events = { 'content-type': 'text/event-stream; charset=utf-8' };

type Ending = (world: QuotaWorld, call: ReturnType<QuotaWorld['send']>['call']) => void;

const streamed = (world: QuotaWorld): void => {
  world.upstream.last.start(testHead(200, events));
  world.upstream.last.chunk('data: x\n\n');
};

/** The head that the gateway gives a caller who has waited for long. */
function early(world: QuotaWorld): void {
  const { last } = world.upstream;
  last.start({ ...testHead(200, events), provisional: true });
  last.chunk(': hb\n');
  last.call.timeline.firstByteAt = -1;
}

function means(progress: Partial<Progress>): Ending {
  return (world, call) => {
    streamed(world);
    report(call, progress);
  };
}

describe('tokens', () => {
  const endings: readonly (readonly [name: string, used: number, ending: Ending])[] = [
    [
      'are charged as reported when the answer ends',
      57,
      (world, call) => {
        means({ inputTokens: 50, outputTokens: 7, terminal: true })(world, call);
        world.upstream.last.end();
      },
    ],
    [
      'beyond the reservation are charged too',
      50_070,
      (world, call) => {
        means({ inputTokens: 70, outputTokens: 50_000, terminal: true })(world, call);
        world.upstream.last.end();
      },
    ],
    [
      'are the prompt and an event each when a stream ends without a report',
      103,
      (world, call) => {
        means({ contentEvents: 3, terminal: true })(world, call);
        world.upstream.last.end();
      },
    ],
    [
      'are the prompt and what came when a stream breaks off',
      103,
      (world, call) => {
        means({ contentEvents: 3 })(world, call);
        world.upstream.last.fail('STREAM_CUT');
      },
    ],
    [
      'are the prompt and what came when the caller leaves in the middle',
      105,
      (world, call) => {
        means({ inputTokens: 100, outputTokens: 1, contentEvents: 5 })(world, call);
        call.cancellation.cancel(new CallError('CALLER_GONE'));
      },
    ],
    [
      'of the prompt stay when the caller leaves before the answer',
      100,
      (_world, call) => call.cancellation.cancel(new CallError('CALLER_GONE')),
    ],
    [
      'of the prompt stay when no answer came in time',
      100,
      ({ upstream }) => upstream.last.fail('FIRST_BYTE_TIMEOUT'),
    ],
    [
      'are given back when nothing was sent',
      0,
      ({ upstream }, call) => {
        call.timeline.sentAt = -1;
        upstream.last.fail('CONNECT_FAILED');
      },
    ],
    [
      'are given back when a layer below refused',
      0,
      ({ upstream }, call) => {
        call.timeline.attempts = 0;
        upstream.last.fail('OVERLOADED');
      },
    ],
    [
      'are given back when the upstream refused',
      0,
      ({ upstream }) => {
        upstream.last.start(testHead(529, { 'content-type': 'application/json' }));
        upstream.last.chunk('{"type":"error"}');
        upstream.last.end();
      },
    ],
    [
      'are given back when nothing was sent, though a head of ours was',
      0,
      (world, call) => {
        early(world);
        call.timeline.sentAt = -1;
        world.upstream.last.fail('CONNECT_FAILED');
      },
    ],
    [
      'are given back when the upstream refused after a head of ours',
      0,
      (world, call) => {
        early(world);
        call.timeline.firstByteAt = world.clock.now();
        report(call, { isDocument: true, errorType: 'overloaded_error' });
        world.upstream.last.fail('UPSTREAM_REFUSED');
      },
    ],
    [
      'of the prompt stay when a good answer does not fit a head of ours',
      100,
      (world, call) => {
        early(world);
        call.timeline.firstByteAt = world.clock.now();
        report(call, { isDocument: true });
        world.upstream.last.fail('UPSTREAM_REFUSED');
      },
    ],
    [
      'are the prompt and what came when a stream breaks off after a head of ours',
      103,
      (world, call) => {
        early(world);
        call.timeline.firstByteAt = world.clock.now();
        report(call, { contentEvents: 3 });
        world.upstream.last.fail('STREAM_CUT');
      },
    ],
  ];
  for (const [name, used, ending] of endings) {
    it(name, () => {
      const world = quotaWorld(both, byHand);
      const { call, sink } = world.send({ body });
      assert.equal(world.tokensLeft('key'), budget.count - 500);
      assert.equal(world.tokensLeft('tenant'), budget.count - 500);
      assert.deepEqual([world.running('key'), world.running('tenant')], [1, 1]);
      ending(world, call);
      assert.equal(sink.isOver, true);
      for (const scope of ['key', 'tenant'] as const) {
        const left = world.tokensLeft(scope) ?? NaN;
        assert.ok(Math.abs(left - (budget.count - used)) < 1e-3, `${scope}: ${left}`);
        assert.equal(world.running(scope), 0);
      }
      assert.deepEqual(world.events, [`settled ci 500 ${used}`]);
    });
  }

  it('are given back when the answer came before the service returned', () => {
    const world = quotaWorld(both, { status: 503, chunks: ['no'] });
    world.send({ body });
    assert.ok((world.tokensLeft() ?? 0) > budget.count - 1e-3);
    assert.equal(world.running(), 0);
  });

  it('are given back when a layer below has a defect', () => {
    const world = quotaWorld(both, byHand, {
      terminal: () => {
        throw new Error('defect');
      },
    });
    assert.throws(() => world.send({ body }), /defect/);
    assert.deepEqual([world.running('key'), world.running('tenant')], [0, 0]);
    assert.ok((world.tokensLeft() ?? 0) > budget.count - 1e-3);
  });

  it('are settled once when a defect comes after the end', () => {
    const world = quotaWorld(both, byHand, {
      terminal: (_call, sink) => {
        sink.fail(new CallError('RESET'));
        throw new Error('defect');
      },
    });
    assert.throws(() => world.send({ body }), /defect/);
    assert.equal(world.running(), 0);
    assert.equal(world.events.length, 1);
  });
});

describe('a budget of tokens', () => {
  const minute = { count: 1_000, perMs: 60_000 };

  it('refuses who would need more than is left, exactly until it is there', () => {
    const world = quotaWorld({ key: { tokens: minute } }, byHand);
    world.send({ body });
    world.send({ body });
    const { sink } = world.send({ body });
    assert.equal(sink.error?.code, 'QUOTA_EXCEEDED');
    assert.equal(sink.error?.retryAfterMs, 30_000);
    assert.match(sink.error?.message ?? '', /may use 1000 tokens per minute.* may need 500\.$/);
    assert.deepEqual(world.events, ['refused key ci tokens']);
    world.clock.advance(29_999);
    assert.equal(world.send({ body }).sink.isOver, true);
    world.clock.advance(1);
    assert.equal(world.send({ body }).sink.isOver, false);
  });

  it('lets the next one in as soon as another has used less than it reserved', () => {
    const world = quotaWorld({ key: { tokens: minute } }, byHand);
    const { call } = world.send({ body });
    world.send({ body });
    assert.equal(world.send({ body }).sink.isOver, true);
    report(call, { inputTokens: 1, outputTokens: 1, terminal: true });
    const first = world.upstream.calls[0];
    first?.start();
    first?.chunk('x');
    first?.end();
    assert.equal(world.send({ body: '{"max_tokens":400}' }).sink.isOver, false);
  });

  it('lets a call larger than all of it in when it is full, and makes the rest a debt', () => {
    const world = quotaWorld({ key: { tokens: minute } }, byHand);
    const { call } = world.send({ body: '{"max_tokens":5000}' });
    assert.equal(world.upstream.calls.length, 1);
    assert.equal(world.tokensLeft(), 0);
    report(call, { inputTokens: 1_000, outputTokens: 2_000, terminal: true });
    world.upstream.last.start();
    world.upstream.last.chunk('x');
    world.upstream.last.end();
    assert.equal(world.tokensLeft(), -2_000);
    const { sink } = world.send({ body: '{"max_tokens":1}' });
    assert.equal(sink.error?.retryAfterMs, (2_000 + 5) * 60);
    assert.equal(sink.error?.shouldRetry, false);
  });

  it('does not refuse calls that are not for a model, but charges what they report', () => {
    const world = quotaWorld({ key: { tokens: minute } }, byHand);
    const other = { body, route: { kind: 'other' as const } };
    for (let sent = 0; sent < 10; sent += 1) world.send(other);
    assert.equal(world.upstream.calls.length, 10);
    world.upstream.last.start();
    world.upstream.last.chunk('a long answer');
    world.upstream.last.end();
    assert.equal(world.tokensLeft(), 1_000);
    const { call } = world.send(other);
    report(call, { inputTokens: 40, outputTokens: 2, terminal: true });
    world.upstream.last.start();
    world.upstream.last.chunk('x');
    world.upstream.last.end();
    assert.equal(world.tokensLeft(), 958);
    assert.deepEqual(world.events, ['settled ci 0 42']);
  });

  it('gives back at the rate at which was taken, whatever a reload has changed', () => {
    const world = quotaWorld({ key: { tokens: minute } }, byHand);
    world.send({ body });
    const account = world.store.account('key', 'ci');
    account.quota = { tokens: { count: 10, perMs: 60_000 } };
    world.upstream.last.call.timeline.sentAt = -1;
    world.upstream.last.fail('CONNECT_FAILED');
    assert.equal(account.tokens.left(minute, minute.count, world.clock.now()), 1_000);
  });
});
