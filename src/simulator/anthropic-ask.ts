// Reads the body of POST /v1/messages and of count_tokens into an `Ask`, or says in the service's
// words what is wrong with it. Field names and messages: the service's documentation.

import { contentText, outputText, schemaOr, situationOf } from './ask.ts';
import type { Ask, OfferedTool, ToolChoice, Turn } from './ask.ts';
import { asNumber, asObject, asText, objectsIn, textLength } from './json.ts';
import type { JsonObject } from './json.ts';
import { estimatedTokens } from './prose.ts';
import { refuse } from './refusal.ts';
import type { Refusal } from './refusal.ts';
import { anthropicThinkingRefusal } from './thinking-rules.ts';

/** Reads one body. `counting`: only the prompt is measured, so `max_tokens` is not needed. */
export function readAnthropicAsk(body: JsonObject, counting: boolean): Ask | Refusal {
  const refusal = refusalOf(body, counting);
  if (refusal !== undefined) return refusal;
  const thinking = asText(asObject(body.thinking)?.type);
  const format = asObject(asObject(body.output_config)?.format) ?? asObject(body.output_format);
  return {
    body,
    model: asText(body.model),
    stream: body.stream === true,
    ...situationOf(objectsIn(body.messages).map(turnOf)),
    tools: objectsIn(body.tools).flatMap(toolOf),
    choice: choiceOf(asObject(body.tool_choice)),
    parallel: asObject(body.tool_choice)?.disable_parallel_tool_use !== true,
    maxTokens: asNumber(body.max_tokens) ?? Infinity,
    promptTokens: promptTokensOf(body),
    thinking: thinking === 'enabled' ? 'asked' : thinking === 'adaptive' ? 'allowed' : 'never',
    thinkingHidden: asObject(body.thinking)?.display === 'omitted',
    format: format === undefined ? undefined : asObject(format.schema),
    alternatives: 1,
  };
}

function refusalOf(body: JsonObject, counting: boolean): Refusal | undefined {
  if (asText(body.model) === '') return refuse(400, 'model: Field required');
  const maxTokens = asNumber(body.max_tokens);
  if (!counting && maxTokens === undefined) return refuse(400, 'max_tokens: Field required');
  if (maxTokens !== undefined && (!Number.isInteger(maxTokens) || maxTokens < 0)) {
    return refuse(400, 'max_tokens: Input should be a whole number, 0 or more');
  }
  if (asObject(body.thread)?.type === 'continue') {
    // Nothing is kept between requests; clients then send the whole conversation again.
    return refuse(404, 'The thread was not found.', 'thread_not_found');
  }
  if (!Array.isArray(body.messages)) return refuse(400, 'messages: Field required');
  if (body.messages.length === 0) return refuse(400, 'messages: at least one message is required');
  return anthropicThinkingRefusal(body) ?? strayResult(body);
}

/** A tool result must answer a call that the conversation holds. */
function strayResult(body: JsonObject): Refusal | undefined {
  const called = new Set<string>();
  for (const [place, message] of objectsIn(body.messages).entries()) {
    for (const block of objectsIn(message.content)) {
      if (block.type === 'tool_use') called.add(asText(block.id));
      if (block.type !== 'tool_result' || called.has(asText(block.tool_use_id))) continue;
      const where = `messages.${place}.content`;
      const id = asText(block.tool_use_id);
      return refuse(
        400,
        `${where}: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${id}`,
      );
    }
  }
  return undefined;
}

function turnOf(message: JsonObject): Turn {
  if (message.role !== 'user') return { speaker: 'other', text: '', outputs: [] };
  const results = objectsIn(message.content).filter((block) => block.type === 'tool_result');
  const outputs = results.map((block) => outputText(block.content));
  if (outputs.length > 0) return { speaker: 'tool', text: '', outputs };
  return { speaker: 'user', text: contentText(message.content), outputs };
}

/** Tools that the service runs itself have a type and no schema; the simulator never calls them. */
function toolOf(tool: JsonObject): OfferedTool[] {
  if (asObject(tool.input_schema) === undefined) return [];
  return [{ name: asText(tool.name), schema: schemaOr(tool.input_schema) }];
}

function choiceOf(choice: JsonObject | undefined): ToolChoice {
  if (choice?.type === 'none') return { mode: 'none', name: undefined };
  if (choice?.type === 'any') return { mode: 'required', name: undefined };
  if (choice?.type === 'tool') return { mode: 'required', name: asText(choice.name) };
  return { mode: 'auto', name: undefined };
}

function promptTokensOf(body: JsonObject): number {
  return estimatedTokens(
    textLength(body.system) + textLength(body.messages) + textLength(body.tools),
  );
}
