// Turns as messages of Anthropic's format: user first, then by turns; results before anything else
// the user says; no text that is empty.

import { parseExact } from './exact-json.ts';
import type { GivenPart, MediaSource } from './model-request.ts';
import { markedSystemText, textOfDocument, type Writing } from './request-writing.ts';
import {
  isCall,
  planTurns,
  type PlannedCall,
  type PlannedPart,
  type PlannedTurn,
} from './turn-plan.ts';

/** Long enough for the ids of every known vendor; Anthropic documents letters, not a length. */
const ID_CHARS_MAX = 64;

/** Stands for the user where a conversation begins without one. */
const OPENING = 'Begin.';

interface EncodedConversation {
  /** The leading system turns. */
  readonly prompts: string[];
  readonly messages: readonly object[];
}

interface Message {
  readonly role: 'user' | 'assistant' | 'system';
  readonly content: object[];
}

/** The conversation of a request. */
export function encodeAnthropicMessages(out: Writing): EncodedConversation {
  const plan = planTurns(out.request.turns, ID_CHARS_MAX);
  const prompts: string[] = [];
  let at = 0;
  for (; at < plan.length; at += 1) {
    const turn = plan[at];
    if (turn?.role !== 'system') break;
    if (!isBlank(turn.text)) prompts.push(turn.text);
  }
  const messages = new Messages(out);
  for (; at < plan.length; at += 1) messages.add(plan[at] as PlannedTurn);
  return { prompts, messages: messages.whole() };
}

class Messages {
  readonly #out: Writing;
  readonly #messages: Message[] = [];

  constructor(out: Writing) {
    this.#out = out;
  }

  add(turn: PlannedTurn): void {
    if (turn.role === 'user') {
      for (const part of turn.parts) this.#given(part);
    } else if (turn.role === 'assistant') {
      for (const part of turn.parts) this.#written(part);
      for (const call of turn.calls) this.#put('user', encodeResult(call));
    } else if (!isBlank(turn.text)) {
      const allowed = this.#out.limits.laterSystem === true;
      const text = allowed ? turn.text : markedSystemText(turn.text);
      this.#put(allowed ? 'system' : 'user', { type: 'text', text });
    }
  }

  /** The messages, once all turns are in. */
  whole(): readonly object[] {
    const first = this.#messages[0];
    if (first?.role !== 'user') {
      this.#messages.unshift({ role: 'user', content: [{ type: 'text', text: OPENING }] });
    }
    this.#trimPrefill();
    return this.#messages;
  }

  /** The beginning of an answer that the model shall go on with must not end in white space. */
  #trimPrefill(): void {
    const last = this.#messages.at(-1);
    const block = last?.content.at(-1);
    if (last?.role !== 'assistant' || block === undefined || !('text' in block)) return;
    last.content[last.content.length - 1] = { ...block, text: String(block.text).trimEnd() };
  }

  #given(part: GivenPart): void {
    const block = encodeGiven(part);
    if (block !== undefined) this.#put('user', block);
  }

  #written(part: PlannedPart): void {
    if (isCall(part)) this.#put('assistant', this.#call(part));
    else if (part.kind === 'text') {
      if (!isBlank(part.text)) this.#put('assistant', { type: 'text', text: part.text });
    } else if (part.signature === undefined || part.signature === '') this.#out.drop('thinking');
    else {
      const { text: thinking, signature } = part;
      this.#put('assistant', { type: 'thinking', thinking, signature });
    }
  }

  #call({ id, call }: PlannedCall): object {
    return {
      type: 'tool_use',
      id,
      name: this.#out.names.wire(call.name),
      input: inputOf(call.argumentsJson),
    };
  }

  #put(role: Message['role'], block: object): void {
    const last = this.#messages.at(-1);
    if (last?.role === role) last.content.push(block);
    else this.#messages.push({ role, content: [block] });
  }
}

/** Arguments must be an object; text that is none is kept where the model can still see it. */
function inputOf(argumentsJson: string): object {
  const text = argumentsJson.trimStart();
  if (text === '') return {};
  const value = text.startsWith('{') ? parseExact(text) : undefined;
  return typeof value === 'object' && value !== null ? value : { _raw: argumentsJson };
}

function encodeResult({ id, result }: PlannedCall): object {
  const blocks: object[] = [];
  for (const part of result.content) {
    const block = encodeGiven(part);
    if (block !== undefined) blocks.push(block);
  }
  const only = result.content.length === 1 ? result.content[0] : undefined;
  const plain = only?.kind === 'text' ? only.text : undefined;
  return {
    type: 'tool_result',
    tool_use_id: id,
    content: blocks.length === 0 ? undefined : (plain ?? blocks),
    is_error: result.isError ? true : undefined,
  };
}

/** Undefined for text that is empty or blank, which is refused. */
function encodeGiven(part: GivenPart): object | undefined {
  switch (part.kind) {
    case 'text':
      return isBlank(part.text) ? undefined : { type: 'text', text: part.text };
    case 'image':
      return { type: 'image', source: encodeSource(part.source) };
    case 'document': {
      const text = textOfDocument(part);
      const source =
        text === undefined
          ? encodeSource(part.source)
          : { type: 'text', media_type: 'text/plain', data: text };
      return { type: 'document', source, title: part.fileName };
    }
    default:
      return part satisfies never;
  }
}

function encodeSource(source: MediaSource): object {
  if (source.kind === 'url') return { type: 'url', url: source.url };
  return { type: 'base64', media_type: source.mediaType, data: source.data };
}

function isBlank(text: string): boolean {
  return text.trim() === '';
}
