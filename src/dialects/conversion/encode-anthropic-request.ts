// Writes a request for Anthropic's Messages API, which is the strictest of the three: it answers
// 400 to empty text, to calls without results, and to several settings beside thinking.

import { encodeAnthropicMessages } from './encode-anthropic-messages.ts';
import type {
  Effort,
  EncodedRequest,
  EncodeLimits,
  ModelRequest,
  RequestProblem,
  ToolDefinition,
} from './model-request.ts';
import { describedTool, Writing } from './request-writing.ts';
import { budgetOf, budgetWithin } from './thinking-effort.ts';
import { anthropicFit } from './thinking-fit.ts';

/** Anthropic refuses longer names of tools. */
const NAME_CHARS_MAX = 128;

/** Anthropic refuses a smaller `top_p` beside thinking. */
const THINKING_TOP_P_MIN = 0.95;

const JSON_HINT = 'Answer with one JSON object and nothing else.';

interface Thinking {
  readonly thinking: object | undefined;
  readonly effort: string | undefined;
  readonly maxTokens: number;
}

/** The request as JSON. Never throws. */
export function encodeAnthropicRequest(
  request: ModelRequest,
  limits: EncodeLimits,
): EncodedRequest | RequestProblem {
  const out = new Writing(request, limits, NAME_CHARS_MAX);
  const hasTools = request.tools.length > 0;
  const { thinking, effort, maxTokens } = encodeThinking(out);
  const { prompts, messages } = encodeAnthropicMessages(out);
  if (request.format?.kind === 'json-object') {
    prompts.push(JSON_HINT);
    out.drop('response_format');
  }
  const format =
    request.format?.kind === 'json-schema'
      ? { type: 'json_schema', schema: request.format.schema }
      : undefined;
  const outputConfig = effort !== undefined || format !== undefined;
  const stop = request.stop.filter((text) => text.trim() !== '');
  if (stop.length < request.stop.length) out.drop('stop');
  const user = out.user();
  return out.result({
    model: limits.model,
    max_tokens: maxTokens,
    system: prompts.length === 0 ? undefined : prompts.map((text) => ({ type: 'text', text })),
    messages,
    tools: hasTools ? request.tools.map((tool) => encodeTool(out, tool)) : undefined,
    tool_choice: hasTools ? encodeToolChoice(out) : undefined,
    ...encodeSampling(out, thinks(thinking)),
    stop_sequences: stop.length === 0 ? undefined : stop,
    thinking,
    output_config: outputConfig ? { effort, format } : undefined,
    metadata: user === undefined ? undefined : { user_id: user },
    stream: request.stream ? true : undefined,
  });
}

/** Temperature and the like: with thinking on, what is not the default is refused. */
function encodeSampling(out: Writing, thinking: boolean): object {
  const { topK, temperature: asked } = out.request;
  if (thinking) {
    const topP = out.topP();
    if (asked !== undefined && asked !== 1) out.drop('temperature');
    if (topK !== undefined) out.drop('top_k');
    if (topP === undefined || topP >= THINKING_TOP_P_MIN) return { top_p: topP };
    out.drop('top_p');
    return {};
  }
  const temperature = out.temperature(1);
  let topP = out.topP();
  if (out.limits.sampling === false && topK !== undefined) {
    out.drop('top_k');
    return { temperature, top_p: topP };
  }
  // Models of 2025 and later refuse the two together; OpenAI's clients often send 1 with it.
  if (temperature !== undefined && topP !== undefined) {
    if (topP !== 1) out.drop('top_p');
    topP = undefined;
  }
  return { temperature, top_p: topP, top_k: topK };
}

function thinks(thinking: object | undefined): boolean {
  return thinking !== undefined && thinking !== disabled;
}

const disabled = { type: 'disabled' } as const;

/** Thinking, its effort, and the limit of the answer, of which Anthropic counts thinking a part. */
function encodeThinking(out: Writing): Thinking {
  const { request, limits } = out;
  const fit = anthropicFit(limits);
  const asked = out.maxTokens() ?? out.clampTokens(limits.defaultMaxTokens);
  const none: Thinking = { thinking: undefined, effort: undefined, maxTokens: asked };
  const { effort, wantsReasoning } = request;
  if (effort === undefined && !wantsReasoning) return none;
  if (fit.form === 'none') {
    if (effort === undefined) out.drop('thinking');
    else out.effort(fit);
    return none;
  }
  if (effort === 'none') return { ...none, thinking: disabled };
  const forced = request.toolChoice?.kind === 'any' || request.toolChoice?.kind === 'tool';
  if (forced && request.tools.length > 0) {
    // A tool that must be called is the stronger wish, and the two are refused together.
    out.drop('reasoning_effort');
    return none;
  }
  if (fit.form === 'adaptive') {
    const display = wantsReasoning ? 'summarized' : 'omitted';
    return { thinking: { type: 'adaptive', display }, effort: out.effort(fit), maxTokens: asked };
  }
  const { budget, maxTokens } = encodeBudget(out, effort ?? 'medium', asked);
  if (budget === undefined || inUnsignedToolLoop(request)) {
    out.drop('reasoning_effort');
    return none;
  }
  return { thinking: { type: 'enabled', budget_tokens: budget }, effort: undefined, maxTokens };
}

/** Where the caller set no limit, there is room for the thoughts beside the usual answer. */
function encodeBudget(
  out: Writing,
  effort: Effort,
  asked: number,
): { readonly budget: number | undefined; readonly maxTokens: number } {
  const isFree = out.request.maxTokens === undefined;
  const maxTokens = isFree ? out.clampTokens(asked + budgetOf(effort)) : asked;
  return { budget: budgetWithin(effort, maxTokens), maxTokens };
}

/**
 * Between a call and the answer to its result, thinking by budget wants the signed thoughts that
 * led to the call. Other formats do not carry them.
 */
function inUnsignedToolLoop({ turns }: ModelRequest): boolean {
  let at = turns.length - 1;
  while (at >= 0 && turns[at]?.role !== 'assistant') at -= 1;
  const last = turns[at];
  if (last?.role !== 'assistant' || !last.parts.some(({ kind }) => kind === 'tool-call')) {
    return false;
  }
  const [first] = last.parts;
  return !(first?.kind === 'reasoning' && (first.signature ?? '') !== '');
}

function encodeTool(out: Writing, tool: ToolDefinition): object {
  return {
    name: out.names.wire(tool.name),
    description: describedTool(tool),
    input_schema: objectSchema(tool.schema),
    // Only said when wanted: models that do not know it refuse the field.
    strict: tool.strict === true ? true : undefined,
  };
}

/** A schema must be there and be that of an object. */
function objectSchema(schema: unknown): object {
  if (typeof schema !== 'object' || schema === null) return { type: 'object', properties: {} };
  return 'type' in schema ? schema : { type: 'object', ...schema };
}

function encodeToolChoice(out: Writing): object | undefined {
  const { toolChoice, parallelTools } = out.request;
  const single = parallelTools === false ? true : undefined;
  if (toolChoice === undefined) {
    return single && { type: 'auto', disable_parallel_tool_use: single };
  }
  switch (toolChoice.kind) {
    case 'none':
      return { type: 'none' };
    case 'tool':
      return {
        type: 'tool',
        name: out.names.wire(toolChoice.name),
        disable_parallel_tool_use: single,
      };
    default:
      return { type: toolChoice.kind, disable_parallel_tool_use: single };
  }
}
