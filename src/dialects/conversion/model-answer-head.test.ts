// When a converted answer gets its head, and what is known of it beside its events.

import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CallError } from '../../core/errors.ts';
import { openaiResponsesDialect } from '../openai-responses.ts';
import { chatChunk, namelessEvent, typedEvent } from '../samples.ts';
import type { ModelDialect } from './answer-events.ts';
import { dataOf, modelDialects } from './answers.fixture.ts';
import { AnswerRig } from './model-answer.fixture.ts';

/** The events of one stream in each format. */
interface Stream {
  readonly start: string;
  readonly ping: string;
  readonly word: string;
  /** Thoughts, which count as content also where nobody asked for them. */
  readonly thought: string;
  /** An error of class rate-limit. */
  readonly error: string;
  /** The reason to finish. */
  readonly finish: string;
  readonly closing: string;
}

const message = 'Slow down, please.';
const part = { item_id: 'i', output_index: 0, content_index: 0 };
const streams: Readonly<Record<ModelDialect, Stream>> = {
  anthropic: {
    // Its counts are no content.
    start: typedEvent({
      type: 'message_start',
      message: { id: 'msg_1', model: 'claude-x', usage: { input_tokens: 3 } },
    }),
    ping: typedEvent({ type: 'ping' }),
    word: typedEvent({
      type: 'content_block_delta',
      index: 0,
      delta: { type: 'text_delta', text: 'word' },
    }),
    thought: typedEvent({
      type: 'content_block_delta',
      index: 0,
      delta: { type: 'thinking_delta', thinking: 'hm' },
    }),
    error: typedEvent({ type: 'error', error: { type: 'rate_limit_error', message } }),
    finish: typedEvent({ type: 'message_delta', delta: { stop_reason: 'end_turn' } }),
    closing: typedEvent({ type: 'message_stop' }),
  },
  'openai-chat': {
    start: chatChunk({ role: 'assistant', content: '' }, null),
    ping: ': ping\n\n',
    word: chatChunk({ content: 'word' }, null),
    thought: chatChunk({ reasoning_content: 'hm' }, null),
    error: namelessEvent({ error: { message, code: 'rate_limit_exceeded' } }),
    finish: chatChunk({}, 'stop'),
    closing: 'data: [DONE]\n\n',
  },
  'openai-responses': {
    start: typedEvent({ type: 'response.created', response: { id: 'resp_1', model: 'gpt-x' } }),
    ping: typedEvent({ type: 'keepalive' }),
    word: typedEvent({ type: 'response.output_text.delta', ...part, delta: 'word' }),
    thought: typedEvent({
      type: 'response.reasoning_text.delta',
      item_id: 'i',
      output_index: 0,
      content_index: 0,
      delta: 'hm',
    }),
    error: typedEvent({
      type: 'response.failed',
      response: { id: 'resp_1', error: { code: 'rate_limit_exceeded', message } },
    }),
    finish: '',
    closing: typedEvent({ type: 'response.completed', response: { id: 'resp_1' } }),
  },
};

const openings: Readonly<Record<ModelDialect, RegExp>> = {
  anthropic: /^event: message_start\n/,
  'openai-chat': /^data: \{"id":"chatcmpl-[^]*"role":"assistant"/,
  'openai-responses': /^event: response.created\n/,
};
const closings = /message_stop|\[DONE\]|response\.completed/;

for (const from of modelDialects) {
  for (const to of modelDialects) {
    const { start, ping, word, thought, error, finish, closing } = streams[to];
    const rig = (own = {}, options = {}): AnswerRig => new AnswerRig(from, to, own, options);

    describe(`a stream of ${to} for a caller of ${from}`, () => {
      it('has no head before its first content', () => {
        const one = rig();
        one.say(start);
        equal(one.status, 0);
        equal(one.text, '');
        one.say(word);
        equal(one.status, 200);
        match(one.text, openings[from]);
        match(one.text, /word/);
      });

      it('keeps the status of an error that comes before any content', () => {
        const one = rig();
        one.say(start + error);
        equal(one.answer.finish(), undefined);
        equal(one.status, 429);
        equal(one.head?.headers.get('content-type'), 'application/json');
        equal(JSON.parse(one.text).error.message, message);
        equal(one.failure, 'rate_limit_error');
        equal(one.answer.close(), true);
      });

      it('tells an error behind its first content inside', () => {
        const one = rig();
        one.say(start + word + error);
        equal(one.status, 200);
        match(one.text, /word[^]*Slow down/);
        ok(!closings.test(one.text));
      });

      it('begins with a sign of life, which could not be given otherwise', () => {
        const one = rig();
        one.say(ping + start);
        equal(one.status, 0, 'a ping in front of the start begins nothing');
        one.say(ping);
        equal(one.status, 200);
        match(one.text, openings[from]);
      });

      it('begins when it is told to, with what has come', () => {
        const one = rig();
        one.answer.begin();
        equal(one.status, 0);
        one.say(start);
        one.answer.begin();
        equal(one.status, 200);
        match(one.text, openings[from]);
        const before = one.text;
        one.answer.begin();
        equal(one.text, before);
        one.say(word);
        equal(one.text.match(new RegExp(openings[from].source, 'gm'))?.length, 1);
      });

      it('begins with thoughts, also where the caller does not see them', () => {
        const one = rig({ wantsReasoning: false });
        one.say(start + thought);
        equal(one.status, 200);
        match(one.text, openings[from]);
        ok(!one.text.includes('"hm"'));
      });

      it('says nothing that names it before its head', () => {
        const one = rig();
        one.say(start);
        equal(one.answer.progress.messageId, undefined);
        one.say(word);
        ok(one.answer.progress.messageId !== undefined);
      });

      it('is closed by us only when its content is whole', () => {
        const one = rig();
        one.say(start + word);
        equal(one.answer.close(), false);
        ok(!closings.test(one.text));
        one.say(finish);
        if (finish === '') one.say(closing);
        equal(one.answer.close(), true);
        match(one.text, closings);
        equal(one.answer.progress.terminal, true);
        const before = one.text;
        one.say(word + error);
        equal(one.answer.finish(), undefined);
        equal(one.text, before, 'what follows is not heard');
        equal(one.failure, undefined);
      });

      it('is cut without a reason to finish, and never closed then', () => {
        const one = rig();
        one.say(start + word + (to === 'openai-responses' ? '' : closing));
        equal(one.answer.finish()?.code, 'STREAM_TRUNCATED');
        ok(!closings.test(one.text));
        equal(one.answer.close(), false);
      });

      // A Responses stream finishes with its closing event, so it cannot lack that alone.
      if (finish !== '') {
        it('is closed for a lenient upstream that leaves its closing out', () => {
          const one = rig({}, { lenient: true });
          one.say(start + word + finish);
          equal(one.answer.finish(), undefined);
          match(one.text, closings);
          equal(one.answer.progress.lenientEnd, true);
          const strict = rig();
          strict.say(start + word + finish);
          equal(strict.answer.finish()?.code, 'STREAM_TRUNCATED');
          equal(strict.answer.progress.lenientEnd, false);
        });
      }

      it('says whether its token counts were guessed', () => {
        const one = rig();
        one.say(start + word + finish + closing);
        // Anthropic's clients must be told numbers; to all others nothing is said of them.
        equal(one.answer.progress.tokensEstimated, from === 'anthropic');
        equal(one.answer.progress.outputTokens, -1);
      });
    });
  }
}

describe('the token counts of an answer', () => {
  it('are no guess where the upstream has counted', () => {
    const usage = { prompt_tokens: 9, completion_tokens: 2, total_tokens: 11 };
    const counted = new AnswerRig('anthropic', 'openai-chat');
    const { start, word, finish, closing } = streams['openai-chat'];
    counted.say(start + word + finish + namelessEvent({ choices: [], usage }) + closing);
    equal(counted.answer.progress.tokensEstimated, false);
    equal(counted.answer.progress.inputTokens, 9);
    equal(dataOf(counted.text).at(-2).usage.input_tokens, 9);
  });

  it('are a guess in documents as well', () => {
    const choices = [{ index: 0, message: { content: 'a' }, finish_reason: 'stop' }];
    const one = new AnswerRig('anthropic', 'openai-chat', { stream: false });
    equal(one.feed(JSON.stringify({ id: 'c', choices })), undefined);
    equal(JSON.parse(one.text).usage.input_tokens, 7);
    equal(one.answer.progress.tokensEstimated, true);
  });
});

describe('a document without a reason to finish', () => {
  const documents: Readonly<Record<ModelDialect, object>> = {
    anthropic: { id: 'm', content: [{ type: 'text', text: 'half' }], stop_reason: null },
    'openai-chat': { choices: [{ message: { content: 'half' }, finish_reason: null }] },
    'openai-responses': {
      output: [{ type: 'message', content: [{ type: 'output_text', text: 'half' }] }],
    },
  };
  for (const from of modelDialects) {
    for (const to of modelDialects) {
      it(`has no head, but for a lenient upstream: ${to} for ${from}`, () => {
        const text = JSON.stringify(documents[to]);
        const one = new AnswerRig(from, to, { stream: false });
        equal(one.feed(text)?.code, 'STREAM_TRUNCATED');
        equal(one.status, 0);
        const lenient = new AnswerRig(from, to, { stream: false }, { lenient: true });
        equal(lenient.feed(text), undefined);
        equal(lenient.status, 200);
        match(lenient.text, /half/);
        equal(lenient.answer.progress.lenientEnd, true);
      });
    }
  }
});

describe('a failure that the gateway puts into a Responses stream', () => {
  it('agrees with what the stream began with', () => {
    const one = new AnswerRig('openai-responses', 'anthropic');
    one.say(streams.anthropic.start + streams.anthropic.word);
    const [created] = dataOf(one.text);
    const words = openaiResponsesDialect.inStreamError(
      new CallError('STREAM_CUT'),
      one.answer.progress,
    );
    const [failed] = dataOf(words ?? '');
    equal(failed.type, 'response.failed');
    equal(failed.sequence_number, dataOf(one.text).length);
    const told = ['id', 'model', 'created_at'] as const;
    deepEqual(
      told.map((name) => failed.response[name]),
      told.map((name) => created.response[name]),
    );
    equal(failed.response.model, 'asked-model');
    equal(failed.response.created_at, 1_700_000_000);
    equal(one.answer.progress.model, 'claude-x', 'what is logged is who answered');
  });
});
