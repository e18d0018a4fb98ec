// The official OpenAI SDK against every target: chat completions, responses, embeddings, models.

import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import OpenAI, {
  APIError,
  AuthenticationError,
  BadRequestError,
  InternalServerError,
  NotFoundError,
  RateLimitError,
} from 'openai';
import { allCallsOver, targetKinds } from './target.ts';
import type { Target } from './target.ts';

const parameters = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
};
const flatTool: OpenAI.Responses.FunctionTool = {
  type: 'function',
  name: 'get_weather',
  parameters,
  strict: false,
};

for (const kind of targetKinds) {
  describe(`openai ${kind.name}`, () => {
    let target: Target;
    let client: OpenAI;
    let model: string;

    before(async () => {
      target = await kind.open();
      client = new OpenAI({ baseURL: `${target.url}/v1`, apiKey: 'k', maxRetries: 0 });
      model = target.models.openai;
    });
    after(() => target.close());

    const chat = (
      content: string,
    ): { model: string; messages: OpenAI.ChatCompletionMessageParam[] } => ({
      model,
      messages: [{ role: 'user', content }],
    });

    it('gets whole completions, as many as asked for', async () => {
      const { data, response } = await client.chat.completions
        .create({ ...chat('[[tokens=20]]'), n: 2 })
        .withResponse();
      equal(data.choices.length, 2);
      equal(data.choices[0]?.finish_reason, 'stop');
      ok((data.choices[0]?.message.content ?? '').length > 20);
      equal(data.usage?.completion_tokens, 40);
      match(response.headers.get('x-request-id') ?? '', /^req_/);
    });

    it('streams a completion and its usage', async () => {
      const stream = await client.chat.completions.create({
        ...chat('[[tokens=20]]'),
        stream: true,
        stream_options: { include_usage: true },
      });
      let text = '';
      let finish: string | null = null;
      let usage: OpenAI.CompletionUsage | null | undefined;
      for await (const chunk of stream) {
        text += chunk.choices[0]?.delta.content ?? '';
        finish = chunk.choices[0]?.finish_reason ?? finish;
        usage = chunk.usage;
      }
      ok(text.length > 20);
      equal(finish, 'stop');
      equal(usage?.completion_tokens, 20);
    });

    it('puts a streamed completion together with the helper', async () => {
      const stream = client.chat.completions.stream(chat('[[tokens=30]] [[seed=5]]'));
      const content = await stream.finalContent();
      const whole = await client.chat.completions.create(chat('[[tokens=30]] [[seed=5]]'));
      equal(content, whole.choices[0]?.message.content);
    });

    it('runs chat tools in rounds, streamed and not', async () => {
      for (const streamed of [true, false]) {
        const asked: string[] = [];
        const tool = {
          type: 'function' as const,
          function: {
            name: 'get_weather',
            description: 'The weather in a city.',
            parameters,
            function: (input: string) => {
              asked.push(input);
              return `rain ${asked.length}`;
            },
          },
        };
        const request = { ...chat('[[tools=2]] [[rounds=2]]'), tools: [tool] };
        const runner = streamed
          ? client.chat.completions.runTools({ ...request, stream: true })
          : client.chat.completions.runTools(request);
        const content = await runner.finalContent();
        deepEqual(
          asked,
          Array.from({ length: 4 }, () => '{"city":"Lisbon"}'),
        );
        match(content ?? '', /rain 3.*rain 4/);
      }
    });

    it('gets a whole response', async () => {
      const response = await client.responses.create({ model, input: '[[tokens=20]]' });
      equal(response.status, 'completed');
      ok(response.output_text.length > 20);
      equal(response.usage?.output_tokens, 20);
    });

    it('streams a response to its closing event', async () => {
      const stream = await client.responses.create({ model, input: '[[tokens=20]]', stream: true });
      const types: string[] = [];
      let sequence = -1;
      for await (const event of stream) {
        types.push(event.type);
        sequence += 1;
        equal(event.sequence_number, sequence);
      }
      equal(types[0], 'response.created');
      equal(types.at(-1), 'response.completed');
      equal(types.filter((type) => type === 'response.output_text.delta').length, 20);
    });

    it('puts a streamed response together with the helper, pings in between included', async () => {
      const input = '[[tokens=30]] [[seed=5]] [[first=150ms]] [[pings=40ms]]';
      const streamed = await client.responses.stream({ model, input }).finalResponse();
      const whole = await client.responses.create({ model, input });
      equal(streamed.output_text, whole.output_text);
      ok(streamed.output_text.length > 30);
    });

    it('shows a summary of reasoning', async () => {
      const response = await client.responses
        .stream({ model, input: '[[think]]', reasoning: { effort: 'low', summary: 'auto' } })
        .finalResponse();
      deepEqual(
        response.output.map((item) => item.type),
        ['reasoning', 'message'],
      );
    });

    it('makes two rounds of parallel function calls with responses', async () => {
      const input: OpenAI.Responses.ResponseInput = [
        { role: 'user', content: 'weather? [[tools=2]]' },
      ];
      const first = await client.responses
        .stream({ model, input, tools: [flatTool] })
        .finalResponse();
      const calls = first.output.filter((item) => item.type === 'function_call');
      deepEqual(
        calls.map((call) => call.arguments),
        Array(2).fill('{"city":"Lisbon"}'),
      );
      input.push(...calls);
      for (const [place, call] of calls.entries()) {
        const output = `fog ${place}`;
        input.push({ type: 'function_call_output', call_id: call.call_id, output });
      }
      const second = await client.responses.create({ model, input, tools: [flatTool] });
      match(second.output_text, /fog 0.*fog 1/);
    });

    it('embeds texts, in numbers and in base64', async () => {
      const input = ['idle connections', 'bread and butter'];
      const packed = await client.embeddings.create({ model, input });
      const plain = await client.embeddings.create({ model, input, encoding_format: 'float' });
      equal(packed.data.length, 2);
      equal(packed.data[0]?.embedding.length, 1536);
      deepEqual(packed.data[1]?.embedding, plain.data[1]?.embedding);
    });

    it('lists models and counts input tokens', async () => {
      const ids: string[] = [];
      for await (const known of client.models.list()) ids.push(known.id);
      ok(ids.includes('sim-chat'));
      equal((await client.models.retrieve('sim-chat')).object, 'model');
      const counted = await client.responses.inputTokens.count({ model, input: 'a'.repeat(400) });
      ok(counted.input_tokens >= 100 && counted.input_tokens < 120);
    });

    it('maps refusals to the errors that programs catch', async () => {
      const cases = [
        [400, BadRequestError, null],
        [401, AuthenticationError, 'invalid_api_key'],
        [404, NotFoundError, null],
        [429, RateLimitError, 'rate_limit_exceeded'],
        [500, InternalServerError, null],
        [503, InternalServerError, null],
      ] as const;
      for (const [status, type, code] of cases) {
        const text = `[[status=${status}]] [[retry-after=1]]`;
        const attempts = [
          () => client.chat.completions.create(chat(text)),
          () => client.chat.completions.create({ ...chat(text), stream: true }),
          () => client.responses.create({ model, input: text, stream: true }),
        ];
        for (const attempt of attempts) {
          await rejects(attempt(), (error) => {
            ok(error instanceof type, `${status}`);
            equal(error.code, code);
            equal(error.headers.get('retry-after'), '1');
            return true;
          });
        }
      }
    });

    it('throws the error that comes inside a stream', async () => {
      const stream = await client.chat.completions.create({ ...chat('[[error@4]]'), stream: true });
      await rejects(
        async () => {
          for await (const chunk of stream) ok(chunk.choices.length === 1);
        },
        (error) => error instanceof APIError && error.type === 'server_error',
      );
      const failed = await client.responses
        .stream({ model, input: '[[error@4]]' })
        .finalResponse()
        .catch((error: unknown) => error);
      ok(failed instanceof Error || (failed as OpenAI.Responses.Response).status === 'failed');
    });

    it('throws when the connection breaks in the middle', async () => {
      const text = '[[cut@4]] [[gap=5ms]]';
      const completion = await client.chat.completions.create({ ...chat(text), stream: true });
      await rejects(async () => {
        for await (const chunk of completion) ok(chunk.choices.length === 1);
      });
      const response = await client.responses.create({ model, input: text, stream: true });
      await rejects(async () => {
        for await (const event of response) ok(event.type !== 'response.completed');
      });
    });

    it('does not take a truncated stream for a whole one, unless nobody guards it', async () => {
      const completion = await client.chat.completions.create({
        ...chat('[[stop@4]]'),
        stream: true,
      });
      const response = await client.responses.create({
        model,
        input: '[[stop@4]]',
        stream: true,
      });
      for (const stream of [completion, response]) {
        const read = async (): Promise<void> => {
          for await (const event of stream) ok(event !== undefined);
        };
        // The SDK itself cannot tell: straight at a server the loop just ends.
        if (target.honest) await rejects(read);
        else await read();
      }
    });

    it('tells the upstream when it stops listening', async () => {
      const text = '[[tokens=400]] [[gap=20ms]]';
      const left = target.upstream?.abandoned ?? 0;
      const completion = await client.chat.completions.create({ ...chat(text), stream: true });
      let chunks = 0;
      for await (const chunk of completion) {
        chunks += chunk.choices.length;
        if (chunks === 3) break;
      }
      const response = client.responses.stream({ model, input: text });
      response.on('response.output_text.delta', () => response.abort());
      await rejects(response.finalResponse());
      await allCallsOver(target);
      equal(target.upstream?.abandoned ?? left + 2, left + 2);
    });

    it('serves many streams of both kinds at once, each its own', async () => {
      const texts = Array.from({ length: 40 }, (_, place) => `stream number ${place}`);
      const answers = await Promise.all(
        texts.map(async (text, place) => {
          const input = `${text} [[gap=2ms]]`;
          if (place % 2 === 0) {
            const request = { ...chat(input), model: target.models.echo };
            return client.chat.completions.stream(request).finalContent();
          }
          const response = client.responses.stream({ model: target.models.echo, input });
          return (await response.finalResponse()).output_text;
        }),
      );
      deepEqual(answers, texts);
    });
  });
}
