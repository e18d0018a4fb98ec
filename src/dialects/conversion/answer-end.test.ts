// When an answer is said to be whole: never without a reason to finish, never without what closes
// it, unless its upstream is known to leave such things out.

import { deepEqual, equal } from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chatChunk, typedEvent } from '../samples.ts';
import type { AnswerEvent, ModelDialect } from './answer-events.ts';
import { documented, normal, streamed } from './answers.fixture.ts';

const typesOf = (events: readonly AnswerEvent[]): string =>
  events.map((event) => event.type).join(' ');
/** How the answer ended: `whole`, `lenient`, or what came last of a cut one. */
function ending(events: readonly AnswerEvent[]): string {
  const last = events.at(-1);
  if (last?.type !== 'end') return `cut behind ${last?.type}`;
  return last.lenient === true ? 'lenient' : 'whole';
}

const done = 'data: [DONE]\n\n';
const stop = typedEvent({ type: 'message_stop' });
const started = typedEvent({ type: 'message_start', message: { id: 'msg_1', model: 'm' } });
const word =
  typedEvent({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }) +
  typedEvent({
    type: 'content_block_delta',
    index: 0,
    delta: { type: 'text_delta', text: 'half an ans' },
  }) +
  typedEvent({ type: 'content_block_stop', index: 0 });
const finished = typedEvent({ type: 'message_delta', delta: { stop_reason: 'end_turn' } });
const half = chatChunk({ content: 'half an ans' }, null);

describe('the end of a stream', () => {
  const cases: readonly (readonly [string, ModelDialect, string, string, string])[] = [
    ['Chat, whole', 'openai-chat', half + chatChunk({}, 'stop') + done, 'whole', 'whole'],
    ['Chat without a reason', 'openai-chat', half + done, 'cut behind text', 'lenient'],
    ['Chat without a mark', 'openai-chat', chatChunk({}, 'stop'), 'cut behind finish', 'lenient'],
    ['Chat without either', 'openai-chat', half, 'cut behind text', 'cut behind text'],
    ['Messages, whole', 'anthropic', started + word + finished + stop, 'whole', 'whole'],
    ['Messages without a reason', 'anthropic', started + word + stop, 'cut behind text', 'lenient'],
    [
      'Messages without a stop',
      'anthropic',
      started + word + finished,
      'cut behind finish',
      'lenient',
    ],
    ['Messages without either', 'anthropic', started + word, 'cut behind text', 'cut behind text'],
    [
      'Responses without its closing event',
      'openai-responses',
      typedEvent({ type: 'response.created', response: { id: 'resp_1' } }) +
        typedEvent({ type: 'response.output_text.done', output_index: 0, text: 'half' }),
      'cut behind text',
      'cut behind text',
    ],
  ];
  for (const [name, dialect, text, strictly, leniently] of cases) {
    it(`is ${strictly}, of a lenient upstream ${leniently}: ${name}`, () => {
      equal(ending(streamed(dialect, text)), strictly);
      equal(ending(streamed(dialect, text, [], true)), leniently);
    });
  }

  it('has a reason and closed calls also where the upstream gave none', () => {
    const call = chatChunk({ tool_calls: [{ index: 0, id: 'a', function: { name: 'f' } }] }, null);
    const events = streamed('openai-chat', call + done, [], true);
    equal(typesOf(events), 'start tool-start tool-end finish end');
    deepEqual(typesOf(streamed('openai-chat', done, [], true)), '');
  });

  it('is not moved by what follows a mark that came too early', () => {
    const events = streamed('openai-chat', half + done + chatChunk({}, 'length') + done);
    equal(normal('openai-chat', events).finish, 'length');
    equal(ending(events), 'whole');
  });
});

describe('the end of a document', () => {
  const chat = (finish: string | null): object => ({
    id: 'c',
    choices: [{ index: 0, message: { content: 'half an ans' }, finish_reason: finish }],
  });
  const message = (reason: string | null): object => ({
    id: 'msg_1',
    type: 'message',
    content: [{ type: 'text', text: 'half an ans' }],
    stop_reason: reason,
  });
  const output = [{ type: 'message', content: [{ type: 'output_text', text: 'half an ans' }] }];
  const cases: readonly (readonly [ModelDialect, object, object])[] = [
    ['openai-chat', chat('stop'), chat(null)],
    ['anthropic', message('end_turn'), message(null)],
    [
      'openai-responses',
      { object: 'response', status: 'completed', output },
      { object: 'response', output },
    ],
  ];
  for (const [dialect, whole, cut] of cases) {
    it(`is told only with a reason, or by a lenient upstream: ${dialect}`, () => {
      equal(ending(documented(dialect, JSON.stringify(whole))), 'whole');
      equal(ending(documented(dialect, JSON.stringify(cut))), 'cut behind text');
      const events = documented(dialect, JSON.stringify(cut), [], true);
      equal(ending(events), 'lenient');
      equal(normal(dialect, events).finish, 'stop');
    });
  }
});
