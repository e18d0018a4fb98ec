// The AI SDK (`ai` with its Anthropic and OpenAI providers) against every target.

import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createAnthropic } from '@ai-sdk/anthropic';
import { createOpenAI } from '@ai-sdk/openai';
import {
  APICallError,
  embedMany,
  generateText,
  jsonSchema,
  Output,
  stepCountIs,
  streamText,
  tool,
} from 'ai';
import type { EmbeddingModel, LanguageModel } from 'ai';
import { allCallsOver, targetKinds } from './target.ts';
import type { Target } from './target.ts';

const PROTOCOLS = ['messages', 'chat', 'responses'] as const;
type Protocol = (typeof PROTOCOLS)[number];

const city = jsonSchema<{ city: string }>({
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
});

// It warns of every model that it does not know.
globalThis.AI_SDK_LOG_WARNINGS = false;

/** Reads a stream to its end and says how it ended, as far as the caller can tell. */
async function endingOf(stream: ReturnType<typeof streamText>): Promise<'whole' | 'failed'> {
  try {
    for await (const part of stream.fullStream) {
      if (part.type === 'error') return 'failed';
      if (part.type === 'finish') return part.finishReason === 'error' ? 'failed' : 'whole';
    }
  } catch {
    return 'failed';
  }
  return 'failed';
}

for (const kind of targetKinds) {
  describe(`ai ${kind.name}`, () => {
    let target: Target;
    let modelFor: (protocol: Protocol, name?: string) => LanguageModel;
    let embedder: EmbeddingModel;

    before(async () => {
      target = await kind.open();
      const anthropic = createAnthropic({ baseURL: `${target.url}/v1`, apiKey: 'k' });
      const openai = createOpenAI({ baseURL: `${target.url}/v1`, apiKey: 'k' });
      const { models } = target;
      modelFor = (protocol, name) => {
        if (protocol === 'messages') return anthropic(name ?? models.anthropic);
        return protocol === 'chat'
          ? openai.chat(name ?? models.openai)
          : openai.responses(name ?? models.openai);
      };
      embedder = openai.embedding(models.openai);
    });
    after(() => target.close());

    const question = (protocol: Protocol, prompt: string): Parameters<typeof streamText>[0] => ({
      model: modelFor(protocol),
      prompt,
      maxRetries: 0,
      // The default prints errors that these tests provoke.
      onError: () => {},
    });

    for (const protocol of PROTOCOLS) {
      it(`says the same whole and streamed over ${protocol}`, async () => {
        const prompt = '[[tokens=30]] [[seed=5]]';
        const whole = await generateText({ model: modelFor(protocol), prompt });
        const stream = streamText(question(protocol, prompt));
        let text = '';
        for await (const piece of stream.textStream) text += piece;
        equal(text, whole.text);
        equal(await stream.finishReason, 'stop');
        equal((await stream.usage).outputTokens, 30);
        equal(whole.usage.outputTokens, 30);
      });

      it(`runs parallel tools in rounds over ${protocol}`, async () => {
        const asked: unknown[] = [];
        const weather = tool({
          description: 'The weather in a city.',
          inputSchema: city,
          execute: (input) => {
            asked.push(input);
            return `snow ${asked.length}`;
          },
        });
        const stream = streamText({
          ...question(protocol, 'weather? [[tools=2]] [[rounds=2]]'),
          tools: { weather },
          stopWhen: stepCountIs(5),
        });
        const text = await stream.text;
        deepEqual(
          asked,
          Array.from({ length: 4 }, () => ({ city: 'Lisbon' })),
        );
        equal((await stream.steps).length, 3);
        match(text, /snow 3.*snow 4/);
      });

      it(`gets an object of the asked schema over ${protocol}`, async () => {
        const { output } = await generateText({
          model: modelFor(protocol),
          prompt: 'where?',
          output: Output.object({ schema: city }),
        });
        deepEqual(output, { city: 'Lisbon' });
      });

      it(`maps refusals over ${protocol}`, async () => {
        for (const [status, again] of [
          [400, false],
          [429, true],
          [503, true],
        ] as const) {
          const prompt = `[[status=${status}]]`;
          const refused = generateText({ model: modelFor(protocol), prompt, maxRetries: 0 });
          await rejects(refused, (error) => {
            ok(APICallError.isInstance(error));
            equal(error.statusCode, status);
            equal(error.isRetryable, again);
            return true;
          });
        }
      });

      it(`reports an error inside a stream over ${protocol}`, async () => {
        equal(await endingOf(streamText(question(protocol, '[[error@4]]'))), 'failed');
      });

      it(`reports a broken connection over ${protocol}`, async () => {
        equal(await endingOf(streamText(question(protocol, '[[cut@4]] [[gap=5ms]]'))), 'failed');
      });

      it(`does not take a truncated stream over ${protocol} for whole, if guarded`, async () => {
        const ending = await endingOf(streamText(question(protocol, '[[stop@4]]')));
        equal(ending, target.honest ? 'failed' : 'whole');
      });

      it(`tells the upstream when it stops listening over ${protocol}`, async () => {
        const left = target.upstream?.abandoned ?? 0;
        const leaving = new AbortController();
        const stream = streamText({
          ...question(protocol, '[[tokens=400]] [[gap=20ms]]'),
          abortSignal: leaving.signal,
        });
        const parts: string[] = [];
        for await (const part of stream.fullStream) {
          parts.push(part.type);
          if (parts.length === 5) leaving.abort();
        }
        ok(parts.includes('abort'));
        await allCallsOver(target);
        equal(target.upstream?.abandoned ?? left + 1, left + 1);
      });
    }

    it('embeds many texts', async () => {
      const { embeddings } = await embedMany({ model: embedder, values: ['one', 'two', 'three'] });
      deepEqual(
        embeddings.map((vector) => vector.length),
        [1536, 1536, 1536],
      );
    });
  });
}
