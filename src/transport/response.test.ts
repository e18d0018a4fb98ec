import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Behaviour } from '../testing/misbehaving-upstream/behaviour.ts';
import {
  also,
  answering,
  badChunk,
  cut,
  halfHead,
  http10,
  stream,
  trickling,
  withInterim,
  withoutLastChunk,
  withTrailers,
  wrongLength,
} from '../testing/misbehaving-upstream/behaviours.ts';
import { textAnswer } from '../testing/misbehaving-upstream/built-in-answers.ts';
import { MisbehavingUpstream } from '../testing/misbehaving-upstream/misbehaving-upstream.ts';
import { RecordingSink } from '../testing/recording-sink.ts';
import type { TestCallOptions } from '../testing/test-call.ts';
import { testCall, testEndpoint } from '../testing/test-call.ts';
import { startTransport } from './transport.fixture.ts';
import type { TransportRig } from './transport.fixture.ts';

interface Answered {
  readonly sink: RecordingSink;
  readonly rig: TransportRig;
  readonly timeline: ReturnType<typeof testCall>['timeline'];
}

/** Sends one call to an upstream that behaves like this. */
async function answered(behaviour: Behaviour, options: TestCallOptions = {}): Promise<Answered> {
  const upstream = await MisbehavingUpstream.listen(behaviour);
  const rig = startTransport();
  const route = { endpoints: [testEndpoint(upstream.port)] };
  const call = testCall({ ...options, route: { ...route, ...options.route } });
  const sink = new RecordingSink();
  rig.transport.service(call, sink);
  await sink.over;
  const view = rig.transport.endpoints()[0];
  assert.ok((view?.active ?? 0) === 0, 'no connection is held after the end');
  await rig.end();
  await upstream.close();
  return { sink, rig, timeline: call.timeline };
}

describe('a response', () => {
  it('of known length comes whole and leaves its connection idle', async () => {
    const { sink, rig, timeline } = await answered({});
    assert.deepEqual(sink.story, ['start 200', 'chunk 11', 'end']);
    assert.equal(sink.text, '{"ok":true}');
    assert.equal(timeline.responseBytes, 11);
    // The only close is ours, at the end of the test.
    assert.deepEqual(rig.log.closed, ['drain']);
  });

  it('that is chunked comes without its framing', async () => {
    const { sink, rig } = await answered(stream(3));
    assert.equal(
      sink.text,
      'data: {"event":0}\n\ndata: {"event":1}\n\ndata: {"event":2}\n\ndata: [DONE]\n\n',
    );
    assert.equal(sink.ended, true);
    assert.deepEqual(rig.log.closed, ['drain']);
  });

  it('is the same when it trickles byte by byte', async () => {
    const { sink } = await answered(
      also(stream(2), trickling(1, 0), withTrailers({ 'x-sum': '9' })),
    );
    assert.equal(sink.text, 'data: {"event":0}\n\ndata: {"event":1}\n\ndata: [DONE]\n\n');
    assert.equal(sink.trailers?.get('x-sum'), '9');
  });

  it('comes as one chunk per read, however many chunks the upstream made', async () => {
    const steps = Array.from({ length: 50 }, () => ({ afterMs: 0, bytes: 'x'.repeat(10) }));
    const behaviour = answering({ status: 200, headers: [], steps, streamed: true });
    const { sink } = await answered({ ...behaviour, writes: 'merged' });
    assert.equal(sink.text, 'x'.repeat(500));
    assert.ok(sink.chunks.length <= 3, `${sink.chunks.length} chunks`);
  });

  it('until close ends with the FIN, and its connection with it', async () => {
    const { sink, rig } = await answered(also(http10(), answering(textAnswer('old'))));
    assert.equal(sink.text, 'old');
    assert.equal(sink.ended, true);
    assert.deepEqual(rig.log.closed, ['requests']);
  });

  it('until close that is reset is cut', async () => {
    const behaviour = also(answering(textAnswer('half')), cut('rst', 'event:1'));
    const { sink } = await answered({ ...behaviour, framing: 'until-close' });
    assert.equal(sink.error?.code, 'STREAM_CUT');
  });

  it('from HTTP/1.0 may keep its connection by saying so', async () => {
    const { sink } = await answered(also(http10('keep-alive'), answering(textAnswer('old'))));
    assert.deepEqual(sink.story, ['start 200', 'chunk 3', 'end']);
  });

  it('to HEAD has no body, whatever length it tells', async () => {
    const { sink, rig } = await answered({}, { method: 'HEAD', body: '' });
    assert.deepEqual(sink.story, ['start 200', 'end']);
    assert.equal(sink.head?.headers.get('content-length'), '11');
    assert.deepEqual(rig.log.closed, ['drain']);
  });

  it('brings informational heads first, but not 100', async () => {
    const { sink } = await answered(withInterim(100, 103, 102));
    assert.deepEqual(sink.story, ['interim 103', 'interim 102', 'start 200', 'chunk 11', 'end']);
  });

  it('passes trailers on', async () => {
    const { sink } = await answered(also(stream(1), withTrailers({ 'x-sum': '42' })));
    assert.equal(sink.trailers?.get('x-sum'), '42');
  });

  const cuts: readonly (readonly [string, Behaviour, string])[] = [
    ['a FIN in the middle', also(stream(3), cut('fin', 'event:2')), 'STREAM_CUT'],
    ['a reset in the middle', also(stream(3), cut('rst', 'event:2')), 'STREAM_CUT'],
    ['a missing last chunk', also(stream(3), withoutLastChunk()), 'STREAM_CUT'],
    ['a length that promises too much', wrongLength(5), 'STREAM_CUT'],
    ['a chunk size that is none', also(stream(3), badChunk('size', 1)), 'STREAM_CUT'],
    ['a chunk without its CRLF', also(stream(3), badChunk('no-crlf', 1)), 'STREAM_CUT'],
    ['a close before the head', cut('fin', 'before-head'), 'RESET'],
    ['a reset before the head', cut('rst', 'before-head'), 'RESET'],
    ['a close inside the head', halfHead(20), 'RESET'],
    ['a head that is not HTTP', { rawHead: 'SSH-2.0-x\r\n\r\n' }, 'BAD_RESPONSE'],
    ['a switch of protocols', { rawHead: 'HTTP/1.1 101 S\r\n\r\n' }, 'BAD_RESPONSE'],
    [
      'two ways to read its length',
      { rawHead: 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n' },
      'BAD_RESPONSE',
    ],
  ];
  for (const [what, behaviour, code] of cuts) {
    it(`with ${what} fails as ${code}, never ends`, async () => {
      const { sink, rig } = await answered(behaviour);
      assert.equal(sink.error?.code, code);
      assert.equal(sink.ended, false);
      assert.notEqual(sink.error?.detail, undefined);
      assert.deepEqual(rig.log.closed, ['error']);
    });
  }

  it('with a head over the limit is refused', async () => {
    const rawHead = `HTTP/1.1 200 OK\r\nX-Long: ${'x'.repeat(70_000)}\r\n\r\n`;
    const { sink } = await answered({ rawHead });
    assert.equal(sink.error?.code, 'BAD_RESPONSE');
  });

  it('passes on what came before the framing broke', async () => {
    const { sink } = await answered(also(stream(3), badChunk('size', 1)));
    assert.equal(sink.text, 'data: {"event":0}\n\n');
  });

  it('with bytes behind it costs its connection, not its caller', async () => {
    const { sink, rig } = await answered({ extraBytes: 'HTTP/1.1 200 OK\r\n\r\n' });
    assert.equal(sink.ended, true);
    assert.deepEqual(rig.log.closed, ['error']);
  });

  it('that announces a close is whole, and its connection is not kept', async () => {
    const { sink, rig } = await answered({ close: true });
    assert.equal(sink.ended, true);
    assert.deepEqual(rig.log.closed, ['requests']);
  });

  it('leaves every instant of the wire in the timeline, in order', async () => {
    const { timeline } = await answered({ thinkMs: 20 });
    const { acquiredAt, connectedAt, firstWriteAt, sentAt, firstByteAt, lastByteAt } = timeline;
    const order = [acquiredAt, connectedAt, firstWriteAt, sentAt, firstByteAt, lastByteAt];
    assert.deepEqual(
      order,
      order.toSorted((a, b) => a - b),
    );
    assert.ok(acquiredAt > 0 && firstByteAt - sentAt >= 15);
    assert.equal(timeline.securedAt, -1);
    assert.equal(timeline.attempts, 1);
    assert.equal(timeline.reused, false);
    assert.match(timeline.endpoint, /^127\.0\.0\.1:\d+$/);
  });
});
