import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RecordingSink } from '../testing/recording-sink.ts';
import { testCall } from '../testing/test-call.ts';
import { VirtualClock } from '../testing/virtual-clock.ts';
import { Progress } from './dialect.ts';
import { CallError } from './errors.ts';
import { HeaderList } from './header-list.ts';
import { judged } from './judged.ts';
import { freeFlow } from './sink.ts';

function rig() {
  const call = testCall();
  const sink = new RecordingSink();
  const verdicts: string[] = [];
  const watched = judged(call, sink, new VirtualClock(), {
    answered: (_head, { kind }) => verdicts.push(`answered ${kind}`),
    over: ({ kind, cause }) => verdicts.push(`over ${kind} ${cause}`),
  });
  const start = (status: number): void => {
    const headers = HeaderList.empty;
    const head = { status, reason: '', headers, framing: 'chunked', contentLength: -1 } as const;
    watched.start(head, freeFlow);
  };
  return { call, sink, verdicts, watched, start };
}

describe('a judged attempt', () => {
  it('is judged at its head and at its end', () => {
    const { sink, verdicts, watched, start } = rig();
    start(200);
    watched.chunk(Buffer.from('x'));
    watched.end();
    assert.deepEqual(verdicts, ['answered ok', 'over ok complete']);
    assert.deepEqual(sink.story, ['start 200', 'chunk 1', 'end']);
  });

  it('can begin well and end badly', () => {
    const { verdicts, watched, start } = rig();
    start(200);
    watched.fail(new CallError('STREAM_CUT'));
    assert.deepEqual(verdicts, ['answered ok', 'over failed STREAM_CUT']);
  });

  it('is what its error event says, not what its status said', () => {
    const { call, verdicts, watched, start } = rig();
    start(200);
    call.timeline.progress = new Progress();
    call.timeline.progress.errorType = 'overloaded_error';
    watched.end();
    assert.equal(verdicts[1], 'over overloaded overloaded_error');
  });

  it('is what its words say where it was made a failure for them', () => {
    const { call, verdicts, watched, start } = rig();
    start(200);
    call.timeline.progress = new Progress();
    call.timeline.progress.errorType = 'rate_limit_exceeded';
    watched.fail(new CallError('REPORTED_FAILURE'));
    assert.equal(verdicts[1], 'over throttled rate_limit_exceeded');
  });

  it('counts what it has shown even when it is given up for that', () => {
    const { verdicts, watched, start } = rig();
    start(503);
    watched.fail(new CallError('SUPERSEDED'));
    assert.equal(verdicts[1], 'over overloaded 503');
  });

  it('says nothing about the target when the caller leaves', () => {
    const { verdicts, watched, start } = rig();
    start(200);
    watched.fail(new CallError('CALLER_GONE'));
    assert.equal(verdicts[1], 'over ignored CALLER_GONE');
    const early = rig();
    early.watched.fail(new CallError('CALLER_GONE'));
    assert.deepEqual(early.verdicts, ['over ignored CALLER_GONE']);
  });
});
