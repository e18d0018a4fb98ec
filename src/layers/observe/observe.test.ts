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
  const observer = {
    callStarted() {},
    callEnded: (call: Call, error: CallError | undefined) =>
      void ended.push({ call, error, at: clock.now() }),
  };
  const upstream = new ScriptedService(clock, script);
  const layer = observeLayer({ clock, leases, observer });
  const service = stack([layer], upstream.service, { between: checked });
  const sink = new RecordingSink();
  service(testCall(), sink);
  return { clock, leases, ended, sink };
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

  it('keeps the status that the caller saw when a stream is cut', () => {
    const { ended } = rig({ chunks: ['x'], ending: 'STREAM_CUT' });
    assert.equal(ended[0]?.call.timeline.status, 200);
    assert.equal(ended[0]?.error?.code, 'STREAM_CUT');
  });
});
