import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chatChunk, typedEvent } from '../samples.ts';
import { ANSWER_CHARS_MAX } from './answer-teller.ts';
import { dataOf, modelDialects } from './answers.fixture.ts';
import { AnswerRig } from './model-answer.fixture.ts';

const FILL = 'x'.repeat(1_048_576);
/** More reads with so much text than an answer may hold. */
const TOO_MANY = 2 * (ANSWER_CHARS_MAX / FILL.length);
const calls = (...entries: object[]): string => chatChunk({ tool_calls: entries }, null);
const fragment = (index: number, id: string | undefined, text: string): object => ({
  index,
  id,
  function: { name: `f${index}`, arguments: text },
});

describe('the answer of a model', () => {
  it('is no success when it is a document of something else', () => {
    const others = ['{}', '{"hello":"world"}', '{"id":"x","status":"completed"}', '{"type":"m"}'];
    for (const from of modelDialects) {
      for (const to of modelDialects) {
        for (const text of others) {
          const rig = new AnswerRig(from, to, { stream: false });
          equal(rig.feed(text), undefined);
          equal(rig.head?.status, 500, `${to} ${text}`);
          equal(rig.failure, 'api_error');
          equal(rig.answer.progress.terminal, false);
        }
      }
    }
  });

  it('fails when its text has no end, since its closing event would repeat it', () => {
    for (const from of modelDialects) {
      const rig = new AnswerRig(from, 'openai-chat');
      equal(rig.feed(chatChunk({ content: FILL }, null), TOO_MANY), undefined);
      equal(rig.failure, 'api_error');
      match(rig.last, /larger than \d+ characters/);
      ok(!/message_stop|DONE|response\.completed/.test(rig.last));
    }
  });

  it('fails when the arguments of a call have no end, be it told or not', () => {
    for (const id of ['call_1', undefined]) {
      const rig = new AnswerRig('openai-chat', 'openai-chat');
      rig.feed(calls(fragment(0, id, FILL)), TOO_MANY);
      equal(rig.failure, 'api_error');
      match(rig.last, /larger than \d+ characters/);
    }
  });

  it('has failed, and did not end, when its calls could not be put in order', () => {
    const rig = new AnswerRig('anthropic', 'openai-chat');
    const first = calls(fragment(0, 'a', '{'));
    const second = calls(fragment(1, 'b', FILL));
    rig.feed(first + second.repeat(20) + chatChunk({}, 'tool_calls') + 'data: [DONE]\n\n');
    equal(rig.failure, 'api_error');
    equal(rig.answer.progress.terminal, false);
    match(rig.last, /^event: error\n/);
  });

  it('counts tokens of a cache that only its first event tells', () => {
    const message = { id: 'msg_1', usage: { input_tokens: 10, cache_read_input_tokens: 90 } };
    const delta = { stop_reason: 'end_turn', stop_sequence: null };
    const rig = new AnswerRig('openai-chat', 'anthropic', { includeUsage: true });
    const start = typedEvent({ type: 'message_start', message });
    rig.feed(
      start +
        typedEvent({ type: 'message_delta', delta, usage: { input_tokens: 10, output_tokens: 5 } }),
    );
    equal(rig.answer.progress.inputTokens, 100);
    equal(rig.answer.progress.outputTokens, 5);
    equal(rig.answer.progress.cachedTokens, 90);
  });

  it('comes without the fields of the body that it was', () => {
    const fields = [
      ['repr-digest', 'sha-256=:AA==:'],
      ['content-length', '9'],
      ['request-id', 'r'],
    ] as const;
    const rig = new AnswerRig('openai-chat', 'openai-chat', {}, { fields });
    rig.feed(chatChunk({ content: 'a' }, null));
    deepEqual([...(rig.head?.headers ?? [])].map(([name]) => name).toSorted(), [
      'cache-control',
      'content-type',
      'x-request-id',
    ]);
    equal(dataOf(rig.text).length > 0, true);
  });
});
