// Reads a request of OpenAI's Chat Completions, and of the many servers that speak it, into the
// middle form. Shapes: the official SDK's types.

import { decodeChatTurns } from './decode-chat-turns.ts';
import {
  allowedTools,
  decodeAnswerFormat,
  decodeFunction,
  decodeToolChoice,
  decodeTools,
  type DecodedChoice,
} from './decode-openai-tools.ts';
import type { DecodedRequest, RequestProblem, ToolDefinition } from './model-request.ts';
import { Reading, type JsonObject } from './request-reading.ts';
import { decodeEffort } from './thinking-effort.ts';

const known = new Set([
  'model',
  'messages',
  'max_tokens',
  'max_completion_tokens',
  'n',
  'stop',
  'stream',
  'stream_options',
  'temperature',
  'top_p',
  'top_k',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'functions',
  'function_call',
  'reasoning_effort',
  'include_reasoning',
  'response_format',
  'user',
  'safety_identifier',
  'modalities',
  'service_tier',
  'logprobs',
  // Storing and caching at OpenAI: they change nothing in the answer.
  'store',
  'prompt_cache_key',
  'prompt_cache_options',
  'prompt_cache_retention',
]);

/** The request in a parsed body. Never throws. */
export function decodeChatRequest(json: unknown): DecodedRequest | RequestProblem {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    return Reading.notAnObject();
  }
  const body = json as JsonObject;
  const reading = new Reading();
  reading.dropUnknown(body, known);
  refuseChoices(reading, body);
  dropQuirks(reading, body);
  const { choice, allowed } = decodeChoice(reading, body);
  const tools = [...decodeTools(reading, body.tools, 'nested'), ...decodeFunctions(reading, body)];
  const options = reading.object(body.stream_options, 'stream_options');
  const includeUsage = reading.flag(options?.include_usage, 'stream_options.include_usage');
  const user = reading.text(body.user, 'user');
  return reading.result({
    model: reading.needName(body.model, 'model'),
    turns: decodeChatTurns(reading, body.messages),
    tools: allowedTools(tools, allowed),
    toolChoice: choice,
    parallelTools: reading.flag(body.parallel_tool_calls, 'parallel_tool_calls'),
    maxTokens:
      reading.count(body.max_completion_tokens, 'max_completion_tokens') ??
      reading.count(body.max_tokens, 'max_tokens'),
    temperature: reading.number(body.temperature, 'temperature'),
    topP: reading.number(body.top_p, 'top_p'),
    topK: decodeTopK(reading, body),
    stop: typeof body.stop === 'string' ? [body.stop] : reading.texts(body.stop, 'stop'),
    effort: decodeEffort(reading, body.reasoning_effort, 'reasoning_effort'),
    wantsReasoning: reading.flag(body.include_reasoning, 'include_reasoning') === true,
    format: decodeAnswerFormat(reading, body.response_format, 'response_format', 'nested'),
    user: user ?? reading.text(body.safety_identifier, 'safety_identifier'),
    stream: reading.flag(body.stream, 'stream') === true,
    includeUsage: includeUsage === true,
  });
}

/** Only one answer fits through the middle, and callers of several read every one of them. */
function refuseChoices(reading: Reading, body: JsonObject): void {
  const count = reading.count(body.n, 'n');
  if (count !== undefined && count > 1) {
    reading.refuse('n', 'this upstream gives one answer a request; send the request n times');
  }
}

/** Fields whose usual value says nothing. */
function dropQuirks(reading: Reading, body: JsonObject): void {
  const { modalities, service_tier: tier, logprobs } = body;
  const textOnly = Array.isArray(modalities) && modalities.every((form) => form === 'text');
  if (!textOnly) reading.dropIfSaid('modalities', modalities);
  if (tier !== 'auto' && tier !== 'default') reading.dropIfSaid('service_tier', tier);
  if (logprobs !== false) reading.dropIfSaid('logprobs', logprobs);
}

/** Compatible servers say -1 for no limit. */
function decodeTopK(reading: Reading, body: JsonObject): number | undefined {
  const topK = reading.number(body.top_k, 'top_k');
  return topK === undefined || topK < 0 ? undefined : reading.count(topK, 'top_k');
}

function decodeChoice(reading: Reading, body: JsonObject): DecodedChoice {
  const said = decodeToolChoice(reading, body.tool_choice, 'nested');
  if (said.choice !== undefined) return said;
  const legacy = body.function_call;
  if (typeof legacy !== 'object' || legacy === null) {
    return decodeToolChoice(reading, legacy, 'flat');
  }
  return decodeToolChoice(reading, { ...legacy, type: 'function' }, 'flat');
}

/** `functions`, the form that `tools` replaced. */
function decodeFunctions(reading: Reading, body: JsonObject): readonly ToolDefinition[] {
  const tools: ToolDefinition[] = [];
  const items = reading.list(body.functions, 'functions');
  for (let at = 0; at < items.length; at += 1) {
    const item = reading.item(items[at], `functions.${at}`);
    if (item !== undefined) tools.push(decodeFunction(reading, item, `functions.${at}`));
  }
  return tools;
}
