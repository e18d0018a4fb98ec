// Writes answers as OpenAI Chat Completions: role chunk, content chunks, then at the end of a
// whole answer the finish chunk, the usage chunk if asked for, and `[DONE]`.
// Invariant: the finish chunk is held until the answer is whole, because clients take a stream
// that ends after it for complete.

import { ownId } from './answer-ids.ts';
import type { AnswerEncoder, AnswerError, AskedFor } from './answer-events.ts';
import type { AnswerWriter, Closing, EncoderDeps } from './answer-writer.ts';
import { chatDocument, chatFinishReasons, chatUsageMember } from './chat-document.ts';
import { DocumentWriter } from './document-writer.ts';
import { openAiErrorMember } from './encode-error.ts';
import { ShapedEncoder } from './shaped-encoder.ts';

const EVENTS = 'text/event-stream; charset=utf-8';

/** An encoder of Chat answers, streamed or whole as the caller asked. */
export function chatEncoder(asked: AskedFor, deps: EncoderDeps): AnswerEncoder {
  if (asked.stream) return new ShapedEncoder(new ChatWriter(asked, deps), asked, EVENTS);
  const writer = new DocumentWriter((whole) => chatDocument(whole, asked, deps));
  return new ShapedEncoder(writer, asked, 'application/json');
}

interface Call {
  /** Running number of the call, which is what clients put fragments together by. */
  readonly index: number;
  hasArguments: boolean;
}

class ChatWriter implements AnswerWriter {
  readonly #asked: AskedFor;
  readonly #deps: EncoderDeps;
  readonly #calls: Map<string, Call> = new Map();
  #out: string = '';
  /** What every chunk begins with, up to its choices. */
  #head: string = '';
  readonly #tail: string;

  constructor(asked: AskedFor, deps: EncoderDeps) {
    this.#asked = asked;
    this.#deps = deps;
    const usage = asked.includeUsage ? ',"usage":null' : '';
    this.#tail = `,"logprobs":null,"finish_reason":null}]${usage}}\n\n`;
  }

  take(): string {
    const out = this.#out;
    this.#out = '';
    return out;
  }

  start(id: string): void {
    const head = JSON.stringify({
      id: ownId(id, 'chatcmpl-', this.#deps.newId),
      object: 'chat.completion.chunk',
      created: Math.floor(this.#deps.wallNow() / 1000),
      model: this.#asked.model,
    });
    this.#head = `data: ${head.slice(0, -1)},"choices":[`;
    this.#delta('{"role":"assistant","content":""}');
  }

  text(_key: string, delta: string): void {
    this.#delta(`{"content":${JSON.stringify(delta)}}`);
  }

  reasoning(_key: string, delta: string): void {
    if (delta !== '') this.#delta(`{"reasoning_content":${JSON.stringify(delta)}}`);
  }

  toolStart(key: string, id: string, name: string): void {
    const index = this.#calls.size;
    this.#calls.set(key, { index, hasArguments: false });
    const callee = { name, arguments: '' };
    const call = JSON.stringify({ index, id, type: 'function', function: callee });
    this.#delta(`{"tool_calls":[${call}]}`);
  }

  toolArguments(key: string, delta: string): void {
    const call = this.#calls.get(key);
    if (call === undefined) return;
    call.hasArguments = true;
    const text = JSON.stringify(delta);
    this.#delta(`{"tool_calls":[{"index":${call.index},"function":{"arguments":${text}}}]}`);
  }

  toolEnd(key: string): void {
    if (this.#calls.get(key)?.hasArguments === false) this.toolArguments(key, '{}');
  }

  ping(): void {
    // Any event, whatever its name, reaches user code as a chunk without choices.
    if (this.#head !== '') this.#out += ': hb\n\n';
  }

  error(error: AnswerError): void {
    this.#out += `data: ${JSON.stringify({ error: openAiErrorMember(error) })}\n\n`;
  }

  end(closing: Closing): void {
    const reason = JSON.stringify(chatFinishReasons[closing.reason]);
    const nothing = this.#asked.includeUsage ? ',"usage":null' : '';
    const choice = `{"index":0,"delta":{},"logprobs":null,"finish_reason":${reason}}`;
    this.#out += `${this.#head}${choice}]${nothing}}\n\n`;
    const usage = this.#asked.includeUsage ? chatUsageMember(closing.usage) : undefined;
    if (usage !== undefined) this.#out += `${this.#head}],"usage":${JSON.stringify(usage)}}\n\n`;
    this.#out += 'data: [DONE]\n\n';
  }

  #delta(delta: string): void {
    this.#out += `${this.#head}{"index":0,"delta":${delta}${this.#tail}`;
  }
}
