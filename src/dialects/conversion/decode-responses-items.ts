// Reads the input of the Responses API: a flat list of items, where other formats have messages. A
// run of the model's items (text, calls) is one turn, and so is a run of outputs; that is how
// parallel calls, which stand beside each other here, stay together.

import { decodeArguments } from './decode-chat-turns.ts';
import { decodeGiven, decodeTexts } from './decode-openai-content.ts';
import type { AssistantPart, ToolCallPart, ToolResultPart, Turn } from './model-request.ts';
import type { JsonObject, Reading } from './request-reading.ts';

/** The turns of `input`. */
export function decodeResponsesItems(reading: Reading, input: unknown): Turn[] {
  if (typeof input === 'string') {
    return [{ role: 'user', parts: [{ kind: 'text', text: input }] }];
  }
  const turns = new TurnRuns();
  if (!Array.isArray(input) || input.length === 0) {
    reading.refuse('input', 'must be a string or a list with at least one item');
    return turns.turns;
  }
  for (let at = 0; at < input.length; at += 1) {
    const path = `input.${at}`;
    const item = reading.item(input[at], path);
    if (item !== undefined) decodeItem(reading, item, path, turns);
  }
  return turns.turns;
}

/** Turns in the making: runs of the same kind grow, anything else begins a new turn. */
class TurnRuns {
  readonly turns: Turn[] = [];
  #answer: AssistantPart[] | undefined;
  #results: ToolResultPart[] | undefined;

  add(turn: Turn): void {
    this.#answer = undefined;
    this.#results = undefined;
    this.turns.push(turn);
  }

  answer(part: AssistantPart): void {
    if (this.#answer !== undefined) {
      this.#answer.push(part);
      return;
    }
    const run = [part];
    this.add({ role: 'assistant', parts: run });
    this.#answer = run;
  }

  result(part: ToolResultPart): void {
    if (this.#results !== undefined) {
      this.#results.push(part);
      return;
    }
    const run = [part];
    this.add({ role: 'user', parts: run });
    this.#results = run;
  }
}

function decodeItem(reading: Reading, item: JsonObject, path: string, turns: TurnRuns): void {
  switch (item.type ?? 'message') {
    case 'message':
      decodeMessage(reading, item, path, turns);
      return;
    case 'function_call':
      turns.answer(decodeCall(reading, item, path));
      return;
    case 'custom_tool_call':
      turns.answer(decodeCustomCall(reading, item, path));
      return;
    case 'function_call_output':
    case 'custom_tool_call_output':
      turns.result({
        kind: 'tool-result',
        id: reading.needText(item.call_id, `${path}.call_id`),
        content: decodeGiven(reading, item.output, `${path}.output`),
        isError: false,
      });
      return;
    case 'item_reference':
      reading.refuse(path, 'items are not kept by this upstream; send the item itself');
      return;
    default:
      // Thoughts, and the work of tools that run at OpenAI: only OpenAI can read them.
      reading.drop(reading.needName(item.type, `${path}.type`));
  }
}

function decodeMessage(reading: Reading, item: JsonObject, path: string, turns: TurnRuns): void {
  const { role } = item;
  const place = `${path}.content`;
  if (role === 'assistant') {
    for (const part of decodeTexts(reading, item.content, place)) turns.answer(part);
  } else if (role === 'user') {
    turns.add({ role, parts: decodeGiven(reading, item.content, place) });
  } else if (role === 'system' || role === 'developer') {
    turns.add({ role: 'system', parts: decodeTexts(reading, item.content, place) });
  } else reading.refuse(`${path}.role`, 'must be user, assistant, system or developer');
}

function decodeCall(reading: Reading, item: JsonObject, path: string): ToolCallPart {
  return {
    kind: 'tool-call',
    id: reading.needText(item.call_id, `${path}.call_id`),
    name: reading.needName(item.name, `${path}.name`),
    argumentsJson: decodeArguments(reading, item.arguments, `${path}.arguments`),
  };
}

function decodeCustomCall(reading: Reading, item: JsonObject, path: string): ToolCallPart {
  const input = reading.needText(item.input, `${path}.input`);
  return {
    kind: 'tool-call',
    id: reading.needText(item.call_id, `${path}.call_id`),
    name: reading.needName(item.name, `${path}.name`),
    argumentsJson: JSON.stringify({ input }),
  };
}
