import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Call } from '../../core/call.ts';
import { checked } from '../../core/checked.ts';
import type { CallError } from '../../core/errors.ts';
import { stack } from '../../core/layer.ts';
import { Leases } from '../../core/leases.ts';
import { RecordingSink } from '../../testing/recording-sink.ts';
import { ScriptedService } from '../../testing/scripted-service.ts';
import type { ServiceScript } from '../../testing/scripted-service.ts';
import { testCall } from '../../testing/test-call.ts';
import { VirtualClock } from '../../testing/virtual-clock.ts';
import { observeLayer } from './observe.ts';

function rig(script: ServiceScript) {
  const clock = new VirtualClock();
  const leases = new Leases(clock);
  const ended: { call: Call; error: CallError | undefined; at: number }[] = [];
  const answered: { status: number; readable: boolean; passed: boolean }[] = [];
  const sink = new RecordingSink();
  const observer = {
    callStarted() {},
    callAnswered({ body, timeline }: Call) {
      const { status } = timeline;
      answered.push({ status, readable: body.replayable, passed: sink.status !== 0 });
    },
    callEnded: (call: Call, error: CallError | undefined) =>
      void ended.push({ call, error, at: clock.now() }),
  };
  const upstream = new ScriptedService(clock, script);
  const layer = observeLayer({ clock, leases, observer });
  const service = stack([layer], upstream.service, { between: checked });
  service(testCall(), sink);
  return { answered, clock, leases, ended, sink };
}

describe('the observe layer', () => {
  it('reports a call at its last byte, not at its head', () => {
    const { clock, ended, leases } = rig({ chunks: [{ afterMs: 700, bytes: 'x' }] });
    assert.equal(ended.length, 0);
    assert.equal(leases.size, 1);
    clock.advance(700);
    assert.equal(ended.length, 1);
    assert.equal(ended[0]?.at, clock.now());
    assert.equal(ended[0]?.call.timeline.status, 200);
    assert.equal(leases.size, 0);
  });

  it('reports a refusal with its own status', () => {
    const { ended } = rig({ failBeforeHead: 'NO_ROUTE' });
    assert.equal(ended[0]?.error?.code, 'NO_ROUTE');
    assert.equal(ended[0]?.call.timeline.status, 404);
  });

  it('reports 499 where nobody was left to be shown a status', () => {
    for (const code of ['CALLER_GONE', 'CALLER_STALLED'] as const) {
      const { ended } = rig({ failBeforeHead: code });
      assert.equal(ended[0]?.call.timeline.status, 499);
    }
  });

  it('says that a head comes while the body of its request can still be read', () => {
    const { answered, sink } = rig({ chunks: ['x'] });
    assert.deepEqual(answered, [{ status: 200, readable: true, passed: false }]);
    assert.equal(sink.status, 200);
    assert.deepEqual(rig({ failBeforeHead: 'NO_ROUTE' }).answered, []);
  });

  it('keeps the status that the caller saw when a stream is cut', () => {
    const { ended } = rig({ chunks: ['x'], ending: 'STREAM_CUT' });
    assert.equal(ended[0]?.call.timeline.status, 200);
    assert.equal(ended[0]?.error?.code, 'STREAM_CUT');
  });
});
