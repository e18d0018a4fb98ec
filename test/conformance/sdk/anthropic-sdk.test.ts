// The official Anthropic SDK against every target: what a user of it relies on.

import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import Anthropic, {
  APIConnectionError,
  APIError,
  APIUserAbortError,
  AuthenticationError,
  BadRequestError,
  InternalServerError,
  NotFoundError,
  RateLimitError,
} from '@anthropic-ai/sdk';
import { allCallsOver, targetKinds } from './target.ts';
import type { Target } from './target.ts';

const weather: Anthropic.Tool = {
  name: 'get_weather',
  description: 'The weather in a city.',
  input_schema: {
    type: 'object',
    properties: { city: { type: 'string' } },
    required: ['city'],
  },
};

for (const kind of targetKinds) {
  describe(`@anthropic-ai/sdk ${kind.name}`, () => {
    let target: Target;
    let client: Anthropic;
    let model: string;

    before(async () => {
      target = await kind.open();
      client = new Anthropic({ baseURL: target.url, apiKey: 'k', maxRetries: 0 });
      model = target.models.anthropic;
    });
    after(() => target.close());

    const ask = (
      content: string,
      more: object = {},
    ): Anthropic.MessageCreateParamsNonStreaming => ({
      model,
      max_tokens: 500,
      messages: [{ role: 'user', content }],
      ...more,
    });

    it('gets a whole message with usage and request id', async () => {
      const message = await client.messages.create(ask('[[tokens=20]]'));
      equal(message.type, 'message');
      equal(message.stop_reason, 'end_turn');
      equal(message.usage.output_tokens, 20);
      match(message._request_id ?? '', /^req_/);
      ok(message.content[0]?.type === 'text' && message.content[0].text.length > 20);
    });

    it('streams events in order to the closing one', async () => {
      const stream = await client.messages.create({ ...ask('[[tokens=20]]'), stream: true });
      const types: string[] = [];
      let text = '';
      for await (const event of stream) {
        types.push(event.type);
        if (event.type === 'content_block_delta' && event.delta.type === 'text_delta') {
          text += event.delta.text;
        }
      }
      equal(types[0], 'message_start');
      equal(types.at(-1), 'message_stop');
      equal(types.filter((type) => type === 'content_block_delta').length, 20);
      ok(text.length > 20);
    });

    it('puts a stream together to the message that a whole answer would be', async () => {
      const stream = client.messages.stream(ask('[[tokens=30]] [[seed=5]]'));
      let heard = '';
      stream.on('text', (piece) => (heard += piece));
      const message = await stream.finalMessage();
      const whole = await client.messages.create(ask('[[tokens=30]] [[seed=5]]'));
      deepEqual(message.content, whole.content);
      equal(await stream.finalText(), heard);
      equal(message.usage.output_tokens, 30);
    });

    it('keeps text of several bytes a character whole', async () => {
      const said = 'Zürich, São Paulo, 東京, 🦀 '.repeat(40).trim();
      const params = { ...ask(said), model: target.models.echo, max_tokens: 5000 };
      const stream = client.messages.stream(params);
      equal(await stream.finalText(), said);
    });

    it('shows thinking before the text, with its signature', async () => {
      const thinking = { type: 'enabled', budget_tokens: 1024 };
      const message = await client.messages
        .stream(ask('[[tokens=10]]', { thinking, max_tokens: 2000 }))
        .finalMessage();
      deepEqual(
        message.content.map((block) => block.type),
        ['thinking', 'text'],
      );
      const [first] = message.content;
      ok(first?.type === 'thinking' && first.thinking !== '' && first.signature !== '');
    });

    it('makes two rounds of parallel tools and reads their results', async () => {
      const messages: Anthropic.MessageParam[] = [
        { role: 'user', content: 'What is the weather? [[tools=2]]' },
      ];
      const params = { model, max_tokens: 500, tools: [weather] };
      const first = await client.messages.stream({ ...params, messages }).finalMessage();
      equal(first.stop_reason, 'tool_use');
      const calls = first.content.filter((block) => block.type === 'tool_use');
      equal(calls.length, 2);
      deepEqual(calls[0]?.input, { city: 'Lisbon' });
      messages.push({ role: 'assistant', content: first.content });
      messages.push({
        role: 'user',
        content: calls.map((call, place) => ({
          type: 'tool_result',
          tool_use_id: call.id,
          content: `sunny ${place}`,
        })),
      });
      const second = await client.messages.create({ ...params, messages });
      equal(second.stop_reason, 'end_turn');
      const [block] = second.content;
      ok(block?.type === 'text' && /sunny 0.*sunny 1/.test(block.text));
    });

    it('runs tools by itself with the runner', async () => {
      const asked: unknown[] = [];
      const runner = client.beta.messages.toolRunner({
        model,
        max_tokens: 500,
        messages: [{ role: 'user', content: 'get_weather [[rounds=3]]' }],
        tools: [
          {
            ...weather,
            run: (input: unknown) => {
              asked.push(input);
              return `result ${asked.length}`;
            },
            parse: (input: unknown) => input,
          },
        ],
      });
      const message = await runner;
      equal(asked.length, 3);
      const [block] = message.content;
      ok(block?.type === 'text' && block.text.includes('result 3'));
    });

    it('counts tokens and lists models', async () => {
      const counted = await client.messages.countTokens({
        model,
        messages: [{ role: 'user', content: 'a'.repeat(400) }],
      });
      ok(counted.input_tokens >= 100 && counted.input_tokens < 120);
      const ids: string[] = [];
      for await (const known of client.models.list()) ids.push(known.id);
      ok(ids.includes('sim-chat'));
      equal((await client.models.retrieve('sim-chat')).display_name, 'Simulator, paced');
    });

    it('maps refusals to the errors that programs catch', async () => {
      const cases = [
        [400, BadRequestError, 'invalid_request_error'],
        [401, AuthenticationError, 'authentication_error'],
        [404, NotFoundError, 'not_found_error'],
        [429, RateLimitError, 'rate_limit_error'],
        [500, InternalServerError, 'api_error'],
        [529, InternalServerError, 'overloaded_error'],
      ] as const;
      for (const [status, type, name] of cases) {
        const text = `[[status=${status}]] [[retry-after=1]]`;
        for (const stream of [false, true]) {
          await rejects(client.messages.create({ ...ask(text), stream }), (error) => {
            ok(error instanceof type, `${status}`);
            equal(error.status, status);
            equal(error.type, name);
            equal(error.headers.get('retry-after'), '1');
            match(error.requestID ?? '', /^req_/);
            return true;
          });
        }
      }
    });

    it('reports a request that the service refuses', async () => {
      const broken = { ...ask('x'), messages: [] };
      await rejects(client.messages.create(broken), /at least one message is required/);
    });

    it('throws the error that comes inside a stream', async () => {
      const stream = await client.messages.create({ ...ask('[[error@4]]'), stream: true });
      let events = 0;
      await rejects(
        async () => {
          for await (const event of stream) events += event.type === 'message_stop' ? 0 : 1;
        },
        (error) => error instanceof APIError && error.type === 'overloaded_error',
      );
      ok(events >= 5);
    });

    it('throws when the connection breaks in the middle', async () => {
      const stream = await client.messages.create({
        ...ask('[[cut@4]] [[gap=5ms]]'),
        stream: true,
      });
      await rejects(async () => {
        for await (const event of stream) ok(event.type !== 'message_stop');
      });
    });

    it('does not take a truncated stream for a whole one, unless nobody guards it', async () => {
      const stream = await client.messages.create({ ...ask('[[stop@4]]'), stream: true });
      const read = async (): Promise<void> => {
        for await (const event of stream) ok(event.type !== 'message_stop');
      };
      // The SDK itself cannot tell: straight at a server the loop just ends.
      if (target.honest) await rejects(read);
      else await read();
    });

    it('tells the upstream when it stops listening', async () => {
      const left = target.upstream?.abandoned ?? 0;
      const stream = client.messages.stream(ask('[[tokens=400]] [[gap=20ms]]'));
      let pieces = 0;
      stream.on('text', () => {
        pieces += 1;
        if (pieces === 3) stream.abort();
      });
      await rejects(stream.finalMessage(), APIUserAbortError);
      await allCallsOver(target);
      equal(target.upstream?.abandoned ?? left + 1, left + 1);
    });

    it('gives up at its own timeout and tells the upstream', async () => {
      const left = target.upstream?.abandoned ?? 0;
      const hurried = client.messages.create(ask('[[head=60s]]'), { timeout: 100 });
      await rejects(hurried, APIConnectionError);
      await allCallsOver(target);
      equal(target.upstream?.abandoned ?? left + 1, left + 1);
    });

    it('serves many streams at once, each its own', async () => {
      const texts = Array.from({ length: 40 }, (_, place) => `stream number ${place}`);
      const answers = await Promise.all(
        texts.map((text) =>
          client.messages
            .stream({ ...ask(`${text} [[gap=2ms]]`), model: target.models.echo })
            .finalText(),
        ),
      );
      deepEqual(answers, texts);
    });
  });
}
