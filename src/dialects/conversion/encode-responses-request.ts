// Writes a request for OpenAI's Responses API. Nothing is asked to be kept there: the caller's
// format has no word for it, and keeping is the default.

import { encodeResponsesItems } from './encode-responses-items.ts';
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

/** OpenAI refuses less. */
const OUTPUT_TOKENS_MIN = 16;

/** The request as JSON. Never throws. */
export function encodeResponsesRequest(
  request: ModelRequest,
  limits: EncodeLimits,
): EncodedRequest | RequestProblem {
  const out = new Writing(request, limits, OPENAI_NAME_CHARS_MAX);
  const hasTools = request.tools.length > 0;
  const maxTokens = out.maxTokens();
  if (request.topK !== undefined) out.drop('top_k');
  if (request.stop.length > 0) out.drop('stop');
  const { instructions, input } = encodeResponsesItems(out);
  return out.result({
    model: limits.model,
    instructions,
    input,
    tools: hasTools ? request.tools.map((tool) => encodeTool(out, tool)) : undefined,
    tool_choice: hasTools ? encodeToolChoice(out) : undefined,
    parallel_tool_calls: hasTools && request.parallelTools === false ? false : undefined,
    max_output_tokens: maxTokens === undefined ? undefined : Math.max(maxTokens, OUTPUT_TOKENS_MIN),
    temperature: out.temperature(2),
    top_p: out.topP(),
    reasoning: encodeReasoning(out),
    text: request.format && { format: encodeFormat(request.format) },
    user: out.user(),
    store: false,
    stream: request.stream ? true : undefined,
  });
}

/** Thoughts are asked for of models that can think alone. */
function encodeReasoning(out: Writing): object | undefined {
  const fit = openAiFit(out.limits);
  const effort = out.effort(fit);
  const summary = out.request.wantsReasoning && fit.form !== 'none';
  if (effort === undefined && !summary) return undefined;
  return { effort, summary: summary ? 'auto' : undefined };
}

function encodeTool(out: Writing, tool: ToolDefinition): object {
  const name = out.names.wire(tool.name);
  if (!tool.freeText) {
    return {
      type: 'function',
      name,
      description: tool.description,
      parameters: tool.schema ?? null,
      // Not said would mean strict here, which refuses many a schema that is legal elsewhere.
      strict: tool.strict ?? false,
    };
  }
  const { grammar, description } = tool;
  if (grammar !== undefined && grammar.syntax !== 'lark' && grammar.syntax !== 'regex') {
    return { type: 'custom', name, description: describedTool(tool) };
  }
  return { type: 'custom', name, description, format: grammar && { type: 'grammar', ...grammar } };
}

function encodeToolChoice(out: Writing): unknown {
  const choice = out.request.toolChoice;
  if (choice === undefined) return undefined;
  switch (choice.kind) {
    case 'any':
      return 'required';
    case 'tool': {
      const { name } = choice;
      const free = out.request.tools.some((tool) => tool.freeText && tool.name === name);
      return { type: free ? 'custom' : 'function', name: out.names.wire(name) };
    }
    default:
      return choice.kind;
  }
}

function encodeFormat(format: AnswerFormat): object {
  if (format.kind === 'json-object') return { type: 'json_object' };
  return {
    type: 'json_schema',
    name: legalName(format.name, OPENAI_NAME_CHARS_MAX),
    schema: format.schema,
    strict: format.strict,
  };
}
