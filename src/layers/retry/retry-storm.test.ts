import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '../../core/random.ts';
import type { Target } from '../../core/target.ts';
import type { RecordingSink } from '../../testing/recording-sink.ts';
import type { CallScript, ServiceScript } from '../../testing/scripted-service.ts';
import { testTarget } from '../../testing/test-call.ts';
import type { RetryBudgetOptions } from './options.ts';
import { errorEvent, EVENTS, RetryRig, stream, strict } from './retry.fixture.ts';

const NO_THROTTLE = { throttleTokens: 1e9 };

/** Sends calls at an even rate and waits for the last of them. */
function storm(
  script: ServiceScript,
  perSecond: number,
  seconds: number,
  budget: Partial<RetryBudgetOptions> = {},
): { rig: RetryRig; sinks: RecordingSink[] } {
  const rig = new RetryRig(script, {}, budget);
  const sinks: RecordingSink[] = [];
  for (let n = 0; n < perSecond * seconds; n += 1) {
    sinks.push(rig.send().sink);
    rig.clock.advance(1_000 / perSecond);
  }
  rig.clock.advance(120_000);
  return { rig, sinks };
}

describe('a dead upstream at 200 calls a second', () => {
  const dead = { status: 503, headAfterMs: 20 };

  it('gets no more attempts than a fifth above the calls, and the reserve', () => {
    for (const budget of [{}, NO_THROTTLE]) {
      const seconds = 20;
      const { rig, sinks } = storm(dead, 200, seconds, budget);
      const reserve = 10 + seconds;
      const most = 1.2 * sinks.length + reserve;
      assert.ok(rig.upstream.calls.length <= most, `${rig.upstream.calls.length} attempts`);
      assert.ok(sinks.every(({ status }) => status === 503));
      rig.assertNothingLeft();
    }
  });

  it('gets hardly any once the throttle has closed', () => {
    const { rig, sinks } = storm(dead, 200, 20);
    assert.ok(rig.upstream.calls.length < sinks.length + 20);
    assert.ok(rig.denied.includes('throttle'));
  });

  it('tells every caller not to go on', () => {
    const { sinks } = storm(dead, 200, 5);
    for (const { head } of sinks) assert.equal(head?.headers.get('x-should-retry'), 'false');
  });
});

describe('an upstream that fails now and then', () => {
  it('is made whole for callers', () => {
    const random = seededRandom(3);
    const { rig, sinks } = storm(
      () => ({ status: random.next() < 0.15 ? 529 : 204, headAfterMs: 50, endAfterMs: 3_000 }),
      20,
      100,
    );
    const seen = sinks.filter(({ status }) => status !== 204).length / sinks.length;
    assert.ok(seen < 0.01, `callers see ${seen}`);
    assert.ok(rig.upstream.calls.length <= 1.2 * sinks.length + 110);
    rig.assertNothingLeft();
  });
});

describe('the throttle', () => {
  const times = (count: number, script: CallScript): CallScript[] =>
    Array.from({ length: count }, () => script);

  /** Whether a failure that may be replaced is, after calls that had these answers. */
  function isOpenAfter(answers: readonly CallScript[]): boolean {
    const rig = new RetryRig([...answers, { status: 500 }], {}, { reservePerSecond: 1_000 });
    for (let n = 0; n < answers.length; n += 1) rig.send({ route: strict });
    rig.denied.length = 0;
    rig.send();
    return !rig.denied.includes('throttle');
  }

  it('closes after a few failures of any kind', () => {
    const failures: CallScript[] = [
      { status: 500 },
      { status: 500, headers: { 'x-should-retry': 'false' } },
      { failBeforeHead: 'RESET' },
      { headers: EVENTS, chunks: [errorEvent('overloaded_error')] },
    ];
    for (const failure of failures) {
      assert.equal(isOpenAfter(times(3, failure)), true, JSON.stringify(failure));
      assert.equal(isOpenAfter(times(4, failure)), false, JSON.stringify(failure));
    }
  });

  it('does not mind what is no failure of the upstream', () => {
    const others: CallScript[] = [
      { status: 404 },
      { status: 204 },
      { failBeforeHead: 'STALE_CONNECTION' },
      { failBeforeHead: 'NO_TARGET' },
      { headers: EVENTS, chunks: [errorEvent('invalid_request_error')] },
    ];
    for (const other of others) {
      assert.equal(isOpenAfter(times(20, other)), true, JSON.stringify(other));
    }
  });

  it('opens again with good answers of every kind', () => {
    const closed = times(6, { status: 500 });
    const noContent = 'event: message_stop\ndata: {"type":"message_stop"}\n\n';
    for (const good of [{ status: 204 }, stream, { headers: EVENTS, chunks: [noContent] }]) {
      assert.equal(isOpenAfter([...closed, ...times(4, good)]), false);
      assert.equal(isOpenAfter([...closed, ...times(5, good)]), true);
    }
  });
});

describe('retries that run at the same time', () => {
  it('are three, or a fifth of the calls in flight', () => {
    const rig = new RetryRig({ status: 529, headers: { 'retry-after': '30' } }, {}, NO_THROTTLE);
    for (let n = 0; n < 3; n += 1) rig.send();
    const { sink } = rig.send();
    rig.clock.advance(1_100);
    assert.equal(sink.status, 529);
    assert.equal(sink.head?.headers.get('x-should-retry'), 'false');
    assert.deepEqual(rig.denied, ['concurrency']);
    assert.deepEqual(rig.lent, [3, 3]);
    rig.clock.advance(120_000);
    rig.assertNothingLeft();
  });
});

describe('retries that wait for a moment', () => {
  it('do not keep others from being made, up to the budget', () => {
    const rig = new RetryRig([{ status: 503 }], {}, { ...NO_THROTTLE, ratio: 0 });
    for (let n = 0; n < 12; n += 1) rig.send();
    // The reserve of ten seconds, and not the three that may run at the same time.
    assert.deepEqual(rig.denied, ['budget', 'budget']);
    assert.deepEqual(rig.lent, [0, 10]);
    rig.clock.advance(60_000);
    rig.assertNothingLeft();
  });
});

describe('replays below it', () => {
  it('are asked of the budget of the same upstream, in every attempt', () => {
    const rig = new RetryRig([{ status: 500 }, stream]);
    const { call } = rig.send();
    rig.clock.advance(1_000);
    assert.equal(call.replays, undefined);
    const attempts = rig.upstream.calls;
    assert.equal(attempts.length, 2);
    const remaining = (): number => rig.budgets.view(rig.clock.now())[0]?.remaining ?? -1;
    const before = remaining();
    const now = rig.clock.now();
    for (const { call: attempt } of attempts) attempt.replays?.takeReplay(false, now, 'a:80');
    assert.equal(remaining(), before - 2);
  });
});

describe('a retry of the caller', () => {
  it('is paid for before ours', () => {
    const budget = { ...NO_THROTTLE, ratio: 0 };
    const rig = new RetryRig({ status: 204 }, {}, budget);
    const remaining = (): number => rig.budgets.view(rig.clock.now())[0]?.remaining ?? -1;
    rig.send({ headers: { 'x-stainless-retry-count': '0' } });
    assert.equal(remaining(), 10);
    rig.send({ headers: { 'x-stainless-retry-count': '2' } });
    assert.equal(remaining(), 9);
    for (let n = 0; n < 20; n += 1) rig.send({ headers: { 'x-stainless-retry-count': '1' } });
    assert.equal(remaining(), 0);
  });
});

describe('places that fail', () => {
  /** Two places of two upstreams; at the first one each attempt fails, at the other `second`. */
  function between(second: CallScript): RetryRig {
    const places = ['main', 'spare'].map((upstream, at) =>
      testTarget(81 + at, { upstream, tier: at }),
    );
    const rig = new RetryRig(
      (call) => {
        const place = places[call.attempt > 1 ? 1 : 0] as Target;
        call.timeline.upstream = place.upstream;
        call.timeline.endpoint = `${place.endpoint.host}:${place.endpoint.port}`;
        return call.attempt > 1 ? second : { status: 500 };
      },
      {},
      { ratio: 1 },
    );
    for (let n = 0; n < 50; n += 1) {
      rig.send({ route: { upstream: 'main', targets: places } });
      rig.clock.advance(10_000);
    }
    return rig;
  }

  it('keep no call from one that is well, however often they do', () => {
    const rig = between(stream);
    assert.deepEqual(rig.denied, []);
    assert.equal(rig.upstream.calls.length, 100);
  });

  it('are left in peace where all of them do', () => {
    const rig = between({ status: 500 });
    assert.ok(rig.denied.includes('throttle'));
    assert.ok(rig.upstream.calls.length < 70, `${rig.upstream.calls.length} attempts`);
  });
});
