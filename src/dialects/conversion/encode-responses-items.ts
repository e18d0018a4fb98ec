// Turns as items of the Responses API. Calls and their outputs are items of their own; tools that
// take free text have items without JSON around the text.

import { urlOfSource } from './data-url.ts';
import { parseExact } from './exact-json.ts';
import type { GivenPart } from './model-request.ts';
import { markedSystemText, type Writing } from './request-writing.ts';
import { isCall, joinTexts, planTurns, type PlannedCall, type PlannedTurn } from './turn-plan.ts';

/** OpenAI's Responses refuses longer ids of calls. */
const ID_CHARS_MAX = 64;

interface EncodedItems {
  /** The leading system turns. */
  readonly instructions: string | undefined;
  readonly input: readonly object[];
}

/** The conversation of a request. */
export function encodeResponsesItems(out: Writing): EncodedItems {
  const plan = planTurns(out.request.turns, ID_CHARS_MAX);
  const freeText = new Set<string>();
  for (const tool of out.request.tools) if (tool.freeText) freeText.add(tool.name);
  const items = new Items(out, freeText);
  let at = 0;
  const leading: string[] = [];
  for (; at < plan.length; at += 1) {
    const turn = plan[at];
    if (turn?.role !== 'system') break;
    if (turn.text !== '') leading.push(turn.text);
  }
  for (; at < plan.length; at += 1) items.add(plan[at] as PlannedTurn);
  const instructions = leading.length === 0 ? undefined : leading.join('\n\n');
  return { instructions, input: items.items };
}

class Items {
  readonly items: object[] = [];
  readonly #out: Writing;
  readonly #freeText: ReadonlySet<string>;

  constructor(out: Writing, freeText: ReadonlySet<string>) {
    this.#out = out;
    this.#freeText = freeText;
  }

  add(turn: PlannedTurn): void {
    if (turn.role === 'assistant') this.#answer(turn);
    else if (turn.role === 'user') {
      this.items.push({ type: 'message', role: 'user', content: turn.parts.map(encodePart) });
    } else if (turn.text !== '') this.#laterSystem(turn.text);
  }

  #laterSystem(text: string): void {
    const allowed = this.#out.limits.laterSystem !== false;
    this.items.push({
      type: 'message',
      role: allowed ? 'developer' : 'user',
      content: [{ type: 'input_text', text: allowed ? text : markedSystemText(text) }],
    });
  }

  #answer({ parts, calls }: PlannedTurn & { role: 'assistant' }): void {
    for (const part of parts) {
      if (isCall(part)) this.items.push(this.#call(part));
      else if (part.kind === 'reasoning') this.#out.drop('thinking');
      else if (part.text !== '') {
        this.items.push({ type: 'message', role: 'assistant', content: part.text });
      }
    }
    for (const call of calls) this.items.push(this.#output(call));
  }

  #call({ id, call }: PlannedCall): object {
    const name = this.#out.names.wire(call.name);
    if (!this.#freeText.has(call.name)) {
      const said = call.argumentsJson === '' ? '{}' : call.argumentsJson;
      return { type: 'function_call', call_id: id, name, arguments: said };
    }
    return { type: 'custom_tool_call', call_id: id, name, input: freeTextOf(call.argumentsJson) };
  }

  #output({ id, call, result }: PlannedCall): object {
    const type = this.#freeText.has(call.name) ? 'custom_tool_call_output' : 'function_call_output';
    return { type, call_id: id, output: encodeOutput(result.content, result.isError) };
  }
}

/** A string when all is text, which every server takes; an error says so in front. */
function encodeOutput(content: readonly GivenPart[], isError: boolean): string | readonly object[] {
  const texts = content.filter((part) => part.kind === 'text');
  if (texts.length === content.length) {
    const text = joinTexts(texts);
    return isError ? `Error: ${text}` : text;
  }
  const parts = content.map(encodePart);
  return isError ? [{ type: 'input_text', text: 'Error:' }, ...parts] : parts;
}

/** What stands under `input`; arguments that hold no such text are themselves the text. */
function freeTextOf(argumentsJson: string): string {
  const value = parseExact(argumentsJson);
  if (typeof value !== 'object' || value === null) return argumentsJson;
  const { input } = value as { readonly input?: unknown };
  return typeof input === 'string' ? input : argumentsJson;
}

function encodePart(part: GivenPart): object {
  switch (part.kind) {
    case 'text':
      return { type: 'input_text', text: part.text };
    case 'image':
      return { type: 'input_image', detail: 'auto', image_url: urlOfSource(part.source) };
    case 'document': {
      const url = urlOfSource(part.source);
      if (part.source.kind === 'url') return { type: 'input_file', file_url: url };
      return { type: 'input_file', filename: part.fileName ?? 'document.pdf', file_data: url };
    }
    default:
      return part satisfies never;
  }
}
