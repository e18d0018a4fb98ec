// Turns as messages of Chat Completions. An answer of a tool is a message of its own there and can
// hold text alone: its images and files go into the user message that follows.

import { urlOfSource } from './data-url.ts';
import type { GivenPart, TextPart } from './model-request.ts';
import { markedSystemText, textOfDocument, type Writing } from './request-writing.ts';
import { isCall, joinTexts, planTurns, type PlannedCall, type PlannedTurn } from './turn-plan.ts';

/** OpenAI's Chat refuses longer ids of calls. */
const ID_CHARS_MAX = 40;

/** The messages of a request. */
export function encodeChatMessages(out: Writing): readonly object[] {
  return new ChatMessages(out).write(planTurns(out.request.turns, ID_CHARS_MAX));
}

class ChatMessages {
  readonly #out: Writing;
  readonly #messages: object[] = [];
  /** What the next user message begins with. */
  #held: GivenPart[] = [];

  constructor(out: Writing) {
    this.#out = out;
  }

  write(plan: readonly PlannedTurn[]): readonly object[] {
    let at = 0;
    const leading: string[] = [];
    for (; plan[at]?.role === 'system'; at += 1) leading.push(textOf(plan[at]));
    const prompt = leading.filter((text) => text !== '').join('\n\n');
    if (prompt !== '') this.#messages.push({ role: 'system', content: prompt });
    for (; at < plan.length; at += 1) this.#turn(plan[at] as PlannedTurn);
    this.#user([]);
    return this.#messages;
  }

  #turn(turn: PlannedTurn): void {
    if (turn.role === 'user') this.#user(turn.parts);
    else if (turn.role === 'system') this.#laterSystem(turn.text);
    else this.#assistant(turn);
  }

  #laterSystem(text: string): void {
    if (text === '') return;
    if (this.#out.limits.laterSystem === false) {
      this.#held.push({ kind: 'text', text: markedSystemText(text) });
      return;
    }
    this.#user([]);
    this.#messages.push({ role: 'system', content: text });
  }

  #user(parts: readonly GivenPart[]): void {
    const all = this.#held.length === 0 ? parts : [...this.#held, ...parts];
    this.#held = [];
    if (all.length > 0) this.#messages.push({ role: 'user', content: this.#content(all) });
  }

  #assistant({ parts, calls }: PlannedTurn & { role: 'assistant' }): void {
    this.#user([]);
    const texts: TextPart[] = [];
    for (const part of parts) {
      if (isCall(part)) continue;
      if (part.kind === 'text') texts.push(part);
      else this.#out.drop('thinking');
    }
    const content = joinTexts(texts);
    if (calls.length === 0) {
      if (content !== '') this.#messages.push({ role: 'assistant', content });
      return;
    }
    this.#messages.push({
      role: 'assistant',
      content: content === '' ? null : content,
      tool_calls: calls.map((call) => this.#call(call)),
    });
    for (const call of calls) this.#result(call);
  }

  #call({ id, call }: PlannedCall): object {
    return {
      id,
      type: 'function',
      function: {
        name: this.#out.names.wire(call.name),
        arguments: call.argumentsJson === '' ? '{}' : call.argumentsJson,
      },
    };
  }

  #result({ id, result }: PlannedCall): void {
    const texts: TextPart[] = [];
    const media: GivenPart[] = [];
    for (const part of result.content) {
      const text = part.kind === 'document' ? textOfDocument(part) : undefined;
      if (part.kind === 'text') texts.push(part);
      else if (text === undefined) media.push(part);
      else texts.push({ kind: 'text', text });
    }
    if (media.length > 0) {
      this.#held.push({ kind: 'text', text: `Result of tool call ${id}:` });
      for (const part of media) this.#held.push(part);
      if (texts.length === 0) {
        texts.push({ kind: 'text', text: 'The result is in the next user message.' });
      }
    }
    const text = joinTexts(texts);
    const content = result.isError ? `Error: ${text}` : text;
    this.#messages.push({ role: 'tool', tool_call_id: id, content });
  }

  /** A string when all is text: many compatible servers take nothing else. */
  #content(parts: readonly GivenPart[]): string | readonly object[] {
    const texts: TextPart[] = [];
    for (const part of parts) if (part.kind === 'text') texts.push(part);
    if (texts.length === parts.length) return joinTexts(texts);
    return parts.map((part) => this.#part(part));
  }

  #part(part: GivenPart): object {
    if (part.kind === 'text') return { type: 'text', text: part.text };
    if (part.kind === 'image') {
      return { type: 'image_url', image_url: { url: urlOfSource(part.source) } };
    }
    const text = textOfDocument(part);
    if (text !== undefined) return { type: 'text', text };
    if (part.source.kind === 'url') {
      this.#out.refuse(
        'messages: a document by url cannot be sent to this upstream; send its bytes in base64',
      );
    }
    const file = {
      filename: part.fileName ?? 'document.pdf',
      file_data: urlOfSource(part.source),
    };
    return { type: 'file', file };
  }
}

function textOf(turn: PlannedTurn | undefined): string {
  return turn?.role === 'system' ? turn.text : '';
}
