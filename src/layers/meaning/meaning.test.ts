import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checked } from '../../core/checked.ts';
import { Progress } from '../../core/dialect.ts';
import type { Dialect, HeadFault, Scanner } from '../../core/dialect.ts';
import { CallError } from '../../core/errors.ts';
import { stack } from '../../core/layer.ts';
import { Sweep } from '../../core/sweep.ts';
import { RecordingSink } from '../../testing/recording-sink.ts';
import { ScriptedService } from '../../testing/scripted-service.ts';
import type { ServiceScript } from '../../testing/scripted-service.ts';
import { stubDialect, testCall, testRoute } from '../../testing/test-call.ts';
import { VirtualClock } from '../../testing/virtual-clock.ts';
import { DROPPED_BYTES_MAX, HOLD_HEAD_MS, meaningLayer } from './meaning.ts';

/**
 * A dialect whose answers are whole when their last byte is `.`; `p` is a ping, `!` an end that
 * comes too early, and bytes of ours may stand behind a comma.
 */
class DotScanner implements Scanner {
  readonly progress = new Progress();
  readonly fault: HeadFault | undefined;
  #last = '';

  constructor(fault: HeadFault | undefined) {
    this.fault = fault;
  }

  scan(bytes: Uint8Array, from: number, to: number): void {
    for (let at = from; at < to; at += 1) {
      this.#last = String.fromCharCode(bytes[at] as number);
      if (this.#last === 'p') this.progress.pings += 1;
      else this.progress.contentEvents += 1;
      if (this.#last === '!') this.progress.falseEnd = true;
    }
    this.progress.atBoundary = this.#last === ',';
  }

  finish(): ReturnType<Scanner['finish']> {
    if (this.#last === '') return 'EMPTY_ANSWER';
    return this.#last === '.' ? undefined : 'STREAM_TRUNCATED';
  }
}

const dotDialect = (fault: HeadFault | undefined): Dialect => ({
  ...stubDialect,
  scannerFor: (head) => (head.status === 200 ? new DotScanner(fault) : undefined),
  judgeHead: ({ status }, method) =>
    status === 202 && method === 'GET'
      ? { code: 'EMPTY_ANSWER', detail: 'It said 202.', replay: 'safe' }
      : undefined,
});

function rig(script: ServiceScript, method: string = 'POST', fault?: HeadFault) {
  const clock = new VirtualClock();
  const sweep = new Sweep(clock);
  const upstream = new ScriptedService(clock, script);
  const layer = meaningLayer({ clock, sweep });
  const service = stack([layer], upstream.service, { between: checked });
  const sink = new RecordingSink({ now: () => clock.now() });
  const call = testCall({ route: testRoute({ dialect: dotDialect(fault) }), method });
  service(call, sink);
  return { clock, sweep, sink, call, upstream };
}

describe('the meaning layer', () => {
  it('passes an answer with its terminal event as whole', () => {
    const { sink } = rig({ chunks: ['ab', 'c.'] });
    assert.deepEqual(sink.story, ['start 200', 'chunk 2', 'chunk 2', 'end']);
  });

  it('turns a clean end without the terminal event into a failure', () => {
    const { sink } = rig({ chunks: ['abc'] });
    assert.deepEqual(sink.story, ['start 200', 'chunk 3', 'fail STREAM_TRUNCATED']);
  });

  describe('in front of a caller who counts', () => {
    const counted = (bytes: number, chunks: readonly string[]) =>
      rig({ framing: 'length', headers: { 'content-length': String(bytes) }, chunks });

    it('passes a whole answer of its length', () => {
      const { sink } = counted(4, ['ab', 'c.']);
      assert.deepEqual(sink.story, ['start 200', 'chunk 2', 'chunk 2', 'end']);
    });

    it('keeps the last bytes of a cut answer back, so that its length shows the cut', () => {
      const { sink, call } = counted(5, ['ab,', 'cd']);
      assert.deepEqual(sink.story, ['start 200', 'chunk 3', 'fail STREAM_TRUNCATED']);
      // The caller stands where the bytes began that it was not given.
      assert.equal(call.timeline.progress?.atBoundary, true);
    });

    it('shows no head of an answer that is known to be cut with its first bytes', () => {
      const { sink } = counted(3, ['abc']);
      assert.deepEqual(sink.story, ['fail STREAM_TRUNCATED']);
    });

    it('never shows a 200 of length 0', () => {
      assert.deepEqual(counted(0, []).sink.story, ['fail EMPTY_ANSWER']);
    });
  });

  describe('an end that comes too early', () => {
    it('never reaches the caller, nor does anything behind it', () => {
      const { sink } = rig({ chunks: ['ab', 'c!', 'd.'] });
      assert.deepEqual(sink.story, ['start 200', 'chunk 2', 'fail STREAM_TRUNCATED']);
    });

    it('is not waited behind when the connection stays open', () => {
      const { sink, clock, sweep } = rig({ chunks: ['ab', 'c!'], ending: 'never' });
      assert.deepEqual(sink.story, ['start 200', 'chunk 2']);
      clock.advance(HOLD_HEAD_MS + 200);
      assert.deepEqual(sink.story, ['start 200', 'chunk 2', 'fail STREAM_TRUNCATED']);
      assert.equal(sweep.size, 0);
    });
  });

  it('fails in the words of the answer where that says itself that it is none', () => {
    const said = { code: 'REPORTED_FAILURE', detail: 'It said no.', replay: 'never' } as const;
    const { sink } = rig({ chunks: ['ab', '!'] }, 'POST', said);
    assert.deepEqual(sink.story, ['start 200', 'chunk 2', 'fail REPORTED_FAILURE']);
    assert.deepEqual([sink.error?.detail, sink.error?.replay], ['It said no.', 'never']);
    const { sink: whole } = rig({ chunks: ['ab.'] }, 'POST', said);
    assert.deepEqual(whole.story, ['start 200', 'chunk 3', 'end']);
  });

  it('never shows a 200 with nothing in it', () => {
    const { sink } = rig({ chunks: [], endAfterMs: 500 });
    assert.equal(sink.isOver, false);
    const { sink: atOnce } = rig({ chunks: [] });
    assert.deepEqual(atOnce.story, ['fail EMPTY_ANSWER']);
  });

  it('holds a head for its first byte, but not for long', () => {
    const { sink, clock, sweep } = rig({ chunks: [{ afterMs: 5_000, bytes: 'a.' }] });
    clock.advance(HOLD_HEAD_MS - 100);
    assert.deepEqual(sink.story, []);
    clock.advance(200);
    assert.deepEqual(sink.story, ['start 200']);
    clock.advance(5_000);
    assert.equal(sink.ended, true);
    assert.equal(sweep.size, 0);
  });

  it('fails without a head when the connection breaks before the first byte', () => {
    const { sink, sweep } = rig({ chunks: [], ending: 'STREAM_CUT' });
    assert.deepEqual(sink.story, ['fail STREAM_CUT']);
    assert.equal(sweep.size, 0);
  });

  it('does not judge answers that the dialect does not scan', () => {
    const { sink } = rig({ status: 500, chunks: ['oops'] });
    assert.equal(sink.ended, true);
    const { sink: headOnly } = rig({ chunks: [] }, 'HEAD');
    assert.equal(headOnly.ended, true);
  });

  it('counts pings as life but not as progress', () => {
    const { clock, call } = rig({
      chunks: ['a', { afterMs: 1_000, bytes: 'p' }, { afterMs: 1_000, bytes: 'b' }],
      ending: 'never',
    });
    clock.advance(1_000);
    assert.equal(call.timeline.lastByteAt - call.timeline.lastProgressAt, 1_000);
    clock.advance(1_000);
    assert.equal(call.timeline.lastByteAt, call.timeline.lastProgressAt);
  });
});

describe('an answer whose head shows that it is none', () => {
  const accepted = { status: 202, chunks: ['later'] };

  it('becomes a failure at its end; nothing of it passes', () => {
    const { sink, sweep, upstream } = rig(accepted, 'GET');
    assert.deepEqual(sink.story, ['fail EMPTY_ANSWER']);
    assert.equal(sink.error?.detail, 'It said 202.');
    assert.equal(sink.error?.replay, 'safe');
    assert.equal(sweep.size, 0);
    assert.equal(upstream.last.cancelledWith, undefined);
  });

  it('passes where the dialect takes it for one', () => {
    const { sink } = rig(accepted, 'POST');
    assert.deepEqual(sink.story, ['start 202', 'chunk 5', 'end']);
  });

  it('brings along how long its upstream wants to be left alone', () => {
    const { sink } = rig({ ...accepted, headers: { 'retry-after': '7' } }, 'GET');
    assert.equal(sink.error?.retryAfterMs, 7_000);
  });

  it('is not waited for when it does not end', () => {
    const { sink, clock, sweep, upstream } = rig({ ...accepted, ending: 'never' }, 'GET');
    clock.advance(HOLD_HEAD_MS - 100);
    assert.deepEqual(sink.story, []);
    clock.advance(200);
    assert.deepEqual(sink.story, ['fail EMPTY_ANSWER']);
    assert.equal(upstream.last.cancelledWith?.code, 'EMPTY_ANSWER');
    assert.equal(sweep.size, 0);
  });

  it('is cut off when it is long', () => {
    const part = 'x'.repeat(DROPPED_BYTES_MAX / 2);
    const { sink, upstream } = rig({ ...accepted, chunks: [part, part, 'x'] }, 'GET');
    assert.deepEqual(sink.story, ['fail EMPTY_ANSWER']);
    assert.equal(upstream.last.cancelledWith?.code, 'EMPTY_ANSWER');
    const { upstream: shorter } = rig({ ...accepted, chunks: [part, part] }, 'GET');
    assert.equal(shorter.last.cancelledWith, undefined);
  });

  it('stays what it was when its connection breaks, but not when its caller leaves', () => {
    const { sink } = rig({ ...accepted, ending: 'STREAM_CUT' }, 'GET');
    assert.deepEqual(sink.story, ['fail EMPTY_ANSWER']);
    const { sink: left, call } = rig({ ...accepted, ending: 'never' }, 'GET');
    call.cancellation.cancel(new CallError('CALLER_GONE'));
    assert.deepEqual(left.story, ['fail CALLER_GONE']);
  });
});
