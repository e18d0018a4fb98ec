import { deepEqual, equal } from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chatChunk } from '../samples.ts';
import type { AnswerEvent } from './answer-events.ts';
import { documented, normal, streamed } from './answers.fixture.ts';

type Entry = Record<string, unknown>;

const chunk = (...calls: Entry[]): string => chatChunk({ tool_calls: calls }, null);
const fn = (name: string | undefined, args: unknown): Entry => ({
  function: name === undefined ? { arguments: args } : { name, arguments: args },
});
const read = (...chunks: string[]): AnswerEvent[] =>
  streamed('openai-chat', `${chunks.join('')}${chatChunk({}, 'tool_calls')}data: [DONE]\n\n`);
const callsOf = (events: readonly AnswerEvent[]): unknown[] =>
  normal('openai-chat', events).blocks.map(({ id, name, text }) => [id, name, text]);
const orderOf = (events: readonly AnswerEvent[]): string =>
  events.flatMap((event) => (event.type.startsWith('tool') ? [event.type] : [])).join(' ');

describe('calls in chunks', () => {
  it('are told fragment by fragment', () => {
    const events = read(
      chunk({ index: 0, id: 'a', ...fn('f', '') }),
      chunk({ index: 0, ...fn(undefined, '{"x"') }),
      chunk({ index: 0, ...fn(undefined, ':1}') }),
    );
    equal(orderOf(events), 'tool-start tool-arguments tool-arguments tool-end');
    deepEqual(callsOf(events), [['a', 'f', '{"x":1}']]);
  });

  it('are so few that nobody is kept busy by calls that never begin', () => {
    const named = Array.from({ length: 1_024 }, (_none, index) => ({ index, ...fn('f', '{}') }));
    equal(callsOf(read(chunk(...named))).length, 1_024);
    const empty = Array.from({ length: 1_025 }, (_none, index) => ({ index }));
    const last = read(chunk(...empty)).at(-1);
    equal(last?.type === 'error' && last.error.class, 'server');
  });

  it('end when another begins and their arguments are complete', () => {
    const events = read(
      chunk({ index: 0, id: 'a', ...fn('f', '{"x":1}') }),
      chunk({ index: 1, id: 'b', ...fn('g', '{') }),
      chunk({ index: 1, ...fn(undefined, '}') }),
    );
    equal(
      orderOf(events),
      'tool-start tool-arguments tool-end tool-start tool-arguments tool-arguments tool-end',
    );
  });

  it('stay open while their fragments interleave', () => {
    const events = read(
      chunk({ index: 0, id: 'a', ...fn('f', '{"x"') }, { index: 1, id: 'b', ...fn('g', '{"y"') }),
      chunk({ index: 1, ...fn(undefined, ':2}') }, { index: 0, ...fn(undefined, ':1}') }),
    );
    deepEqual(callsOf(events), [
      ['a', 'f', '{"x":1}'],
      ['b', 'g', '{"y":2}'],
    ]);
  });

  it('are told apart by id where all have index 0, or none', () => {
    for (const index of [{ index: 0 }, {}]) {
      const events = read(
        chunk({ ...index, id: 'a', ...fn('f', '{}') }),
        chunk({ ...index, id: 'b', ...fn('f', '{"y":2}') }),
      );
      deepEqual(callsOf(events), [
        ['a', 'f', '{}'],
        ['b', 'f', '{"y":2}'],
      ]);
    }
  });

  it('may repeat id and name in each fragment', () => {
    const events = read(
      chunk({ index: 0, id: 'a', ...fn('f', '{"x"') }),
      chunk({ index: 0, id: 'a', ...fn('f', ':1}') }),
      chunk({ index: 0, id: '', ...fn('', '') }),
    );
    deepEqual(callsOf(events), [['a', 'f', '{"x":1}']]);
  });

  it('wait for a late name with their arguments', () => {
    const events = read(
      chunk({ index: 0, id: 'a', function: { arguments: '{"x"' } }),
      chunk({ index: 0, ...fn('f', ':1}') }),
    );
    deepEqual(callsOf(events), [['a', 'f', '{"x":1}']]);
  });

  it('are given ids where the server has none, the same at each decoding', () => {
    const events = read(
      chunk({ index: 0, ...fn('f', '{}') }),
      chunk({ index: 1, ...fn('g', '{}') }),
    );
    const id = 'chatcmpl-CfTz1a2b3c4d5e6f7g8h9i';
    deepEqual(callsOf(events), [
      [`call_${id}_0`, 'f', '{}'],
      [`call_${id}_1`, 'g', '{}'],
    ]);
  });

  it('begin anew on an index whose call has ended, if there is a name', () => {
    const events = read(
      chunk({ index: 0, id: 'a', ...fn('f', '{}') }),
      chatChunk({ content: 'and' }, null),
      chunk({ index: 0, ...fn(undefined, '') }),
      chunk({ index: 0, ...fn('f', '{"y":1}') }),
    );
    const calls = normal('openai-chat', events).blocks.filter(({ kind }) => kind === 'tool');
    deepEqual(
      calls.map(({ name, text }) => [name, text]),
      [
        ['f', '{}'],
        ['f', '{"y":1}'],
      ],
    );
  });

  it('take arguments that are values, and calls of the older form', () => {
    deepEqual(callsOf(read(chunk({ index: 0, id: 'a', ...fn('f', { x: 1 }) }))), [
      ['a', 'f', '{"x":1}'],
    ]);
    const old = chatChunk({ function_call: { name: 'f', arguments: '{"x"' } }, null);
    const events = read(old, chatChunk({ function_call: { arguments: ':1}' } }, 'function_call'));
    equal(callsOf(events).length, 1);
    equal(normal('openai-chat', events).finish, 'tool-calls');
  });

  it('without a name are an error, for nobody could answer them', () => {
    const events = read(chunk({ index: 0, id: 'a', ...fn(undefined, '{}') }));
    equal(events.at(-1)?.type, 'error');
  });

  it('of a document are told in order', () => {
    const calls = [
      { id: 'a', type: 'function', function: { name: 'f', arguments: '' } },
      { id: 'b', type: 'function', function: { name: 'g', arguments: '{"y":2}' } },
    ];
    const message = { role: 'assistant', content: null, tool_calls: calls };
    const choices = [{ index: 0, message, finish_reason: 'tool_calls' }];
    deepEqual(callsOf(documented('openai-chat', JSON.stringify({ id: 'c', choices }))), [
      ['a', 'f', '{}'],
      ['b', 'g', '{"y":2}'],
    ]);
  });
});
