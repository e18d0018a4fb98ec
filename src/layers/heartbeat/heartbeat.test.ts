import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CallError } from '../../core/errors.ts';
import { SWEEP_EVERY_MS } from '../../core/sweep.ts';
import {
  anthropicEvents,
  chatEvents,
  ollamaLines,
  responsesEvents,
} from '../../dialects/samples.ts';
import { byHand, testHead } from '../../testing/scripted-service.ts';
import { testLimits, testTarget } from '../../testing/test-call.ts';
import { EVENTS, patient, rig } from './heartbeat.fixture.ts';
import type { Rig, RigSettings } from './heartbeat.fixture.ts';
import { defaultHeartbeatOptions } from './options.ts';

const EVERY = defaultHeartbeatOptions.everyMs;
/** A beat and what the sweep's precision may add to it. */
const BEAT = EVERY + 2 * SWEEP_EVERY_MS;
const PING = 'event: ping\ndata: {"type": "ping"}\n\n';
const COMMENT = ': hb\n';
const [messageStart = '', blockStart = ''] = anthropicEvents;

/** A stream whose first events have come and which is silent from then on. */
function silent(text: string, settings: RigSettings = {}, fields: object = EVENTS): Rig {
  const made = rig(byHand, settings);
  made.upstream.last.start(testHead(200, { ...fields }));
  if (text !== '') made.upstream.last.chunk(text);
  return made;
}

describe('heartbeats in a stream', () => {
  it('come after each interval of silence and say so', () => {
    const { clock, sink, told } = silent(messageStart);
    clock.advance(EVERY - 1);
    assert.deepEqual(sink.chunks, [messageStart]);
    clock.advance(2 * SWEEP_EVERY_MS + 1);
    assert.deepEqual(sink.chunks, [messageStart, PING]);
    clock.advance(3 * BEAT);
    assert.deepEqual(sink.chunks.slice(1), [PING, PING, PING, PING]);
    assert.equal(told.filter((word) => word === 'sent anthropic').length, 4);
  });

  it('do not come while bytes do', () => {
    const { clock, sink, upstream } = silent(messageStart);
    for (let at = 0; at < 100; at += 1) {
      clock.advance(EVERY / 2);
      upstream.last.chunk(blockStart);
    }
    assert.equal(sink.text.includes('ping'), false);
  });

  it('wait for the end of an event that has begun', () => {
    const { clock, sink, upstream } = silent(messageStart + blockStart.slice(0, -1));
    clock.advance(5 * BEAT);
    assert.equal(sink.chunks.length, 1);
    upstream.last.chunk('\n');
    clock.advance(BEAT);
    assert.deepEqual(sink.chunks.slice(1), ['\n', PING]);
  });

  it('are comments before the first event of a stream', () => {
    for (const dialect of ['anthropic', 'openai-chat', 'openai-responses', 'sse']) {
      const { clock, sink } = silent('', { dialect });
      clock.advance(BEAT);
      assert.deepEqual(sink.chunks, [COMMENT], dialect);
    }
  });

  it('are comments while only comments of the upstream have come', () => {
    const { clock, sink } = silent(': PROCESSING\n\n');
    clock.advance(BEAT);
    assert.deepEqual(sink.chunks.slice(1), [COMMENT]);
  });

  it('take the form of each dialect', () => {
    const forms = [
      ['openai-chat', chatEvents[0], COMMENT],
      ['sse', 'data: 1\n\n', COMMENT],
      [
        'openai-responses',
        responsesEvents.slice(0, 2).join(''),
        'event: keepalive\ndata: {"type":"keepalive","sequence_number":1}\n\n',
      ],
    ] as const;
    for (const [dialect, text, form] of forms) {
      const { clock, sink } = silent(text ?? '', { dialect });
      clock.advance(BEAT);
      assert.deepEqual(sink.chunks, [text, form]);
    }
  });

  it('end with the terminal event', () => {
    const { clock, sink } = silent(anthropicEvents.join(''));
    clock.advance(3 * BEAT);
    assert.equal(sink.chunks.length, 1);
  });

  it('are padded for proxies that collect, and stay comments', () => {
    const { clock, sink } = silent(messageStart, { options: { padBytes: 2048 } });
    clock.advance(BEAT);
    const [, beat = ''] = sink.chunks;
    assert.equal(beat.length, 2048);
    assert.match(beat, /^: +\nevent: ping\n/);
  });

  it('are left out by a route that does not want them', () => {
    const { clock, sink, sweep } = silent(messageStart, { options: { everyMs: Infinity } });
    clock.advance(10 * BEAT);
    assert.equal(sink.chunks.length, 1);
    assert.equal(sweep.size, 0);
  });
});

describe('heartbeats and answers that must not be touched', () => {
  const untouched: readonly (readonly [string, string, object, string])[] = [
    ['JSON', 'openai-chat', { 'content-type': 'application/json' }, '{"id":'],
    ['a compressed stream', 'openai-chat', { ...EVENTS, 'content-encoding': 'gzip' }, 'x'],
    ['JSON lines', 'ndjson', { 'content-type': 'application/x-ndjson' }, ollamaLines[0] ?? ''],
    ['lines of a model API', 'openai-chat', { 'content-type': 'application/jsonl' }, '{}\n'],
    ['events of no known dialect', 'plain', EVENTS, 'data: 1\n\n'],
    ['text', 'sse', { 'content-type': 'text/plain' }, 'x\n\n'],
  ];
  for (const [what, dialect, fields, text] of untouched) {
    it(`leave ${what} alone and watch it no longer`, () => {
      const { clock, sink, sweep } = silent(text, { dialect }, fields);
      assert.equal(sweep.size, 0);
      clock.advance(10 * BEAT);
      assert.deepEqual(sink.chunks, [text]);
    });
  }

  it('leave a stream of declared length alone', () => {
    const { clock, sink, upstream, sweep } = rig(byHand);
    const fields = { ...EVENTS, 'content-length': '5000' };
    upstream.last.start(testHead(200, fields, 'length'));
    upstream.last.chunk(messageStart);
    clock.advance(10 * BEAT);
    assert.equal(sink.chunks.length, 1);
    assert.equal(sweep.size, 0);
  });

  it('put blank lines between JSON lines only where that was asked for', () => {
    const [line = ''] = ollamaLines;
    const fields = { 'content-type': 'application/x-ndjson' };
    const settings = { dialect: 'ndjson', options: { ndjsonBlankLines: true } };
    const { clock, sink, upstream } = silent(line, settings, fields);
    clock.advance(BEAT);
    upstream.last.chunk('{"half":');
    clock.advance(3 * BEAT);
    assert.deepEqual(sink.chunks, [line, '\n', '{"half":']);
  });

  it('put spaces in front of JSON, never into it, where that was asked for', () => {
    const fields = { 'content-type': 'application/json' };
    const settings = { dialect: 'openai-chat', options: { jsonWhitespace: true } };
    const { clock, sink, upstream } = silent('', settings, fields);
    clock.advance(BEAT);
    upstream.last.chunk('{"id":"x"');
    clock.advance(3 * BEAT);
    upstream.last.chunk('}');
    upstream.last.end();
    assert.deepEqual(sink.chunks, [' ', '{"id":"x"', '}']);
    assert.equal(sink.ended, true);
  });
});

describe('heartbeats and who is silent', () => {
  it('never go to a caller whose socket is full', () => {
    const { clock, sink, upstream } = silent(messageStart);
    sink.pause();
    assert.equal(upstream.last.paused, true);
    clock.advance(10 * BEAT);
    assert.equal(sink.chunks.length, 1);
    sink.resume();
    assert.equal(upstream.last.paused, false);
    clock.advance(EVERY - 1);
    assert.equal(sink.chunks.length, 1, 'what was waiting has only just gone out');
    clock.advance(2 * SWEEP_EVERY_MS);
    assert.equal(sink.chunks.length, 2);
  });

  it('stop when the upstream has been silent beyond its limit', () => {
    const limits = { ...patient, byteIdleMs: 2 * EVERY };
    const { clock, sink } = silent(messageStart, { route: { limits } });
    clock.advance(20 * BEAT);
    assert.equal(sink.chunks.length, 2);
  });

  it('stop when the upstream has done nothing but ping beyond its limit', () => {
    const limits = { ...patient, progressIdleMs: 3 * EVERY };
    const { clock, sink, upstream } = silent(messageStart + blockStart, { route: { limits } });
    for (let at = 0; at < 8; at += 1) {
      clock.advance(BEAT);
      upstream.last.chunk(PING);
    }
    clock.advance(BEAT);
    assert.equal(sink.chunks.filter((text) => text === PING).length, 8 + 2);
  });

  it('hold to the shorter limit of upstreams that have pinged', () => {
    const limits = { ...patient, byteIdleAfterPingMs: 2 * EVERY };
    const { clock, sink } = silent(messageStart + PING, { route: { limits } });
    clock.advance(20 * BEAT);
    assert.equal(sink.chunks.length, 2);
  });

  it('have the patience of the most patient target of the route', () => {
    const limits = { ...patient, byteIdleMs: 2 * EVERY };
    const targets = [
      testTarget(1, { route: { limits: testLimits } }),
      testTarget(2, { route: { limits: { ...patient, byteIdleMs: 5 * EVERY } } }),
    ];
    const { clock, sink } = silent(messageStart, { route: { limits, targets } });
    clock.advance(20 * BEAT);
    assert.equal(sink.chunks.length, 1 + 4);
  });

  it('do not cover a pause that is not the caller’s', () => {
    const { clock, sink, call } = silent(messageStart);
    call.timeline.pause(clock.now());
    clock.advance(5 * BEAT);
    assert.equal(sink.chunks.length, 1);
  });
});

describe('the heartbeat layer', () => {
  it('leaves the sweep at the end, at a failure and when the caller leaves', () => {
    const endings: ((rig: Rig) => void)[] = [
      ({ upstream }) => upstream.last.end(),
      ({ upstream }) => upstream.last.fail('STREAM_CUT'),
      ({ call }) => call.cancellation.cancel(new CallError('CALLER_GONE')),
    ];
    for (const ending of endings) {
      for (const made of [silent(messageStart), rig(byHand)]) {
        if (made.sink.head === undefined && ending === endings[0]) continue;
        assert.equal(made.sweep.size, 1);
        ending(made);
        assert.equal(made.sink.isOver, true);
        assert.equal(made.sweep.size, 0);
        made.clock.advance(5 * BEAT);
      }
    }
  });

  it('passes answers that are given at once, heads of 1xx and trailers', () => {
    const { sink, sweep } = rig({
      interim: [103],
      headers: EVENTS,
      chunks: anthropicEvents,
      trailers: { 'x-sum': '1' },
    });
    assert.equal(sink.text, anthropicEvents.join(''));
    assert.equal(sink.story[0], 'interim 103');
    assert.equal(sink.trailers?.get('x-sum'), '1');
    assert.equal(sweep.size, 0);
  });

  it('watches nothing before the head where routes never commit', () => {
    const { sweep, upstream, told, clock } = rig(byHand, { options: { commitAfterMs: Infinity } });
    assert.equal(sweep.size, 0);
    clock.advance(100_000);
    upstream.last.start(testHead(200, EVENTS));
    assert.equal(sweep.size, 1);
    assert.deepEqual(told, []);
  });
});
