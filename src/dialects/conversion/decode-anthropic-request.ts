// Reads a request of Anthropic's Messages API into the middle form. It is read for an upstream that
// speaks another format, so what only Anthropic's servers understand is dropped by name: caching,
// context management, tools that run at Anthropic. Shapes: the official SDK's types.

import { decodeAnthropicTurns, decodeSystemBlocks } from './decode-anthropic-turns.ts';
import type {
  AnswerFormat,
  DecodedRequest,
  Effort,
  RequestProblem,
  ToolChoice,
  ToolDefinition,
} from './model-request.ts';
import { Reading, type JsonObject } from './request-reading.ts';
import { decodeEffort, effortOfBudget } from './thinking-effort.ts';

const known = new Set([
  'model',
  'messages',
  'system',
  'max_tokens',
  'metadata',
  'stop_sequences',
  'stream',
  'temperature',
  'top_p',
  'top_k',
  'tools',
  'tool_choice',
  'thinking',
  'output_config',
]);

/** OpenAI's formats want a name for the schema of an answer; Anthropic's has none. */
const FORMAT_NAME = 'response';

/** The request in a parsed body. Never throws. */
export function decodeAnthropicRequest(json: unknown): DecodedRequest | RequestProblem {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    return Reading.notAnObject();
  }
  const body = json as JsonObject;
  const reading = new Reading();
  reading.dropUnknown(body, known);
  const system = decodeSystemBlocks(reading, body.system, 'system');
  const turns = decodeAnthropicTurns(reading, body.messages);
  const thinking = decodeThinking(reading, body);
  const choice = reading.object(body.tool_choice, 'tool_choice');
  const metadata = reading.object(body.metadata, 'metadata');
  return reading.result({
    model: reading.needName(body.model, 'model'),
    turns: system.length === 0 ? turns : [{ role: 'system', parts: system }, ...turns],
    tools: decodeTools(reading, body.tools),
    toolChoice: choice && decodeToolChoice(reading, choice),
    parallelTools: decodeParallelTools(reading, choice),
    maxTokens: reading.count(body.max_tokens, 'max_tokens'),
    temperature: reading.number(body.temperature, 'temperature'),
    topP: reading.number(body.top_p, 'top_p'),
    topK: reading.count(body.top_k, 'top_k'),
    stop: reading.texts(body.stop_sequences, 'stop_sequences'),
    effort: thinking.effort,
    wantsReasoning: thinking.wanted,
    format: decodeFormat(reading, body),
    user: metadata && reading.text(metadata.user_id, 'metadata.user_id'),
    stream: reading.flag(body.stream, 'stream') === true,
    includeUsage: false,
  });
}

/** Fields of a tool that steer how Anthropic's servers offer it. */
const toolFields = ['cache_control', 'defer_loading', 'allowed_callers', 'input_examples'] as const;

function decodeTools(reading: Reading, value: unknown): readonly ToolDefinition[] {
  const tools: ToolDefinition[] = [];
  const items = reading.list(value, 'tools');
  for (let at = 0; at < items.length; at += 1) {
    const path = `tools.${at}`;
    const tool = reading.item(items[at], path);
    if (tool === undefined) continue;
    const type = reading.text(tool.type, `${path}.type`) ?? 'custom';
    if (type !== 'custom') {
      reading.drop(type);
      continue;
    }
    for (const field of toolFields) reading.dropIfSaid(field, tool[field]);
    tools.push({
      name: reading.needName(tool.name, `${path}.name`),
      description: reading.text(tool.description, `${path}.description`),
      schema: reading.item(tool.input_schema, `${path}.input_schema`),
      strict: reading.flag(tool.strict, `${path}.strict`),
      freeText: false,
    });
  }
  return tools;
}

function decodeToolChoice(reading: Reading, choice: JsonObject): ToolChoice | undefined {
  switch (choice.type) {
    case 'auto':
    case 'any':
    case 'none':
      return { kind: choice.type };
    case 'tool':
      return { kind: 'tool', name: reading.needName(choice.name, 'tool_choice.name') };
    default:
      return reading.refuse('tool_choice.type', 'must be auto, any, tool or none');
  }
}

function decodeParallelTools(
  reading: Reading,
  choice: JsonObject | undefined,
): boolean | undefined {
  const path = 'tool_choice.disable_parallel_tool_use';
  const disabled = choice && reading.flag(choice.disable_parallel_tool_use, path);
  return disabled === undefined ? undefined : !disabled;
}

/**
 * Effort by its own field or by the budget. Adaptive thinking without a word means `high`, which
 * is what Anthropic's models then do. Thoughts are wanted unless the caller leaves them out.
 */
function decodeThinking(
  reading: Reading,
  body: JsonObject,
): { readonly effort: Effort | undefined; readonly wanted: boolean } {
  const output = reading.object(body.output_config, 'output_config');
  const effort = decodeEffort(reading, output?.effort, 'output_config.effort');
  const thinking = reading.object(body.thinking, 'thinking');
  if (thinking === undefined) return { effort, wanted: false };
  if (thinking.type === 'disabled') return { effort: 'none', wanted: false };
  reading.needName(thinking.type, 'thinking.type');
  const budget = reading.count(thinking.budget_tokens, 'thinking.budget_tokens');
  const implied = budget === undefined ? 'high' : effortOfBudget(budget);
  return { effort: effort ?? implied, wanted: thinking.display !== 'omitted' };
}

function decodeFormat(reading: Reading, body: JsonObject): AnswerFormat | undefined {
  const output = reading.object(body.output_config, 'output_config');
  const format = output && reading.object(output.format, 'output_config.format');
  if (format === undefined) return undefined;
  if (format.type !== 'json_schema') {
    return reading.refuse('output_config.format.type', 'must be json_schema');
  }
  const schema = reading.item(format.schema, 'output_config.format.schema');
  // OpenAI's strict mode refuses optional properties, which Anthropic's schemas may have.
  return { kind: 'json-schema', name: FORMAT_NAME, schema, strict: undefined };
}
