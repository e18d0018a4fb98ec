// Reads the messages of Chat Completions. Each answer of a tool is a message of its own there; a
// run of them is one turn of the user in the middle form. Functions, the form that tools replaced,
// have no ids: they get one from their place, and an answer belongs to the last call of its name.

import { decodeGiven, decodeTexts } from './decode-openai-content.ts';
import { printJson } from './exact-json.ts';
import type { AssistantPart, ToolCallPart, ToolResultPart, Turn } from './model-request.ts';
import type { JsonObject, Reading } from './request-reading.ts';

/** The turns of `messages`. */
export function decodeChatTurns(reading: Reading, messages: unknown): Turn[] {
  if (!Array.isArray(messages) || messages.length === 0) {
    reading.refuse('messages', 'must be a list with at least one message');
    return [];
  }
  const turns: Turn[] = [];
  const functionIds = new Map<string, string>();
  let results: ToolResultPart[] | undefined;
  for (let at = 0; at < messages.length; at += 1) {
    const path = `messages.${at}`;
    const message = reading.item(messages[at], path);
    if (message === undefined) continue;
    const { role } = message;
    if (role !== 'function') reading.dropIfSaid('name', message.name);
    if (role === 'tool' || role === 'function') {
      const result = decodeResult(reading, message, functionIds, path);
      if (results !== undefined) {
        results.push(result);
        continue;
      }
      results = [result];
      turns.push({ role: 'user', parts: results });
      continue;
    }
    results = undefined;
    const turn = decodeTurn(reading, message, functionIds, path);
    if (turn !== undefined) turns.push(turn);
  }
  return turns;
}

function decodeTurn(
  reading: Reading,
  message: JsonObject,
  functionIds: Map<string, string>,
  path: string,
): Turn | undefined {
  const place = `${path}.content`;
  switch (message.role) {
    case 'system':
    case 'developer':
      return { role: 'system', parts: decodeTexts(reading, message.content, place) };
    case 'user':
      return { role: 'user', parts: decodeGiven(reading, message.content, place) };
    case 'assistant':
      return {
        role: 'assistant',
        parts: decodeAssistant(reading, message, functionIds, path),
      };
    default:
      return reading.refuse(
        `${path}.role`,
        'must be system, developer, user, assistant, tool or function',
      );
  }
}

function decodeAssistant(
  reading: Reading,
  message: JsonObject,
  functionIds: Map<string, string>,
  path: string,
): AssistantPart[] {
  const parts: AssistantPart[] = decodeTexts(reading, message.content, `${path}.content`);
  const refusal = reading.text(message.refusal, `${path}.refusal`);
  if (refusal !== undefined && refusal !== '') parts.push({ kind: 'text', text: refusal });
  reading.dropIfSaid('reasoning_content', message.reasoning_content);
  reading.dropIfSaid('audio', message.audio);
  const calls = reading.list(message.tool_calls, `${path}.tool_calls`);
  for (let at = 0; at < calls.length; at += 1) {
    const place = `${path}.tool_calls.${at}`;
    const call = reading.item(calls[at], place);
    if (call !== undefined) parts.push(decodeCall(reading, call, place));
  }
  const legacy = reading.object(message.function_call, `${path}.function_call`);
  if (legacy !== undefined) {
    const id = path.replace('messages.', 'call_');
    const call = decodeFunctionCall(reading, id, legacy, `${path}.function_call`);
    functionIds.set(call.name, id);
    parts.push(call);
  }
  return parts;
}

function decodeCall(reading: Reading, call: JsonObject, path: string): ToolCallPart {
  const id = reading.needText(call.id, `${path}.id`);
  if (call.type === 'custom') {
    const custom = reading.item(call.custom, `${path}.custom`) ?? {};
    const input = reading.needText(custom.input, `${path}.custom.input`);
    return {
      kind: 'tool-call',
      id,
      name: reading.needName(custom.name, `${path}.custom.name`),
      argumentsJson: JSON.stringify({ input }),
    };
  }
  const called = reading.item(call.function, `${path}.function`) ?? {};
  return decodeFunctionCall(reading, id, called, `${path}.function`);
}

function decodeFunctionCall(
  reading: Reading,
  id: string,
  called: JsonObject,
  path: string,
): ToolCallPart {
  return {
    kind: 'tool-call',
    id,
    name: reading.needName(called.name, `${path}.name`),
    argumentsJson: decodeArguments(reading, called.arguments, `${path}.arguments`),
  };
}

/** The arguments as text. Some servers answer an object, and their clients send it back as one. */
export function decodeArguments(reading: Reading, value: unknown, path: string): string {
  if (typeof value === 'object' && value !== null) {
    return printJson(value) ?? reading.refuse(path, 'is nested too deeply') ?? '';
  }
  return reading.text(value, path) ?? '';
}

function decodeResult(
  reading: Reading,
  message: JsonObject,
  functionIds: ReadonlyMap<string, string>,
  path: string,
): ToolResultPart {
  let id: string;
  if (message.role === 'function') {
    const name = reading.needName(message.name, `${path}.name`);
    id = functionIds.get(name) ?? name;
  } else id = reading.needText(message.tool_call_id, `${path}.tool_call_id`);
  const content = decodeGiven(reading, message.content, `${path}.content`);
  return { kind: 'tool-result', id, content, isError: false };
}
