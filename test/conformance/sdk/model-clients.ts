// The official SDKs behind one face: one question, and what came back of it in words that do not
// depend on the vendor. What an SDK throws passes through.

import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';

/** One question. */
export interface Question {
  readonly text: string;
  readonly stream: boolean;
  /** Offers a tool `get_weather(city)`. */
  readonly tools?: boolean;
  /** Shows these pictures in front of the text. */
  readonly pictures?: readonly Picture[];
}

/** A picture in its own bytes, or one that the model is to fetch. */
export type Picture =
  | { readonly mediaType: 'image/png' | 'image/gif'; readonly base64: string }
  | { readonly url: string };

/** What came back. */
export interface Answer {
  readonly text: string;
  readonly calls: readonly { readonly name: string; readonly input: unknown }[];
  readonly stop: 'stop' | 'tools' | 'length' | 'other';
  readonly outputTokens: number;
  /** As the answer names it. */
  readonly model: string;
}

/** One SDK with one API of its vendor. */
export interface ModelClient {
  readonly name: 'anthropic' | 'openai-chat' | 'openai-responses';
  ask(question: Question): Promise<Answer>;
}

const MODEL = 'model-asked';
const schema = {
  type: 'object' as const,
  properties: { city: { type: 'string' } },
  required: ['city'],
};
const tool = { name: 'get_weather', description: 'Tells the weather.' };

/** The three, at a base URL without `/v1`. None of them tries again by itself. */
export function modelClients(url: string): ModelClient[] {
  const anthropic = new Anthropic({ baseURL: url, apiKey: 'k', maxRetries: 0 });
  const openai = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'k', maxRetries: 0 });
  return [
    { name: 'anthropic', ask: (question) => askMessages(anthropic, question) },
    { name: 'openai-chat', ask: (question) => askChat(openai, question) },
    { name: 'openai-responses', ask: (question) => askResponses(openai, question) },
  ];
}

async function askMessages(client: Anthropic, question: Question): Promise<Answer> {
  const params = {
    model: MODEL,
    max_tokens: 2_000,
    messages: [{ role: 'user' as const, content: messagesContent(question) }],
    ...(question.tools === true ? { tools: [{ ...tool, input_schema: schema }] } : {}),
  };
  const message = question.stream
    ? await client.messages.stream(params).finalMessage()
    : await client.messages.create(params);
  const stops = { end_turn: 'stop', tool_use: 'tools', max_tokens: 'length' } as const;
  return {
    text: message.content.map((block) => (block.type === 'text' ? block.text : '')).join(''),
    calls: message.content.flatMap((block) =>
      block.type === 'tool_use' ? [{ name: block.name, input: block.input }] : [],
    ),
    stop: stops[message.stop_reason as keyof typeof stops] ?? 'other',
    outputTokens: message.usage.output_tokens,
    model: message.model,
  };
}

async function askChat(client: OpenAI, question: Question): Promise<Answer> {
  const params = {
    model: MODEL,
    messages: [{ role: 'user' as const, content: chatContent(question) }],
    ...(question.tools === true
      ? { tools: [{ type: 'function' as const, function: { ...tool, parameters: schema } }] }
      : {}),
  };
  const completion = question.stream
    ? await client.chat.completions
        .stream({ ...params, stream_options: { include_usage: true } })
        .finalChatCompletion()
    : await client.chat.completions.create(params);
  const choice = completion.choices[0];
  const stops = { stop: 'stop', tool_calls: 'tools', length: 'length' } as const;
  return {
    text: choice?.message.content ?? '',
    calls: (choice?.message.tool_calls ?? []).flatMap((call) =>
      call.type === 'function'
        ? [{ name: call.function.name, input: JSON.parse(call.function.arguments) as unknown }]
        : [],
    ),
    stop: stops[choice?.finish_reason as keyof typeof stops] ?? 'other',
    outputTokens: completion.usage?.completion_tokens ?? -1,
    model: completion.model,
  };
}

async function askResponses(client: OpenAI, question: Question): Promise<Answer> {
  const params = {
    model: MODEL,
    input: responsesInput(question),
    ...(question.tools === true
      ? { tools: [{ type: 'function' as const, ...tool, parameters: schema, strict: false }] }
      : {}),
  };
  const response = question.stream
    ? await client.responses.stream(params).finalResponse()
    : await client.responses.create(params);
  // This SDK hands a failure on like an answer.
  if (response.status === 'failed') throw new Error(response.error?.message);
  const calls = response.output.flatMap((item) =>
    item.type === 'function_call'
      ? [{ name: item.name, input: JSON.parse(item.arguments) as unknown }]
      : [],
  );
  const ended = response.status === 'completed' ? (calls.length > 0 ? 'tools' : 'stop') : 'length';
  return {
    text: response.output_text,
    calls,
    stop: ended,
    outputTokens: response.usage?.output_tokens ?? -1,
    model: response.model,
  };
}

/** A text alone is sent as one, which is how most questions come. */
function messagesContent({
  text,
  pictures = [],
}: Question): string | Anthropic.ContentBlockParam[] {
  if (pictures.length === 0) return text;
  const images = pictures.map((picture): Anthropic.ImageBlockParam => {
    if ('url' in picture) return { type: 'image', source: { type: 'url', url: picture.url } };
    const { mediaType, base64 } = picture;
    return { type: 'image', source: { type: 'base64', media_type: mediaType, data: base64 } };
  });
  return [...images, { type: 'text', text }];
}

function chatContent({
  text,
  pictures = [],
}: Question): string | OpenAI.Chat.Completions.ChatCompletionContentPart[] {
  if (pictures.length === 0) return text;
  const images = pictures.map((picture) => ({
    type: 'image_url' as const,
    image_url: { url: urlOf(picture) },
  }));
  return [...images, { type: 'text', text }];
}

function responsesInput({
  text,
  pictures = [],
}: Question): string | OpenAI.Responses.ResponseInput {
  if (pictures.length === 0) return text;
  const images = pictures.map((picture) => ({
    type: 'input_image' as const,
    image_url: urlOf(picture),
    detail: 'auto' as const,
  }));
  return [{ role: 'user', content: [...images, { type: 'input_text', text }] }];
}

/** APIs of OpenAI have an address for both kinds. */
function urlOf(picture: Picture): string {
  return 'url' in picture ? picture.url : `data:${picture.mediaType};base64,${picture.base64}`;
}
