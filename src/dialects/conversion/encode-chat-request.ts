// Writes a request for OpenAI's Chat Completions and servers that speak it. Many of those know the
// plain core only: content is a string wherever it can be, and nothing is said that was not asked.

import { encodeChatMessages } from './encode-chat-messages.ts';
import type {
  AnswerFormat,
  EncodedRequest,
  EncodeLimits,
  ModelRequest,
  RequestProblem,
  ToolDefinition,
} from './model-request.ts';
import { describedTool, Writing } from './request-writing.ts';
import { openAiFit } from './thinking-fit.ts';
import { legalName, OPENAI_NAME_CHARS_MAX } from './tool-names.ts';

/** OpenAI refuses more `stop` entries. */
const STOP_MAX = 4;

/** The request as JSON. Never throws. */
export function encodeChatRequest(
  request: ModelRequest,
  limits: EncodeLimits,
): EncodedRequest | RequestProblem {
  const out = new Writing(request, limits, OPENAI_NAME_CHARS_MAX);
  const hasTools = request.tools.length > 0;
  if (request.topK !== undefined) out.drop('top_k');
  return out.result({
    model: limits.model,
    messages: encodeChatMessages(out),
    tools: hasTools ? request.tools.map((tool) => encodeTool(out, tool)) : undefined,
    tool_choice: hasTools ? encodeToolChoice(out) : undefined,
    parallel_tool_calls: hasTools && request.parallelTools === false ? false : undefined,
    [limits.maxTokensField ?? 'max_completion_tokens']: encodeMaxTokens(out),
    stop: encodeStop(out),
    temperature: out.temperature(2),
    top_p: out.topP(),
    reasoning_effort: out.effort(openAiFit(limits)),
    response_format: request.format && encodeFormat(request.format),
    user: out.user(),
    stream: request.stream ? true : undefined,
    stream_options:
      request.stream && limits.streamUsage !== false ? { include_usage: true } : undefined,
  });
}

/** Anthropic's 0, which fills a cache and answers nothing, is refused here: 1 is the least. */
function encodeMaxTokens(out: Writing): number | undefined {
  const tokens = out.maxTokens();
  return tokens === undefined ? undefined : Math.max(tokens, 1);
}

function encodeTool(out: Writing, tool: ToolDefinition): object {
  return {
    type: 'function',
    function: {
      name: out.names.wire(tool.name),
      description: describedTool(tool),
      parameters: tool.schema,
      strict: tool.strict,
    },
  };
}

function encodeToolChoice(out: Writing): unknown {
  const choice = out.request.toolChoice;
  if (choice === undefined) return undefined;
  switch (choice.kind) {
    case 'any':
      return 'required';
    case 'tool':
      return { type: 'function', function: { name: out.names.wire(choice.name) } };
    default:
      return choice.kind;
  }
}

function encodeStop(out: Writing): readonly string[] | undefined {
  const stop = out.request.stop.filter((text) => text !== '');
  if (stop.length > STOP_MAX || stop.length < out.request.stop.length) out.drop('stop');
  return stop.length === 0 ? undefined : stop.slice(0, STOP_MAX);
}

function encodeFormat(format: AnswerFormat): object {
  if (format.kind === 'json-object') return { type: 'json_object' };
  return {
    type: 'json_schema',
    json_schema: {
      name: legalName(format.name, OPENAI_NAME_CHARS_MAX),
      schema: format.schema,
      strict: format.strict,
    },
  };
}
