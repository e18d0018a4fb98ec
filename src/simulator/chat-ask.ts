// Reads the body of POST /v1/chat/completions into an `Ask`, or says in the service's words what is
// wrong with it.

import { contentText, isTokenLimit, outputText, schemaOr, situationOf } from './ask.ts';
import type { Ask, OfferedTool, ToolChoice, Turn } from './ask.ts';
import { asNumber, asObject, asText, objectsIn, textLength } from './json.ts';
import type { Json, JsonObject } from './json.ts';
import { estimatedTokens } from './prose.ts';
import { refuse } from './refusal.ts';
import type { Refusal } from './refusal.ts';
import { chatEffortRefusal } from './thinking-rules.ts';

/** Most alternatives (`n`) that one request may ask for; the service's own limit. */
const ALTERNATIVES_MAX = 128;

/** Reads one body. */
export function readChatAsk(body: JsonObject): Ask | Refusal {
  const refusal = refusalOf(body);
  if (refusal !== undefined) return refusal;
  const format = asObject(asObject(body.response_format)?.json_schema);
  return {
    body,
    model: asText(body.model),
    stream: body.stream === true,
    ...situationOf(objectsIn(body.messages).map(turnOf)),
    tools: objectsIn(body.tools).flatMap(toolOf),
    choice: choiceOf(body.tool_choice),
    parallel: body.parallel_tool_calls !== false,
    maxTokens: maxTokensOf(body),
    promptTokens: estimatedTokens(textLength(body.messages) + textLength(body.tools)),
    thinking: 'never',
    thinkingHidden: true,
    format: format === undefined ? undefined : asObject(format.schema),
    alternatives: asNumber(body.n) ?? 1,
  };
}

function refusalOf(body: JsonObject): Refusal | undefined {
  if (asText(body.model) === '') return missing('model', 'you must provide a model parameter');
  if (!Array.isArray(body.messages)) {
    return missing('messages', "Missing required parameter: 'messages'.");
  }
  if (body.messages.length === 0) {
    const message = "Invalid 'messages': empty array. Expected an array with minimum length 1.";
    return refuse(400, message, 'empty_array', 'messages');
  }
  const alternatives = asNumber(body.n) ?? 1;
  if (!Number.isInteger(alternatives) || alternatives < 1 || alternatives > ALTERNATIVES_MAX) {
    const message = `Invalid 'n': expected a whole number from 1 to ${ALTERNATIVES_MAX}.`;
    return refuse(400, message, 'invalid_value', 'n');
  }
  if (!isTokenLimit(maxTokensOf(body))) {
    return refuse(400, 'Invalid token limit: expected a whole number, 1 or more.', 'invalid_value');
  }
  return chatEffortRefusal(body) ?? strayResult(body);
}

function maxTokensOf(body: JsonObject): number {
  return asNumber(body.max_completion_tokens) ?? asNumber(body.max_tokens) ?? Infinity;
}

function missing(param: string, message: string): Refusal {
  return refuse(400, message, 'missing_required_parameter', param);
}

/** A tool message must answer a call that the conversation holds. */
function strayResult(body: JsonObject): Refusal | undefined {
  const called = new Set<string>();
  for (const [place, message] of objectsIn(body.messages).entries()) {
    for (const call of objectsIn(message.tool_calls)) called.add(asText(call.id));
    if (message.role !== 'tool' || called.has(asText(message.tool_call_id))) continue;
    const text =
      "Invalid parameter: messages with role 'tool' must be a response to a preceding message " +
      "with 'tool_calls'.";
    return refuse(400, text, null, `messages.[${place}].role`);
  }
  return undefined;
}

function turnOf(message: JsonObject): Turn {
  if (message.role === 'user') {
    return { speaker: 'user', text: contentText(message.content), outputs: [] };
  }
  if (message.role !== 'tool') return { speaker: 'other', text: '', outputs: [] };
  return { speaker: 'tool', text: '', outputs: [outputText(message.content)] };
}

function toolOf(tool: JsonObject): OfferedTool[] {
  const known = asObject(tool.function);
  if (tool.type !== 'function' || known === undefined) return [];
  return [{ name: asText(known.name), schema: schemaOr(known.parameters) }];
}

function choiceOf(choice: Json | undefined): ToolChoice {
  if (choice === 'none') return { mode: 'none', name: undefined };
  if (choice === 'required') return { mode: 'required', name: undefined };
  const named = asObject(asObject(choice)?.function);
  if (named !== undefined) return { mode: 'required', name: asText(named.name) };
  return { mode: 'auto', name: undefined };
}
