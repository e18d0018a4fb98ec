// Requests for the tests of conversion, checked against the request types of the official SDKs: one
// conversation in all three formats, and bodies of the shape that Claude Code and Codex send.

import assert from 'node:assert/strict';
import type Anthropic from '@anthropic-ai/sdk';
import type OpenAI from 'openai';
import { decodeAnthropicRequest } from './decode-anthropic-request.ts';
import { decodeChatRequest } from './decode-chat-request.ts';
import { decodeResponsesRequest } from './decode-responses-request.ts';
import { encodeAnthropicRequest } from './encode-anthropic-request.ts';
import { encodeChatRequest } from './encode-chat-request.ts';
import { encodeResponsesRequest } from './encode-responses-request.ts';
import {
  isProblem,
  type DecodedRequest,
  type EncodedRequest,
  type EncodeLimits,
  type RequestProblem,
} from './model-request.ts';

export const decoders = {
  anthropic: decodeAnthropicRequest,
  chat: decodeChatRequest,
  responses: decodeResponsesRequest,
};

export const encoders = {
  anthropic: encodeAnthropicRequest,
  chat: encodeChatRequest,
  responses: encodeResponsesRequest,
};

export type Format = keyof typeof decoders;

export const formats = ['anthropic', 'chat', 'responses'] as const;

/** An upstream that takes whatever its format can say. */
export const roomy: EncodeLimits = {
  model: 'm',
  maxTokens: undefined,
  defaultMaxTokens: 4096,
  efforts: ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'],
  laterSystem: true,
};

/** The result, which must be no problem. */
export function whole<T extends DecodedRequest | EncodedRequest>(result: T | RequestProblem): T {
  if (isProblem(result)) assert.fail(result.message);
  return result;
}

/** The problem that must have been found. */
export function problem(result: DecodedRequest | EncodedRequest | RequestProblem): RequestProblem {
  if (!isProblem(result)) assert.fail('no problem was found');
  return result;
}

/** What the upstream is sent; tests look into it as they like. */
export type Body = ReturnType<typeof JSON.parse>;

/** A body in one format as another, with all that was lost. */
export function convert(
  from: Format,
  to: Format,
  json: unknown,
  limits: Partial<EncodeLimits> = {},
): { readonly body: Body; readonly dropped: readonly string[]; readonly names: string[][] } {
  const { request, dropped } = whole(decoders[from](json));
  const encoded = whole(encoders[to](request, { ...roomy, ...limits }));
  return {
    body: JSON.parse(encoded.body),
    dropped: [...dropped, ...encoded.dropped],
    names: [...encoded.toolNames],
  };
}

const weatherSchema = {
  type: 'object' as const,
  properties: { city: { type: 'string' } },
  required: ['city'],
};

/** One conversation with parallel calls, an image and an error, in three formats. */
export const conversation = {
  anthropic: {
    model: 'm',
    max_tokens: 1000,
    system: [
      { type: 'text', text: 'You are terse.' },
      { type: 'text', text: 'Answer in English.' },
    ],
    messages: [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What is the weather?' },
          { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } },
        ],
      },
      {
        role: 'assistant',
        content: [
          { type: 'text', text: 'Let me look.' },
          { type: 'tool_use', id: 'call_1', name: 'weather', input: { city: 'Rome' } },
          { type: 'tool_use', id: 'call_2', name: 'weather', input: { city: 'Bonn' } },
        ],
      },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'call_1', content: '21 C' },
          { type: 'tool_result', tool_use_id: 'call_2', content: 'gone', is_error: true },
          { type: 'text', text: 'Well?' },
        ],
      },
    ],
    tools: [{ name: 'weather', description: 'Says the weather.', input_schema: weatherSchema }],
    tool_choice: { type: 'auto', disable_parallel_tool_use: true },
    stop_sequences: ['END'],
    thinking: { type: 'adaptive', display: 'omitted' },
    output_config: { effort: 'low' },
    stream: true,
  } satisfies Anthropic.MessageCreateParams,
  chat: {
    model: 'm',
    messages: [
      { role: 'system', content: 'You are terse.\n\nAnswer in English.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What is the weather?' },
          { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
        ],
      },
      {
        role: 'assistant',
        content: 'Let me look.',
        tool_calls: [
          {
            id: 'call_1',
            type: 'function',
            function: { name: 'weather', arguments: '{"city":"Rome"}' },
          },
          {
            id: 'call_2',
            type: 'function',
            function: { name: 'weather', arguments: '{"city":"Bonn"}' },
          },
        ],
      },
      { role: 'tool', tool_call_id: 'call_1', content: '21 C' },
      { role: 'tool', tool_call_id: 'call_2', content: 'Error: gone' },
      { role: 'user', content: 'Well?' },
    ],
    tools: [
      {
        type: 'function',
        function: {
          name: 'weather',
          description: 'Says the weather.',
          parameters: weatherSchema,
        },
      },
    ],
    tool_choice: 'auto',
    parallel_tool_calls: false,
    max_completion_tokens: 1000,
    stop: ['END'],
    reasoning_effort: 'low',
    stream: true,
    stream_options: { include_usage: true },
  } satisfies OpenAI.ChatCompletionCreateParams,
  responses: {
    model: 'm',
    instructions: 'You are terse.\n\nAnswer in English.',
    input: [
      {
        type: 'message',
        role: 'user',
        content: [
          { type: 'input_text', text: 'What is the weather?' },
          { type: 'input_image', detail: 'auto', image_url: 'data:image/png;base64,AAAA' },
        ],
      },
      { type: 'message', role: 'assistant', content: 'Let me look.' },
      {
        type: 'function_call',
        call_id: 'call_1',
        name: 'weather',
        arguments: '{"city":"Rome"}',
      },
      {
        type: 'function_call',
        call_id: 'call_2',
        name: 'weather',
        arguments: '{"city":"Bonn"}',
      },
      { type: 'function_call_output', call_id: 'call_1', output: '21 C' },
      { type: 'function_call_output', call_id: 'call_2', output: 'Error: gone' },
      {
        type: 'message',
        role: 'user',
        content: [{ type: 'input_text', text: 'Well?' }],
      },
    ],
    tools: [
      {
        type: 'function',
        name: 'weather',
        description: 'Says the weather.',
        parameters: weatherSchema,
        strict: false,
      },
    ],
    tool_choice: 'auto',
    parallel_tool_calls: false,
    max_output_tokens: 1000,
    reasoning: { effort: 'low' },
    store: false,
    stream: true,
  } satisfies OpenAI.Responses.ResponseCreateParams,
};

const prose = 'Read the file before you edit it, and say what you found in plain words. ';

/** A first request of Claude Code, about 76 KB: long prompt, many tools, a system message. */
export function claudeCodeBody(): Anthropic.MessageCreateParams & Record<string, unknown> {
  const tool = (at: number): Anthropic.Tool => ({
    name:
      at === 0
        ? 'mcp__plugin_documentation_search__server__find_pages_by_meaning_and_date'
        : `Tool${at}`,
    description: prose.repeat(32),
    input_schema: {
      type: 'object',
      properties: {
        file_path: { type: 'string', description: prose },
        offset: { type: 'number', description: prose },
        edits: {
          type: 'array',
          items: {
            type: 'object',
            properties: { old: { type: 'string' }, new: { type: 'string' } },
            required: ['old', 'new'],
            additionalProperties: false,
          },
        },
      },
      required: ['file_path'],
      additionalProperties: false,
    },
  });
  const cached = { cache_control: { type: 'ephemeral' as const } };
  return {
    model: 'claude-opus-4-6',
    max_tokens: 128_000,
    system: [
      { type: 'text', text: 'x-anthropic-billing-header: cc_version=2.1.329; cc_entrypoint=cli;' },
      { type: 'text', text: 'You are an agent for the command line.', ...cached },
      { type: 'text', text: prose.repeat(260), ...cached },
    ],
    messages: [
      {
        role: 'user',
        content: [
          { type: 'text', text: `<system-reminder>${prose.repeat(40)}</system-reminder>` },
          { type: 'text', text: 'Fix the test.', ...cached },
        ],
      },
      { role: 'system', content: 'The plan mode is off.' },
      {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: '', signature: 'c2lnbmVk' },
          { type: 'text', text: 'I will read it.' },
          { type: 'tool_use', id: 'toolu_01A', name: 'Tool1', input: { file_path: '/a.ts' } },
        ],
      },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'toolu_01A', content: prose.repeat(20), ...cached },
        ],
      },
    ],
    tools: Array.from({ length: 18 }, (_, at) => tool(at)),
    metadata: { user_id: 'user_1_account_2_session_3' },
    thinking: { type: 'adaptive', display: 'omitted' },
    output_config: { effort: 'xhigh' },
    context_management: { edits: [{ type: 'clear_thinking_20251015', keep: 'all' }] },
    stream: true,
  };
}

/** A later request of Codex: items as it sends them, a tool of free text, tools of OpenAI's. */
export function codexBody(): OpenAI.Responses.ResponseCreateParams & Record<string, unknown> {
  const said = (role: 'user' | 'developer', text: string): OpenAI.Responses.ResponseInputItem => ({
    type: 'message',
    role,
    content: [{ type: 'input_text', text }],
  });
  return {
    model: 'gpt-5',
    instructions: 'You are Codex.',
    input: [
      said('developer', '<permissions>all</permissions>'),
      said('user', '<environment_context>/w</environment_context>'),
      said('user', 'Fix the test.'),
      { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'gAAA' },
      {
        type: 'function_call',
        name: 'exec_command',
        arguments: '{"cmd":"ls"}',
        call_id: 'call_a',
      },
      { type: 'reasoning', id: 'rs_2', summary: [], encrypted_content: 'gAAB' },
      {
        type: 'custom_tool_call',
        name: 'apply_patch',
        input: '*** Begin Patch\n*** End Patch',
        call_id: 'call_b',
      },
      { type: 'function_call_output', call_id: 'call_a', output: 'a.ts' },
      { type: 'custom_tool_call_output', call_id: 'call_b', output: 'Done' },
    ],
    tools: [
      {
        type: 'function',
        name: 'exec_command',
        description: 'Runs a command.',
        strict: false,
        parameters: { type: 'object', properties: { cmd: { type: 'string' } } },
      },
      {
        type: 'custom',
        name: 'apply_patch',
        description: 'Edits files.',
        format: { type: 'grammar', syntax: 'lark', definition: 'start: "x"' },
      },
      { type: 'web_search' },
      { type: 'local_shell' },
    ],
    tool_choice: 'auto',
    parallel_tool_calls: true,
    reasoning: { effort: 'medium', summary: 'auto' },
    text: { verbosity: 'low' },
    store: false,
    include: ['reasoning.encrypted_content'],
    prompt_cache_key: '019a',
    client_metadata: { 'x-codex-installation-id': '1' },
    stream: true,
  };
}
