import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { Cancellation } from '../core/cancellation.ts';
import type { CancelListener } from '../core/cancellation.ts';
import { CallError } from '../core/errors.ts';
import { eventually } from '../testing/eventually.fixture.ts';
import { also, cut, huge, stalling, stream } from '../testing/misbehaving-upstream/behaviours.ts';
import type { UpstreamRig } from './transport.fixture.ts';
import { startWithUpstream } from './transport.fixture.ts';

let rig: UpstreamRig;
const gone = new CallError('CALLER_GONE');

beforeEach(async () => {
  rig = await startWithUpstream();
});
afterEach(() => rig.end());

class CountedCancellation extends Cancellation {
  listeners: number = 0;

  override listen(listener: CancelListener): void {
    this.listeners += 1;
    super.listen(listener);
  }

  override unlisten(listener: CancelListener): void {
    this.listeners -= 1;
    super.unlisten(listener);
  }
}

describe('a cancelled call', () => {
  it('fails at once when it was cancelled before', () => {
    const cancellation = new Cancellation();
    cancellation.cancel(gone);
    const { sink } = rig.send({ cancellation });
    assert.deepEqual(sink.story, ['fail CALLER_GONE']);
    assert.equal(rig.leases.size, 0);
  });

  it('while connecting fails, and the connection is kept for others', async () => {
    const { call, sink } = rig.send();
    call.cancellation.cancel(gone);
    assert.deepEqual(sink.story, ['fail CALLER_GONE']);
    const second = rig.send();
    await second.sink.over;
    assert.equal(second.sink.status, 200);
    assert.equal(rig.upstream.seen.connectionCount, 1);
    assert.equal(rig.upstream.seen.requestCount, 1);
  });

  it('by a connect timeout takes its connection with it', async () => {
    const { call, sink } = rig.send();
    call.cancellation.cancel(new CallError('CONNECT_TIMEOUT'));
    assert.equal(sink.error?.code, 'CONNECT_TIMEOUT');
    assert.equal(rig.transport.endpoints()[0]?.connecting, 0);
  });

  it('while its connection is looked at leaves it to the next', async () => {
    await rig.send().sink.over;
    await new Promise((resolve) => setTimeout(resolve, 20));
    const { call, sink } = rig.send();
    assert.equal(rig.transport.endpoints()[0]?.idle, 0);
    call.cancellation.cancel(gone);
    assert.deepEqual(sink.story, ['fail CALLER_GONE']);
    assert.equal(rig.transport.endpoints()[0]?.idle, 1);
    await rig.send().sink.over;
    assert.equal(rig.upstream.seen.connectionCount, 1);
    assert.equal(rig.upstream.seen.requestCount, 2);
  });

  it('while waiting for an answer resets the upstream', async () => {
    rig.upstream.use(stalling('before-head'));
    const { call, sink } = rig.send();
    await rig.upstream.until(({ executedCount }) => executedCount === 1);
    call.cancellation.cancel(gone);
    assert.deepEqual(sink.story, ['fail CALLER_GONE']);
    await rig.upstream.until(({ requests }) => requests[0]?.aborted === true, 1_000);
    assert.equal(rig.upstream.seen.connections[0]?.closedBy, 'caller-rst');
    assert.deepEqual(rig.log.closed, ['abort']);
  });

  it('in the middle of a stream hears nothing more of it', async () => {
    rig.upstream.use(stream(1_000, 1));
    let cancel = (): void => {};
    const { call, sink } = rig.send({}, { onEvent: (event) => event.type === 'chunk' && cancel() });
    cancel = () => call.cancellation.cancel(gone);
    await sink.over;
    assert.equal(sink.error?.code, 'CALLER_GONE');
    assert.equal(sink.chunks.length, 1);
    await rig.upstream.until(({ requests }) => requests[0]?.aborted === true, 1_000);
  });

  it('from within the head of its answer hears nothing more of it', async () => {
    const { call, sink } = rig.send(
      {},
      { onEvent: (event) => event.type === 'start' && call.cancellation.cancel(gone) },
    );
    await sink.over;
    assert.deepEqual(sink.story, ['start 200', 'fail CALLER_GONE']);
  });

  it('leaves no listener behind when it ends, well or not', async () => {
    for (const behaviour of [{}, cut('fin', 'before-head')]) {
      rig.upstream.use(behaviour);
      const cancellation = new CountedCancellation();
      await rig.send({ cancellation }).sink.over;
      assert.equal(cancellation.listeners, 0);
    }
  });
});

describe('a held back response', () => {
  it('stops the upstream, and its time does not count as silence', async () => {
    rig.upstream.use(huge(30_000_000));
    const { call, sink } = rig.send({}, { pauseAfterChunks: 3 });
    await eventually(
      () => (rig.upstream.seen.requests[0]?.sentBytes ?? 0) > 100_000,
      '100 kB to be sent',
    );
    await new Promise((resolve) => setTimeout(resolve, 100));
    const { timeline } = call;
    assert.notEqual(timeline.pausedAt, -1);
    const received = timeline.responseBytes;
    assert.ok(received < 400_000, `${received} bytes came through`);
    const before = timeline.lastByteAt;
    sink.resume();
    assert.equal(timeline.pausedAt, -1);
    assert.ok(timeline.lastByteAt - before >= 80);
    await sink.over;
    assert.equal(sink.body.length, 30_000_000);
  });

  it('that is complete already gives its connection back in working order', async () => {
    const { sink } = rig.send({}, { pauseAfterChunks: 1 });
    await sink.over;
    assert.deepEqual(sink.story, ['start 200', 'chunk 11', 'end']);
    // Reading again: the peer's close is noticed.
    rig.upstream.actOnIdle('fin');
    await eventually(() => rig.log.closed.length > 0, 'a closed connection');
    assert.deepEqual(rig.log.closed, ['idle_peer']);
  });

  it('notices a cut once it is let go', async () => {
    rig.upstream.use(also(stream(3), cut('fin', 'event:1')));
    const { sink } = rig.send({}, { pauseAfterChunks: 0 });
    await eventually(
      () => sink.paused && (rig.upstream.seen.connections[0]?.weClosedAt ?? -1) > 0,
      'the cut',
    );
    assert.equal(sink.isOver, false);
    sink.resume();
    await sink.over;
    assert.equal(sink.error?.code, 'STREAM_CUT');
  });
});
