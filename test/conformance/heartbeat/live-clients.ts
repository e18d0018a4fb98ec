// The official clients, each reduced to one question: what do you see of the stream at this URL?

import { createAnthropic } from '@ai-sdk/anthropic';
import { createOpenAI } from '@ai-sdk/openai';
import Anthropic from '@anthropic-ai/sdk';
import { streamText } from 'ai';
import OpenAI from 'openai';

/** A client of one dialect. */
export interface LiveClient {
  readonly name: string;
  readonly dialect: string;
  /** Everything it sees of one stream, in order. Rejects with what the client throws. */
  see(url: string): Promise<unknown[]>;
}

// It warns of every model that it does not know.
globalThis.AI_SDK_LOG_WARNINGS = false;

const messages = [{ role: 'user' as const, content: 'hi' }];
const anthropicAt = (baseURL: string): Anthropic =>
  new Anthropic({ baseURL, apiKey: 'k', maxRetries: 0 });
const openAiAt = (url: string): OpenAI =>
  new OpenAI({ baseURL: `${url}/v1`, apiKey: 'k', maxRetries: 0 });

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const seen: T[] = [];
  for await (const item of items) seen.push(item);
  return seen;
}

/** The parts of a stream of the AI SDK, without what differs from run to run. */
async function parts(model: Parameters<typeof streamText>[0]['model']): Promise<unknown[]> {
  const stream = streamText({ model, messages, maxRetries: 0, onError: () => {} });
  const seen = await all(stream.fullStream);
  const failed = seen.find((part) => part.type === 'error');
  if (failed !== undefined) throw failed.error;
  return seen.map((part) =>
    JSON.parse(JSON.stringify(part, (key, value: unknown) => (VOLATILE.has(key) ? 0 : value))),
  );
}

/** Headers and times of the answer, which are not part of its stream. */
const VOLATILE = new Set(['headers', 'timestamp', 'date', 'request']);

/** Every client that the heartbeats are proven against. */
export const liveClients: readonly LiveClient[] = [
  {
    name: '@anthropic-ai/sdk, events',
    dialect: 'anthropic',
    async see(url) {
      const params = { model: 'm', max_tokens: 9, messages, stream: true as const };
      return all(await anthropicAt(url).messages.create(params));
    },
  },
  {
    name: '@anthropic-ai/sdk, message put together',
    dialect: 'anthropic',
    async see(url) {
      const stream = anthropicAt(url).messages.stream({ model: 'm', max_tokens: 9, messages });
      return [await stream.finalMessage()];
    },
  },
  {
    name: 'openai, chat chunks',
    dialect: 'openai-chat',
    async see(url) {
      const params = { model: 'm', messages, stream: true as const };
      return all(await openAiAt(url).chat.completions.create(params));
    },
  },
  {
    name: 'openai, chat put together',
    dialect: 'openai-chat',
    async see(url) {
      const stream = openAiAt(url).chat.completions.stream({ model: 'm', messages });
      return [await stream.finalChatCompletion()];
    },
  },
  {
    name: 'openai, response events',
    dialect: 'openai-responses',
    async see(url) {
      const params = { model: 'm', input: 'hi', stream: true as const };
      const events = await all(await openAiAt(url).responses.create(params));
      // Sent by OpenAI too, and handed on by the SDK; its types do not know them.
      return events.filter((event) => (event.type as string) !== 'keepalive');
    },
  },
  {
    name: 'openai, response put together',
    dialect: 'openai-responses',
    async see(url) {
      const stream = openAiAt(url).responses.stream({ model: 'm', input: 'hi' });
      return [await stream.finalResponse()];
    },
  },
  {
    name: 'ai over messages',
    dialect: 'anthropic',
    see: (url) => parts(createAnthropic({ baseURL: `${url}/v1`, apiKey: 'k' })('m')),
  },
  {
    name: 'ai over chat',
    dialect: 'openai-chat',
    see: (url) => parts(createOpenAI({ baseURL: `${url}/v1`, apiKey: 'k' }).chat('m')),
  },
  {
    name: 'ai over responses',
    dialect: 'openai-responses',
    see: (url) => parts(createOpenAI({ baseURL: `${url}/v1`, apiKey: 'k' }).responses('m')),
  },
];
