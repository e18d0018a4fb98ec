// What is left of an attempt that was replaced: nothing that could be taken for the next one's.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checked } from '../../core/checked.ts';
import { CallError } from '../../core/errors.ts';
import { judged } from '../../core/judged.ts';
import { stack } from '../../core/layer.ts';
import type { Layer } from '../../core/layer.ts';
import { seededRandom } from '../../core/random.ts';
import { Sweep } from '../../core/sweep.ts';
import { anthropicDialect } from '../../dialects/anthropic.ts';
import { RecordingSink } from '../../testing/recording-sink.ts';
import { ScriptedService } from '../../testing/scripted-service.ts';
import type { CallScript } from '../../testing/scripted-service.ts';
import { testCall } from '../../testing/test-call.ts';
import { VirtualClock } from '../../testing/virtual-clock.ts';
import { RetryBudgets } from './retry-budgets.ts';
import { EVENTS, errorEvent, opening, RetryRig } from './retry.fixture.ts';
import { retryLayer } from './retry.ts';
import { scanning } from './scanning.fixture.ts';

const overloaded: CallScript = { headers: EVENTS, chunks: [errorEvent('overloaded_error')] };

/** The layer above others, and a call on its way; `send` may throw. */
function loopOver(script: CallScript, layersBelow: (clock: VirtualClock) => readonly Layer[]) {
  const clock = new VirtualClock();
  const sweep = new Sweep(clock);
  const upstream = new ScriptedService(clock, script);
  const budgets = new RetryBudgets();
  const loop = retryLayer({ clock, random: seededRandom(5), sweep, budgets });
  const layers = [loop, ...layersBelow(clock), scanning];
  const service = stack(layers, upstream.service, { between: checked });
  const sink = new RecordingSink();
  const call = testCall({ route: { dialect: anthropicDialect, replay: 'idle-race' } });
  return { clock, sweep, upstream, budgets, sink, send: () => service(call, sink) };
}

describe('an answer that was replaced', () => {
  it('is not what the next attempt is judged by when that ends before it is sent', () => {
    const outcomes: string[] = [];
    const withoutSecondToken: Layer = {
      name: 'credentials',
      wrap: (next) => (call, sink) => {
        if (call.attempt === 1) next(call, sink);
        else sink.fail(new CallError('CREDENTIALS_UNAVAILABLE'));
      },
    };
    const { clock, sink, send } = loopOver(overloaded, (judgeClock) => {
      const over = ({ kind }: { kind: string }): void => void outcomes.push(kind);
      const judging: Layer = {
        name: 'breaker',
        wrap: (next) => (call, up) =>
          next(call, judged(call, up, judgeClock, { answered() {}, over })),
      };
      return [judging, withoutSecondToken];
    });
    send();
    clock.advance(10_000);
    assert.equal(sink.error?.code, 'CREDENTIALS_UNAVAILABLE');
    assert.deepEqual(outcomes, ['overloaded', 'ignored']);
  });

  it('means nothing to whoever ends the call between two attempts', () => {
    const begun = { headers: EVENTS, chunks: [...opening, errorEvent('overloaded_error')] };
    const rig = new RetryRig(begun);
    const { call, sink } = rig.send();
    assert.equal(rig.upstream.last.over, true);
    assert.equal(call.timeline.progress, undefined);
    assert.ok(call.timeline.backoffSince >= 0, 'what it waits in is known');
    call.cancellation.cancel(new CallError('DRAINING'));
    assert.deepEqual(sink.story, ['fail DRAINING']);
    rig.assertNothingLeft();
  });
});

describe('a defect behind the failure of an attempt', () => {
  it('ends the wait for the next one', () => {
    const broken: Layer = {
      name: 'balance',
      wrap: (next) => (call, sink) => {
        next(call, sink);
        throw new Error('bug');
      },
    };
    const { clock, sweep, upstream, budgets, sink, send } = loopOver({ status: 500 }, () => [
      broken,
    ]);
    assert.throws(send, /bug/);
    assert.deepEqual(sink.story, ['fail BUG']);
    assert.equal(sweep.size, 0);
    clock.advance(100);
    assert.equal(clock.nextTimerInMs, undefined);
    assert.equal(upstream.calls.length, 1);
    const [{ running, retrying } = { running: NaN, retrying: NaN }] = budgets.view(clock.now());
    assert.deepEqual([running, retrying], [0, 0]);
  });
});
