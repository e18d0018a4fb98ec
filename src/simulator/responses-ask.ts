// Reads the body of POST /v1/responses and of its input_tokens into an `Ask`, or says in the
// service's words what is wrong with it. The simulator keeps nothing: references to stored items
// and earlier responses are taken on trust.

import { contentText, isTokenLimit, outputText, schemaOr, situationOf } from './ask.ts';
import type { Ask, OfferedTool, ToolChoice, Turn } from './ask.ts';
import { asNumber, asObject, asText, objectsIn, textLength } from './json.ts';
import type { Json, JsonObject } from './json.ts';
import { estimatedTokens } from './prose.ts';
import { refuse } from './refusal.ts';
import type { Refusal } from './refusal.ts';
import { responsesEffortRefusal } from './thinking-rules.ts';

/** Reads one body. */
export function readResponsesAsk(body: JsonObject): Ask | Refusal {
  const refusal = refusalOf(body);
  if (refusal !== undefined) return refusal;
  const reasoning = asObject(body.reasoning);
  const format = asObject(asObject(body.text)?.format);
  return {
    body,
    model: asText(body.model),
    stream: body.stream === true,
    ...situationOf(turnsOf(body.input)),
    tools: objectsIn(body.tools).flatMap(toolOf),
    choice: choiceOf(body.tool_choice),
    parallel: body.parallel_tool_calls !== false,
    maxTokens: asNumber(body.max_output_tokens) ?? Infinity,
    promptTokens: promptTokensOf(body),
    thinking: reasoning === undefined || reasoning.effort === 'none' ? 'never' : 'allowed',
    thinkingHidden: typeof reasoning?.summary !== 'string',
    format: format === undefined ? undefined : asObject(format.schema),
    alternatives: 1,
  };
}

function refusalOf(body: JsonObject): Refusal | undefined {
  if (asText(body.model) === '') {
    const message = "Missing required parameter: 'model'.";
    return refuse(400, message, 'missing_required_parameter', 'model');
  }
  if (!isTokenLimit(asNumber(body.max_output_tokens) ?? Infinity)) {
    const message = "Invalid 'max_output_tokens': expected a whole number, 1 or more.";
    return refuse(400, message, 'invalid_value', 'max_output_tokens');
  }
  const refusal = responsesEffortRefusal(body);
  if (refusal !== undefined) return refusal;
  if (typeof body.input === 'string' || typeof body.previous_response_id === 'string') {
    return undefined;
  }
  if (!Array.isArray(body.input)) {
    const message = "Missing required parameter: 'input'.";
    return refuse(400, message, 'missing_required_parameter', 'input');
  }
  return strayOutput(body.input as readonly Json[]);
}

/** An output must answer a call that the input holds, unless the input refers to stored items. */
function strayOutput(input: readonly Json[]): Refusal | undefined {
  const called = new Set<string>();
  for (const item of objectsIn(input)) {
    if (item.type === 'item_reference') return undefined;
    const id = asText(item.call_id);
    if (!isOutput(item)) called.add(id);
    else if (!called.has(id)) {
      return refuse(
        400,
        `No tool call found for function call output with call_id ${id}.`,
        null,
        'input',
      );
    }
  }
  return undefined;
}

function isOutput(item: JsonObject): boolean {
  return item.type === 'function_call_output' || item.type === 'custom_tool_call_output';
}

function turnsOf(input: Json | undefined): Turn[] {
  if (typeof input === 'string') {
    return [{ speaker: 'user', text: contentText(input), outputs: [] }];
  }
  return objectsIn(input).map((item) => {
    if (isOutput(item)) return { speaker: 'tool', text: '', outputs: [outputText(item.output)] };
    const text = item.role === 'user' ? contentText(item.content) : '';
    return { speaker: item.role === 'user' ? 'user' : 'other', text, outputs: [] };
  });
}

function toolOf(tool: JsonObject): OfferedTool[] {
  if (tool.type === 'custom') return [{ name: asText(tool.name), schema: undefined }];
  if (tool.type !== 'function') return [];
  return [{ name: asText(tool.name), schema: schemaOr(tool.parameters) }];
}

function choiceOf(choice: Json | undefined): ToolChoice {
  if (choice === 'none') return { mode: 'none', name: undefined };
  if (choice === 'required') return { mode: 'required', name: undefined };
  const named = asObject(choice);
  if (typeof named?.name === 'string') return { mode: 'required', name: named.name };
  return { mode: 'auto', name: undefined };
}

function promptTokensOf(body: JsonObject): number {
  const spoken = textLength(body.instructions) + textLength(body.input);
  return estimatedTokens(spoken + textLength(body.tools));
}
