import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AnswerEvent } from './answer-events.ts';
import { dataOf, encoded, modelDialects } from './answers.fixture.ts';
import { randomIds } from './answer-ids.ts';
import { seededRandom } from '../../core/random.ts';
import {
  args,
  end,
  failure,
  finish,
  start,
  text,
  thought,
  toolEnd,
  toolStart,
  typesIn,
} from './answer-events.fixture.ts';

describe('every encoder', () => {
  it('ends a failed stream with the error in its own form and nothing after', () => {
    const wrote = (dialect: 'anthropic' | 'openai-chat' | 'openai-responses'): string =>
      encoded(dialect, [start, text('a'), failure('overloaded'), finish(), end]);
    const error = '{"type":"overloaded_error","message":"broken"}';
    ok(wrote('anthropic').endsWith(`event: error\ndata: {"type":"error","error":${error}}\n\n`));
    match(wrote('openai-chat'), /data: {"error":{"message":"broken",[^\n]*}}\n\n$/);
    const failed = dataOf(wrote('openai-responses')).at(-1);
    equal(failed?.type, 'response.failed');
    equal(failed?.response.status, 'failed');
    deepEqual(failed?.response.error, { code: 'service_unavailable', message: 'broken' });
  });

  it('says codes that Codex acts on', () => {
    for (const [kind, code] of [
      ['context-overflow', 'context_length_exceeded'],
      ['quota', 'insufficient_quota'],
      ['rate-limit', 'rate_limit_exceeded'],
    ] as const) {
      const [failed] = dataOf(encoded('openai-responses', [failure(kind)]));
      equal(failed?.response.error.code, code);
      match(failed?.response.id, /^resp_/);
    }
  });

  it('writes nothing for a document that fails', () => {
    for (const dialect of modelDialects) {
      equal(encoded(dialect, [start, text('a'), failure('server'), end], { stream: false }), '');
    }
  });

  it('leaves thoughts out unless they were asked for', () => {
    const signed: AnswerEvent = { type: 'reasoning', key: 'r', delta: '', signature: 'sig' };
    for (const dialect of modelDialects) {
      for (const stream of [true, false]) {
        const events: AnswerEvent[] = [start, thought, signed, text('a'), finish(), end];
        const asks = encoded(dialect, events, { stream });
        ok(asks.includes('"hm"'), dialect);
        equal(asks.includes('"signature":"sig"'), dialect === 'anthropic');
        ok(!encoded(dialect, events, { stream, wantsReasoning: false }).includes('hm'));
      }
    }
  });

  it('joins characters that were split over deltas, per block', () => {
    const events: AnswerEvent[] = [
      start,
      text('a\ud83d'),
      text('\ude00b'),
      toolStart('a'),
      toolStart('b'),
    ];
    const halves = [
      args('a', '"\ud83d'),
      args('b', '"\ud83d'),
      args('a', '\ude00"'),
      args('b', '\ude01"'),
    ];
    for (const dialect of modelDialects) {
      const all = [...events, ...halves, toolEnd('a'), toolEnd('b'), finish(), end];
      const stream = encoded(dialect, all);
      ok(stream.includes('"😀b"'), dialect);
      ok(stream.includes('"😀\\""') && stream.includes('"😁\\""'), dialect);
      ok(!/\\ud83d|\\ude00/.test(stream), dialect);
    }
  });

  it('writes a half that ends the arguments of a call', () => {
    for (const dialect of modelDialects) {
      const events = [start, toolStart('a'), args('a', 'x\ud83d'), toolEnd('a'), finish(), end];
      match(encoded(dialect, events), /\\ud83d/);
    }
  });

  it('writes a half that stays alone before the next block', () => {
    for (const dialect of modelDialects) {
      const stream = encoded(dialect, [start, text('a\ud83d'), text('b', 'u'), finish(), end]);
      match(stream, /"\\ud83d"[^]*"b"/);
    }
  });

  it('gives calls the names that the caller gave them', () => {
    const toolNames = new Map([['name_a', 'mcp__a_much_longer_name']]);
    for (const dialect of modelDialects) {
      for (const stream of [true, false]) {
        const events: AnswerEvent[] = [
          start,
          toolStart('a'),
          toolEnd('a'),
          finish('tool-calls'),
          end,
        ];
        const written = encoded(dialect, events, { toolNames, stream });
        ok(written.includes('"mcp__a_much_longer_name"') && !written.includes('name_a'));
      }
    }
  });

  it('does not speak of calls that were never made', () => {
    const events: AnswerEvent[] = [start, text('a'), finish('tool-calls'), end];
    match(encoded('anthropic', events), /"end_turn"/);
    match(encoded('openai-chat', events), /"finish_reason":"stop"/);
  });

  it('can write an answer without content', () => {
    deepEqual(typesIn(encoded('anthropic', [start, finish(), end])), [
      'message_start',
      'message_delta',
      'message_stop',
    ]);
    deepEqual(
      JSON.parse(encoded('anthropic', [start, finish(), end], { stream: false })).content,
      [],
    );
    const { choices } = JSON.parse(encoded('openai-chat', [start, end], { stream: false }));
    equal(choices[0].message.content, '');
  });

  it('writes no byte of a stream before its start, so that a status can still be chosen', () => {
    for (const dialect of modelDialects) equal(encoded(dialect, [{ type: 'ping' }]), '');
  });

  it('keeps an id that is of its own format', () => {
    const own: AnswerEvent = { type: 'start', id: 'chatcmpl-own', model: '' };
    equal(dataOf(encoded('openai-chat', [own]))[0]?.id, 'chatcmpl-own');
    match(randomIds(seededRandom(1))('msg_'), /^msg_[A-Za-z0-9]{24}$/);
  });
});
