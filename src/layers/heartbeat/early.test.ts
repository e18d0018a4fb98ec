import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CallError } from '../../core/errors.ts';
import { BufferBudget, ReplayBody } from '../../core/replay-body.ts';
import { SWEEP_EVERY_MS } from '../../core/sweep.ts';
import { anthropicEvents, responsesEvents } from '../../dialects/samples.ts';
import { byHand, testHead } from '../../testing/scripted-service.ts';
import { EVENTS, rig } from './heartbeat.fixture.ts';
import type { Rig, RigSettings } from './heartbeat.fixture.ts';
import { defaultHeartbeatOptions } from './options.ts';
import { REFUSAL_BYTES_MAX } from './refusal.ts';

const { everyMs, commitAfterMs } = defaultHeartbeatOptions;
const SLACK = 2 * SWEEP_EVERY_MS;
const COMMENT = ': hb\n';
const JSON_TYPE = { 'content-type': 'application/json' };
const [messageStart = ''] = anthropicEvents;

const acceptsEvents = { headers: { accept: 'text/event-stream' } };

/** A call whose caller has a head from us and whose upstream has said nothing. */
function committed(settings: RigSettings = {}): Rig {
  const made = rig(byHand, settings);
  made.clock.advance(commitAfterMs + SLACK);
  assert.equal(made.sink.status, 200);
  return made;
}

describe('a head of our own', () => {
  it('comes after the wait and not before, as a head of events with a first comment', () => {
    const { clock, sink, told } = rig(byHand);
    clock.advance(commitAfterMs - 1);
    assert.deepEqual(sink.story, []);
    clock.advance(SLACK + 1);
    assert.deepEqual(sink.story, ['start 200', `chunk ${COMMENT.length}`]);
    assert.equal(sink.head?.headers.get('content-type'), 'text/event-stream; charset=utf-8');
    assert.match(sink.head?.headers.get('date') ?? '', /^\w{3}, \d\d \w{3} 2026 .* GMT$/);
    assert.equal(sink.head?.framing, 'chunked');
    assert.deepEqual(told, ['asked', 'committed test-route', 'sent anthropic']);
    clock.advance(2 * (everyMs + SLACK));
    assert.deepEqual(sink.chunks, [COMMENT, COMMENT, COMMENT]);
  });

  it('gives way to the answer, of which everything but the head is passed', () => {
    const { sink, upstream, call, clock } = committed();
    upstream.last.start(testHead(200, { ...EVENTS, 'request-id': 'r' }));
    for (const event of anthropicEvents) upstream.last.chunk(event);
    upstream.last.end();
    assert.equal(sink.text, COMMENT + anthropicEvents.join(''));
    assert.equal(sink.ended, true);
    assert.equal(call.body.replayable, false, 'nothing of the upload is kept any longer');
    clock.advance(10 * everyMs);
  });

  it('is followed by the heartbeats of the stream once that has begun', () => {
    const { sink, upstream, clock } = committed();
    // We send in chunks ourselves, so a length of theirs binds nobody.
    upstream.last.start(testHead(200, { ...EVENTS, 'content-length': '99999' }, 'length'));
    upstream.last.chunk(messageStart);
    clock.advance(everyMs + SLACK);
    assert.match(sink.chunks.at(-1) ?? '', /^event: ping\n/);
  });

  it('goes only to callers who asked for a stream, who are asked once', () => {
    const { clock, sink, sweep, told } = rig(byHand, { call: { body: '{"stream":false}' } });
    clock.advance(10 * commitAfterMs);
    assert.deepEqual(sink.story, []);
    assert.deepEqual(told, ['asked']);
    assert.equal(sweep.size, 0);
  });

  it('leaves a late stream of its own head its heartbeats all the same', () => {
    const { clock, sink, upstream } = rig(byHand, { call: { body: '{}' } });
    clock.advance(2 * commitAfterMs);
    upstream.last.start(testHead(200, EVENTS));
    upstream.last.chunk(messageStart);
    clock.advance(everyMs + SLACK);
    assert.equal(sink.chunks.length, 2);
  });

  it('is never given where the dialect has nothing to say after it', () => {
    for (const dialect of ['plain', 'ndjson']) {
      const { clock, sink } = rig(byHand, {
        dialect,
        call: acceptsEvents,
      });
      clock.advance(10 * commitAfterMs);
      assert.deepEqual(sink.story, []);
    }
  });

  it('never comes on routes that do not commit, nor for HEAD', () => {
    const never = { options: { commitAfterMs: Infinity } };
    const head = { call: { method: 'HEAD', headers: { accept: 'text/event-stream' } } };
    for (const settings of [never, head]) {
      const { clock, sink } = rig(byHand, settings);
      clock.advance(10 * commitAfterMs);
      assert.deepEqual(sink.story, []);
    }
  });

  it('waits from the last byte of the upload on', () => {
    const body = new ReplayBody(-1, 1000, new BufferBudget(1000), undefined);
    const { clock, sink } = rig(byHand, { call: { body } });
    clock.advance(5 * commitAfterMs);
    body.push(Buffer.from('{"stream":true}'));
    body.finish();
    clock.advance(commitAfterMs - SLACK);
    assert.deepEqual(sink.story, []);
    clock.advance(2 * SLACK);
    assert.equal(sink.status, 200);
  });

  it('starts the wait again at a head of 1xx, and hides those that come too late', () => {
    const { clock, sink, upstream } = rig(byHand);
    clock.advance(commitAfterMs - SLACK);
    upstream.last.interim(103);
    clock.advance(commitAfterMs - SLACK);
    assert.deepEqual(sink.story, ['interim 103']);
    clock.advance(2 * SLACK);
    upstream.last.interim(103);
    assert.deepEqual(sink.story.slice(1), ['start 200', `chunk ${COMMENT.length}`]);
  });

  it('hands a full socket on to the answer when that comes', () => {
    const { sink, upstream, clock } = committed();
    sink.pause();
    clock.advance(10 * everyMs);
    assert.equal(sink.chunks.length, 1);
    upstream.last.start(testHead(200, EVENTS));
    assert.equal(upstream.last.paused, true);
    sink.resume();
    assert.equal(upstream.last.paused, false);
  });

  it('is the last thing said to a caller who leaves at that moment', () => {
    const { clock, sink, call } = rig(byHand, {
      onEvent: (event) => {
        if (event.type === 'start') call.cancellation.cancel(new CallError('CALLER_GONE'));
      },
    });
    clock.advance(10 * commitAfterMs);
    assert.deepEqual(sink.story, ['start 200', 'fail CALLER_GONE']);
  });

  it('keeps what only looks like the beginning of a mark', () => {
    for (const text of ['\uFEC0data: 1\n\n', '\u4E00']) {
      const bytes = Buffer.from(text);
      for (let cut = 1; cut < bytes.length; cut += 1) {
        const { sink, upstream } = committed({ dialect: 'sse', call: acceptsEvents });
        upstream.last.start(testHead(200, EVENTS));
        upstream.last.chunk(bytes.subarray(0, cut));
        upstream.last.chunk(bytes.subarray(cut));
        upstream.last.end();
        assert.equal(sink.text, COMMENT + text, String(cut));
      }
    }
    const { sink, upstream } = committed({ dialect: 'sse', call: acceptsEvents });
    upstream.last.start(testHead(200, EVENTS));
    upstream.last.chunk(Uint8Array.of(0xef, 0xbb));
    upstream.last.end();
    assert.deepEqual([...sink.body.subarray(-2)], [0xef, 0xbb]);
  });

  it('says no more of what only looked like a mark to a caller who leaves amid it', () => {
    const { clock, sink, call, upstream } = rig(byHand, {
      dialect: 'sse',
      call: acceptsEvents,
      onEvent: (event) => {
        const isMark = event.type === 'chunk' && event.bytes[0] === 0xef;
        if (isMark) call.cancellation.cancel(new CallError('CALLER_GONE'));
      },
    });
    clock.advance(commitAfterMs + 200);
    upstream.last.start(testHead(200, EVENTS));
    upstream.last.chunk(Uint8Array.of(0xef, 0xbb, 0x61));
    assert.deepEqual(sink.story.slice(-2), ['chunk 2', 'fail CALLER_GONE']);
  });

  it('takes the mark away with which a stream may begin, however it is cut', () => {
    for (const cuts of [[3], [1, 2, 3], [1, 3], [2, 9]]) {
      const { sink, upstream } = committed({
        dialect: 'sse',
        call: acceptsEvents,
      });
      const bytes = Buffer.from('\uFEFFdata: 1\n\n');
      upstream.last.start(testHead(200, EVENTS));
      let from = 0;
      for (const cut of [...cuts, bytes.length]) {
        upstream.last.chunk(bytes.subarray(from, cut));
        from = cut;
      }
      upstream.last.end();
      assert.equal(sink.text, `${COMMENT}data: 1\n\n`, String(cuts));
    }
  });
});

describe('an answer that does not fit our head', () => {
  const overloaded = '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}';

  it('is told in the words of the upstream, and never ends cleanly', () => {
    const { sink, upstream, sweep } = committed();
    upstream.last.start(testHead(529, JSON_TYPE));
    upstream.last.chunk(overloaded.slice(0, 20));
    upstream.last.chunk(overloaded.slice(20));
    upstream.last.end();
    const said = sink.text.slice(COMMENT.length);
    assert.match(said, /^event: error\ndata: .*\n\n$/);
    assert.deepEqual(JSON.parse(said.split('data: ')[1] ?? ''), JSON.parse(overloaded));
    assert.equal(sink.error?.code, 'UPSTREAM_REFUSED');
    assert.match(sink.error?.detail ?? '', /529/);
    assert.equal(sweep.size, 0);
  });

  it('is told in the words of the dialect when there was no answer', () => {
    const { sink, upstream } = committed();
    upstream.last.fail('FIRST_BYTE_TIMEOUT');
    assert.match(sink.text, /event: error\ndata: .*"timeout_error".*sent nothing in time/);
    assert.equal(sink.error?.code, 'FIRST_BYTE_TIMEOUT');
  });

  it('is told in the words of the dialect when it can not be read', () => {
    const bodies: [object, string][] = [
      [{ 'content-type': 'text/html' }, '<html>502</html>'],
      [{ ...JSON_TYPE, 'content-encoding': 'gzip' }, overloaded],
      [JSON_TYPE, `{"error":{"message":"${'x'.repeat(REFUSAL_BYTES_MAX)}"}}`],
    ];
    for (const [fields, body] of bodies) {
      const { sink, upstream } = committed();
      upstream.last.start(testHead(502, { ...fields }));
      if (!upstream.last.over) upstream.last.chunk(body);
      if (!upstream.last.over) upstream.last.end();
      assert.match(sink.text, /event: error\ndata: .*It answered 502/);
      assert.doesNotMatch(sink.text, /html|Overloaded|xxx/);
      assert.equal(sink.error?.code, 'UPSTREAM_REFUSED');
    }
  });

  it('is not read on once it is longer than any refusal', () => {
    const { sink, upstream } = committed();
    upstream.last.start(testHead(500, JSON_TYPE));
    upstream.last.chunk('x'.repeat(REFUSAL_BYTES_MAX));
    assert.equal(upstream.last.over, false);
    upstream.last.chunk('x');
    assert.equal(upstream.last.cancelledWith?.code, 'SUPERSEDED');
    assert.equal(sink.error?.code, 'UPSTREAM_REFUSED');
  });

  it('is given up at once when it is no refusal but of another form', () => {
    for (const fields of [JSON_TYPE, { ...EVENTS, 'content-encoding': 'gzip' }]) {
      const { sink, upstream } = committed();
      upstream.last.start(testHead(200, { ...fields }));
      assert.equal(upstream.last.cancelledWith?.code, 'SUPERSEDED');
      assert.match(sink.text, /event: error\ndata: .*another form/);
      assert.equal(sink.error?.code, 'UPSTREAM_REFUSED');
    }
  });

  it('is not told twice where the edge will tell it', () => {
    // The edge goes by the progress of the answer: here by a response that was announced.
    const { sink, upstream, call } = committed({ dialect: 'openai-responses' });
    const progress = call.route.dialect.scannerFor(testHead(200, EVENTS), false);
    const announced = Buffer.from(responsesEvents[0] ?? '');
    progress?.scan(announced, 0, announced.length);
    call.timeline.progress = progress?.progress;
    upstream.last.fail('STREAM_CUT');
    assert.equal(sink.text, COMMENT);
    assert.equal(sink.error?.code, 'STREAM_CUT');
  });

  it('is not told to those who left or do not read', () => {
    const { sink, call } = committed();
    call.cancellation.cancel(new CallError('CALLER_GONE'));
    assert.equal(sink.text, COMMENT);
    assert.equal(sink.error?.code, 'CALLER_GONE');
    const full = committed();
    full.sink.pause();
    full.upstream.last.fail('RESET');
    assert.equal(full.sink.text, COMMENT);
    const half = committed();
    half.upstream.last.start(testHead(400, JSON_TYPE));
    half.call.cancellation.cancel(new CallError('CALLER_GONE'));
    assert.equal(half.sink.text, COMMENT);
    assert.equal(half.sink.error?.code, 'CALLER_GONE');
  });

  it('keeps its caller alive while it is slow', () => {
    const { sink, upstream, clock } = committed();
    upstream.last.start(testHead(400, JSON_TYPE));
    upstream.last.chunk('{"error":');
    clock.advance(everyMs + SLACK);
    assert.equal(sink.text, COMMENT + COMMENT);
  });

  it('fails without a word of ours when the stream breaks after it began', () => {
    const { sink, upstream } = committed();
    upstream.last.start(testHead(200, EVENTS));
    upstream.last.chunk(messageStart);
    upstream.last.fail('STREAM_CUT');
    assert.equal(sink.text, COMMENT + messageStart);
  });
});

describe('spaces before a JSON answer', () => {
  const settings: RigSettings = {
    dialect: 'openai-chat',
    options: { jsonWhitespace: true },
    call: { body: '{"model":"m"}' },
  };

  it('keep the caller of a whole answer', () => {
    const { sink, upstream, clock } = committed(settings);
    clock.advance(everyMs + SLACK);
    assert.equal(sink.head?.headers.get('content-type'), 'application/json; charset=utf-8');
    upstream.last.start(testHead(200, { ...JSON_TYPE, 'content-length': '11' }, 'length'));
    upstream.last.chunk('{"id":"x"}\n');
    upstream.last.end();
    assert.equal(sink.text, '  {"id":"x"}\n');
    assert.equal(sink.ended, true);
  });

  it('never stand inside an answer that nobody reads', () => {
    const { sink, upstream, clock } = committed({ ...settings, dialect: 'plain' });
    upstream.last.start(testHead(200, JSON_TYPE));
    upstream.last.chunk('{"id":');
    clock.advance(3 * everyMs);
    upstream.last.chunk('"x"}');
    assert.equal(sink.text, ' {"id":"x"}');
  });

  it('are no answer by themselves', () => {
    const { sink, upstream } = committed({ ...settings, dialect: 'plain' });
    upstream.last.start(testHead(204, JSON_TYPE, 'none'));
    assert.equal(sink.ended, false);
    assert.equal(sink.error?.code, 'UPSTREAM_REFUSED');
  });

  it('break off without a word when the answer is an error', () => {
    const { sink, upstream } = committed(settings);
    upstream.last.start(testHead(429, JSON_TYPE));
    upstream.last.chunk('{"error":{"message":"slow down"}}');
    upstream.last.end();
    assert.equal(sink.text, ' ');
    assert.equal(sink.error?.code, 'UPSTREAM_REFUSED');
  });

  it('are not promised where answers may be anything', () => {
    const { clock, sink } = rig(byHand, { ...settings, route: { kind: 'other' } });
    clock.advance(10 * commitAfterMs);
    assert.deepEqual(sink.story, []);
  });
});
