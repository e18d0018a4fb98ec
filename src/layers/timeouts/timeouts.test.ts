import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checked } from '../../core/checked.ts';
import { CallError } from '../../core/errors.ts';
import { stack } from '../../core/layer.ts';
import type { Service } from '../../core/layer.ts';
import { BufferBudget, ReplayBody } from '../../core/replay-body.ts';
import type { BodyReader } from '../../core/replay-body.ts';
import { Sweep } from '../../core/sweep.ts';
import { RecordingSink } from '../../testing/recording-sink.ts';
import { ScriptedService, byHand } from '../../testing/scripted-service.ts';
import type { ServiceScript } from '../../testing/scripted-service.ts';
import { testCall, testLimits } from '../../testing/test-call.ts';
import { VirtualClock } from '../../testing/virtual-clock.ts';
import { timeoutsLayer } from './timeouts.ts';

function rig(script: ServiceScript) {
  const clock = new VirtualClock();
  const sweep = new Sweep(clock);
  const upstream = new ScriptedService(clock, script);
  const service = stack([timeoutsLayer({ sweep })], upstream.service, { between: checked });
  const sink = new RecordingSink({ now: () => clock.now() });
  const call = testCall();
  service(call, sink);
  return { clock, sweep, upstream, sink, call };
}

describe('the timeouts layer', () => {
  it('cancels the attempt, not the call, when a phase has lasted too long', () => {
    const { clock, upstream, sink, call } = rig(byHand);
    clock.advance(testLimits.firstByteMs + 200);
    assert.equal(sink.error?.code, 'FIRST_BYTE_TIMEOUT');
    assert.equal(upstream.last.cancelledWith?.code, 'FIRST_BYTE_TIMEOUT');
    assert.equal(call.cancellation.reason, undefined);
  });

  it('strikes within one sweep of the limit', () => {
    const { clock, sink } = rig(byHand);
    clock.advance(testLimits.firstByteMs);
    assert.equal(sink.isOver, false);
    clock.advance(101);
    assert.equal(sink.isOver, true);
  });

  it('lets a stream live far beyond the total while it produces', () => {
    const chunks = Array.from({ length: 400 }, () => ({ afterMs: 1_000, bytes: 'x' }));
    const { clock, sink } = rig({ chunks });
    clock.advance(401_000);
    assert.equal(sink.ended, true);
    assert.equal(sink.body.length, 400);
  });

  it("does not count a caller's rest amid its upload as the upstream's once more has come", () => {
    const clock = new VirtualClock();
    const service = stack([timeoutsLayer({ sweep: new Sweep(clock) })], takingOnePiece(clock));
    const body = new ReplayBody(-1, 100, new BufferBudget(100), undefined);
    const sink = new RecordingSink();
    body.push(Buffer.from('taken'));
    service(testCall({ body, now: clock.now() }), sink);
    clock.advance(testLimits.uploadMs * 5);
    body.push(Buffer.from('on its way'));
    body.push(Buffer.from('not taken'));
    clock.advance(testLimits.uploadMs);
    assert.equal(sink.isOver, false);
    clock.advance(200);
    assert.equal(sink.error?.code, 'SEND_STALLED');
  });

  it('passes the cancellation of the call on to the attempt', () => {
    const { call, upstream, sink } = rig(byHand);
    call.cancellation.cancel(callerGone());
    assert.equal(upstream.last.cancelledWith?.code, 'CALLER_GONE');
    assert.equal(sink.error?.code, 'CALLER_GONE');
  });

  it('leaves the sweep when a defect below says no last word', () => {
    const sweep = new Sweep(new VirtualClock());
    const service = stack([timeoutsLayer({ sweep })], () => {
      throw new Error('a defect');
    });
    assert.throws(() => service(testCall(), new RecordingSink()), /a defect/);
    assert.equal(sweep.size, 0);
  });

  it('leaves the sweep and the call when the answer is over', () => {
    const { sweep, sink, call, upstream } = rig({ chunks: ['x'] });
    assert.equal(sink.ended, true);
    assert.equal(sweep.size, 0);
    call.cancellation.cancel(callerGone());
    assert.equal(upstream.last.cancelledWith, undefined);
  });
});

/** An upstream that takes the first piece of a body, and nothing of the second. */
function takingOnePiece(clock: VirtualClock): Service {
  return (call, sink) => {
    const { timeline, body, cancellation } = call;
    timeline.beginAttempt(clock.now());
    timeline.connectedAt = clock.now();
    timeline.firstWriteAt = clock.now();
    let pieces = 0;
    const reader: BodyReader = {
      bodyBytes() {
        pieces += 1;
        return pieces === 1;
      },
      bodyEnd() {},
      bodyFailed() {},
    };
    body.open(reader);
    cancellation.listen({ cancelled: (reason) => sink.fail(reason) });
  };
}

function callerGone() {
  return new CallError('CALLER_GONE');
}
