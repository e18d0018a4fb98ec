// Converted answers as the official SDKs put them together, which is what callers see of them.

import { deepEqual, equal, ok, rejects } from 'node:assert/strict';
import { describe, it } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { anthropicEvents, chatEvents, responsesEvents } from '../samples.ts';
import type { AnswerEvent, AskedFor, ModelDialect } from './answer-events.ts';
import { encoded, streamed } from './answers.fixture.ts';
import { encodeError } from './encode-error.ts';

const samples: Readonly<Record<ModelDialect, readonly string[]>> = {
  anthropic: anthropicEvents,
  'openai-chat': chatEvents,
  'openai-responses': responsesEvents,
};

/** What the sample of an upstream says. */
const said: Readonly<
  Record<ModelDialect, { text: string; call?: [string, string, unknown]; output: number }>
> = {
  anthropic: {
    text: 'I will look.\n\ndata: [DONE]\n\n',
    call: ['toolu_01T1x1fJ34qAmk2tNTrN7Up6', 'Read', { path: 'a\\b', usage: { x: 1 } }],
    output: 89,
  },
  'openai-chat': {
    text: 'Hello "quoted" \\ and ,"finish_reason":"stop"}]} é 😀\n\ndata: [DONE]\n\n',
    call: ['call_9rZ', 'f', { a: 'b' }],
    output: 10,
  },
  'openai-responses': { text: 'Hi "you"\n', output: 11 },
};
const input: Readonly<Record<ModelDialect, number>> = {
  anthropic: 25 + 300 + 2048,
  'openai-chat': 19,
  'openai-responses': 37,
};

/** A fetch that answers once with `body`. */
function answering(body: string, contentType: string, status = 200): typeof fetch {
  return () =>
    Promise.resolve(new Response(body, { status, headers: { 'content-type': contentType } }));
}

const EVENTS = 'text/event-stream; charset=utf-8';
const typeOf = (stream: boolean): string => (stream ? EVENTS : 'application/json');

const anthropicClient = (fetching: typeof fetch): Anthropic =>
  new Anthropic({ apiKey: 'k', fetch: fetching, maxRetries: 0 });
const openAiClient = (fetching: typeof fetch): OpenAI =>
  new OpenAI({ apiKey: 'k', fetch: fetching, maxRetries: 0 });

const message: Anthropic.MessageCreateParamsNonStreaming = {
  model: 'm',
  max_tokens: 9,
  messages: [{ role: 'user', content: 'x' }],
};
const chat = { model: 'm', messages: [{ role: 'user' as const, content: 'x' }] };

type Convert = (caller: ModelDialect, more?: Partial<AskedFor>) => string;

for (const [upstream, sample] of Object.entries(samples) as [ModelDialect, string[]][]) {
  const events: AnswerEvent[] = streamed(upstream, sample.join(''));
  const convert: Convert = (caller, more) =>
    encoded(caller, events, { wantsReasoning: false, ...more });
  const { text, call, output } = said[upstream];

  describe(`an answer of ${upstream}, read by an SDK`, () => {
    for (const stream of [true, false]) {
      const form = stream ? 'streamed' : 'whole';

      it(`is a message, ${form}`, async () => {
        const client = anthropicClient(answering(convert('anthropic', { stream }), typeOf(stream)));
        const got = stream
          ? await client.messages.stream(message).finalMessage()
          : await client.messages.create(message);
        deepEqual(
          got.content.map((block) => (block.type === 'text' ? block.text : block.type)),
          call === undefined ? [text] : [text, 'tool_use'],
        );
        const use = got.content.find((block) => block.type === 'tool_use');
        deepEqual(use && [use.id, use.name, use.input], call);
        equal(got.stop_reason, call === undefined ? 'end_turn' : 'tool_use');
        equal(got.model, 'asked-model');
        const { usage } = got;
        equal(usage.output_tokens, output);
        const cached =
          (usage.cache_read_input_tokens ?? 0) + (usage.cache_creation_input_tokens ?? 0);
        equal(usage.input_tokens + cached, input[upstream]);
      });

      it(`is a chat completion, ${form}`, async () => {
        const client = openAiClient(answering(convert('openai-chat', { stream }), typeOf(stream)));
        const got = stream
          ? await client.chat.completions.stream(chat).finalChatCompletion()
          : await client.chat.completions.create(chat);
        const [choice] = got.choices;
        equal(choice?.message.content, text);
        const [made] = choice?.message.tool_calls ?? [];
        const its = made?.type === 'function' ? made.function : undefined;
        deepEqual(its && [made?.id, its.name, JSON.parse(its.arguments)], call);
        equal(choice?.finish_reason, call === undefined ? 'stop' : 'tool_calls');
        deepEqual(
          [got.usage?.prompt_tokens, got.usage?.completion_tokens],
          [input[upstream], output],
        );
      });

      it(`is a response, ${form}`, async () => {
        const client = openAiClient(
          answering(convert('openai-responses', { stream }), typeOf(stream)),
        );
        const ask = { model: 'm', input: 'x' };
        const got = stream
          ? await client.responses.stream(ask).finalResponse()
          : await client.responses.create(ask);
        equal(got.status, 'completed');
        equal(got.output_text, text);
        const made = got.output.flatMap((item) =>
          item.type === 'function_call'
            ? [[item.call_id, item.name, JSON.parse(item.arguments)]]
            : [],
        );
        deepEqual(made, call === undefined ? [] : [call]);
        deepEqual([got.usage?.input_tokens, got.usage?.output_tokens], [input[upstream], output]);
      });
    }

    it('adds up to the same response event by event', async () => {
      const body = convert('openai-responses', { wantsReasoning: true });
      const last = body.trimEnd().lastIndexOf('\n\nevent: ');
      const client = openAiClient(answering(body.slice(0, last + 2), EVENTS));
      const added = await client.responses.stream({ model: 'm', input: 'x' }).finalResponse();
      const whole = JSON.parse(body.slice(body.indexOf('data: ', last) + 6)) as {
        response: { output: unknown[] };
      };
      const plain = JSON.stringify(added.output, (name, value: unknown) =>
        name === 'parsed' || name === 'parsed_arguments' ? undefined : value,
      );
      deepEqual(JSON.parse(plain), whole.response.output);
    });

    it('shows thoughts to who asked for them', async () => {
      const body = convert('anthropic', { wantsReasoning: true });
      const { content } = await anthropicClient(answering(body, EVENTS))
        .messages.stream(message)
        .finalMessage();
      const thinking = content.find((block) => block.type === 'thinking');
      equal(thinking !== undefined, upstream === 'anthropic');
      equal(
        thinking?.signature,
        upstream === 'anthropic' ? 'EqQBCgIYAhIM1gbcDa9GJwZA2b3hGgxBdjrkzLoky3dl' : undefined,
      );
    });

    it('throws what fails in the middle', async () => {
      const error = { class: 'rate-limit', message: 'slow down, please', status: 429 } as const;
      const cut = [...events.slice(0, 3), { type: 'error', error } as const];
      const failing = (caller: ModelDialect): typeof fetch =>
        answering(encoded(caller, cut), EVENTS);
      await rejects(
        anthropicClient(failing('anthropic')).messages.stream(message).finalMessage(),
        /rate_limit_error.*slow down, please/,
      );
      await rejects(
        openAiClient(failing('openai-chat')).chat.completions.stream(chat).finalChatCompletion(),
        /slow down, please/,
      );
      const response = await openAiClient(failing('openai-responses'))
        .responses.stream({ model: 'm', input: 'x' })
        .finalResponse();
      deepEqual([response.status, response.error?.code], ['failed', 'rate_limit_exceeded']);
    });
  });
}

describe('a whole error, read by an SDK', () => {
  const error = { class: 'overloaded', message: 'no room', status: 503 } as const;

  it('is the exception of its status', async () => {
    const anthropic = encodeError('anthropic', error, 'req_1');
    const client = anthropicClient(
      answering(anthropic.body, anthropic.contentType, anthropic.status),
    );
    await rejects(client.messages.create(message), (thrown) => {
      ok(thrown instanceof Anthropic.InternalServerError);
      deepEqual([thrown.status, thrown.type], [529, 'overloaded_error']);
      return true;
    });
    const openAi = encodeError('openai-chat', error, 'req_1');
    const other = openAiClient(answering(openAi.body, openAi.contentType, openAi.status));
    await rejects(other.chat.completions.create(chat), (thrown) => {
      ok(thrown instanceof OpenAI.InternalServerError);
      deepEqual([thrown.status, thrown.code], [503, 'service_unavailable']);
      return true;
    });
  });
});
