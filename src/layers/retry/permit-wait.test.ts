import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CallError } from '../../core/errors.ts';
import type { CallScript } from '../../testing/scripted-service.ts';
import { errorEvent, EVENTS, RetryRig, stream } from './retry.fixture.ts';

const sick: CallScript = { status: 529, chunks: ['Too much'] };
/** Refuses, and never comes to its end. */
const stalled: CallScript = { status: 529, chunks: ['Too'], ending: 'never' };
const slowly = (headAfterMs: number): CallScript => ({ ...stream, headAfterMs });
/** Only the number of those that run keeps a retry from being made. */
const BUDGET = { concurrentMin: 1, concurrentShare: 0, throttleTokens: 1e9 };
/** No wait that is drawn, so that all waiting here is for a place. */
const AT_ONCE = { brokenBaseMs: 0, refusedBaseMs: 0 };

/** One call whose retry takes this long, and a second one that has to wait for it. */
function crowded(retryMs: number, second: CallScript = sick, options: object = {}) {
  const script = [sick, slowly(retryMs), second, stream];
  const rig = new RetryRig(script, { ...AT_ONCE, ...options }, BUDGET);
  const first = rig.send();
  rig.clock.advance(1);
  const other = rig.send();
  return { rig, first: first.sink, sink: other.sink, call: other.call };
}

describe('a retry for which too many others run', () => {
  const failures: Readonly<Record<string, CallScript>> = {
    'a refusal': sick,
    'an error event': { headers: EVENTS, chunks: [errorEvent('overloaded_error')] },
    'a reset': { failBeforeHead: 'RESET' },
    'a break inside a refusal': { status: 529, chunks: ['Too'], ending: 'RESET' },
    'a break before any content': { headers: EVENTS, ending: 'STREAM_CUT' },
  };
  for (const [what, failure] of Object.entries(failures)) {
    it(`is made as soon as there is a place: after ${what}`, () => {
      const { rig, first, sink, call } = crowded(300, failure);
      rig.clock.advance(200);
      assert.equal(sink.isOver, false);
      rig.clock.advance(200);
      assert.equal(sink.status, 200);
      assert.ok(sink.ended && first.ended);
      assert.equal(call.timeline.backoffMs >= 299, true);
      assert.deepEqual(rig.denied, []);
      rig.assertNothingLeft();
    });
  }

  it('waits for a second, and then its caller sees how it failed', () => {
    const { rig, sink } = crowded(5_000);
    rig.clock.advance(990);
    assert.equal(sink.isOver, false);
    rig.clock.advance(50);
    assert.equal(sink.status, 529);
    assert.equal(sink.text, 'Too much');
    assert.equal(sink.ended, true);
    assert.equal(sink.head?.headers.get('x-should-retry'), 'false');
    assert.deepEqual(rig.denied, ['concurrency']);
    rig.clock.advance(5_000);
    rig.assertNothingLeft();
  });

  it('waits for a second, and then its caller is told of an error that had no words', () => {
    const { rig, sink } = crowded(5_000, { failBeforeHead: 'RESET' });
    rig.clock.advance(1_040);
    assert.equal(sink.error?.code, 'RESET');
    assert.equal(sink.error?.shouldRetry, false);
    assert.deepEqual(rig.denied, ['concurrency']);
    rig.clock.advance(5_000);
    rig.assertNothingLeft();
  });

  it('counts its failure once, however often it asks', () => {
    const script: CallScript[] = [sick, slowly(5_000), { failBeforeHead: 'RESET' }, stream];
    const rig = new RetryRig(script, AT_ONCE, { ...BUDGET, throttleTokens: 10 });
    rig.send();
    rig.clock.advance(1);
    rig.send();
    rig.clock.advance(1_100);
    // Two failures of five: with one counted for each time it asked, this were the throttle.
    assert.deepEqual(rig.denied, ['concurrency']);
    rig.clock.advance(5_000);
    rig.assertNothingLeft();
  });

  it('ends at once when its caller leaves', () => {
    for (const failure of [sick, stalled, { failBeforeHead: 'RESET' } as const]) {
      const { rig, sink, call } = crowded(5_000, failure);
      rig.clock.advance(failure === stalled ? 1_200 : 100);
      call.cancellation.cancel(new CallError('CALLER_GONE'));
      assert.equal(sink.error?.code, 'CALLER_GONE');
      assert.equal(rig.upstream.calls.length, 3);
      rig.clock.advance(5_000);
      rig.assertNothingLeft();
    }
  });

  it('is given up at once where another reason comes up', () => {
    const { rig, sink } = crowded(5_000, sick);
    rig.clock.advance(100);
    const budget = rig.budgets.of('test-upstream');
    for (let n = 0; n < 1_000; n += 1) budget.callerRetried(rig.clock.now());
    rig.clock.advance(40);
    assert.equal(sink.status, 529);
    assert.deepEqual(rig.denied, ['budget']);
    rig.clock.advance(5_000);
    rig.assertNothingLeft();
  });

  it('is made when there is a place, though the refusal it waits behind has stalled', () => {
    const { rig, sink } = crowded(1_500, stalled);
    rig.clock.advance(1_200);
    assert.equal(sink.isOver, false);
    assert.equal(sink.status, 0);
    rig.clock.advance(600);
    assert.equal(sink.status, 200);
    assert.deepEqual(rig.denied, []);
    rig.clock.advance(5_000);
    rig.assertNothingLeft();
  });

  it('is not waited for longer where the refusal itself goes on and on', () => {
    const endless: CallScript = {
      status: 529,
      chunks: ['Too', { afterMs: 3_000, bytes: ' much' }],
    };
    const { rig, sink } = crowded(60_000, endless);
    rig.clock.advance(2_300);
    assert.equal(sink.status, 529);
    assert.deepEqual(rig.denied, ['concurrency']);
    rig.clock.advance(120_000);
    assert.equal(sink.ended, true);
    rig.assertNothingLeft();
  });

  it('is not waited for where options say so', () => {
    const { rig, sink } = crowded(5_000, sick, { permitWaitMs: 0 });
    assert.equal(sink.status, 529);
    rig.clock.advance(5_000);
    rig.assertNothingLeft();
  });
});
