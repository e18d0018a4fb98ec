// Realistic whole JSON answers of each dialect, for tests and benchmarks of any room.

import type { SampleAnswer } from './sample-streams.ts';
import { nothingFound } from './sample-streams.ts';

const JSON_TYPE = 'application/json';

/** One whole answer of each dialect that answers in JSON, and one list of embeddings. */
export const sampleAnswers: readonly SampleAnswer[] = [
  {
    name: 'a Messages answer',
    dialect: 'anthropic',
    contentType: JSON_TYPE,
    text: JSON.stringify({
      id: 'msg_013Zva2CMHLNnXjNJJKqJ2EF',
      type: 'message',
      role: 'assistant',
      model: 'claude-sonnet-4-5-20250929',
      content: [
        { type: 'text', text: 'Hi! "usage":{"input_tokens":1} \\ {' },
        { type: 'tool_use', id: 'toolu_1', name: 'f', input: { usage: { input_tokens: 9 } } },
      ],
      stop_reason: 'tool_use',
      stop_sequence: null,
      usage: { input_tokens: 2095, cache_read_input_tokens: 7, output_tokens: 503 },
    }),
    closing: '}',
    found: {
      ...nothingFound,
      inputTokens: 2095,
      outputTokens: 503,
      cachedTokens: 7,
      messageId: 'msg_013Zva2CMHLNnXjNJJKqJ2EF',
      model: 'claude-sonnet-4-5-20250929',
    },
  },
  {
    name: 'a Chat answer',
    dialect: 'openai-chat',
    contentType: 'application/json; charset=utf-8',
    text: `${JSON.stringify(
      {
        id: 'chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT',
        object: 'chat.completion',
        model: 'gpt-4.1-2025-04-14',
        choices: [
          { index: 0, message: { role: 'assistant', content: 'Hé' }, finish_reason: 'stop' },
        ],
        usage: {
          prompt_tokens: 19,
          completion_tokens: 10,
          prompt_tokens_details: { cached_tokens: 0 },
        },
        service_tier: 'default',
      },
      null,
      2,
    )}\n`,
    closing: '}\n',
    found: {
      ...nothingFound,
      inputTokens: 19,
      outputTokens: 10,
      cachedTokens: 0,
      messageId: 'chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT',
      model: 'gpt-4.1-2025-04-14',
    },
  },
  {
    name: 'a Responses answer',
    dialect: 'openai-responses',
    contentType: JSON_TYPE,
    text: JSON.stringify({
      id: 'resp_67ccd2bed1ec',
      object: 'response',
      status: 'completed',
      error: null,
      model: 'gpt-4.1-2025-04-14',
      output: [{ type: 'message', id: 'msg_1', content: [{ type: 'output_text', text: '[' }] }],
      usage: {
        input_tokens: 36,
        input_tokens_details: { cached_tokens: 5 },
        output_tokens: 87,
      },
      metadata: {},
    }),
    closing: '}',
    found: {
      ...nothingFound,
      inputTokens: 36,
      outputTokens: 87,
      cachedTokens: 5,
      messageId: 'resp_67ccd2bed1ec',
      model: 'gpt-4.1-2025-04-14',
    },
  },
  {
    name: 'a list of embeddings',
    dialect: 'openai-chat',
    contentType: JSON_TYPE,
    text: JSON.stringify({
      object: 'list',
      data: [{ object: 'embedding', index: 0, embedding: [0.0023, -0.0093, 1e-5] }],
      model: 'text-embedding-3-small',
      usage: { prompt_tokens: 8, total_tokens: 8 },
    }),
    closing: '}',
    found: { ...nothingFound, inputTokens: 8, model: 'text-embedding-3-small' },
  },
];
