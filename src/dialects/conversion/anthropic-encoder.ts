// Writes answers as Anthropic Messages. Blocks stand one after the other there, so a call stays
// open until it ends and what comes for other blocks meanwhile is held back in order.
// Invariants: block indexes count up from 0; one block is open at a time; `message_stop` is written
// for a whole answer only.

import {
  anthropicDocument,
  anthropicStopReasons,
  anthropicUsageMember,
} from './anthropic-document.ts';
import { ownId } from './answer-ids.ts';
import type { AnswerEncoder, AnswerError, AskedFor } from './answer-events.ts';
import type { AnswerWriter, Closing, EncoderDeps } from './answer-writer.ts';
import { DocumentWriter } from './document-writer.ts';
import { anthropicErrorMember } from './encode-error.ts';
import { ShapedEncoder } from './shaped-encoder.ts';

const EVENTS = 'text/event-stream; charset=utf-8';

/** Characters held back for later blocks; more of them is an answer that cannot be put in order. */
const HELD_CHARS_MAX = 16_777_216;

/** An encoder of Messages answers, streamed or whole as the caller asked. */
export function anthropicEncoder(asked: AskedFor, deps: EncoderDeps): AnswerEncoder {
  if (asked.stream) return new ShapedEncoder(new AnthropicWriter(asked, deps), asked, EVENTS);
  const writer = new DocumentWriter((whole) => anthropicDocument(whole, asked, deps));
  return new ShapedEncoder(writer, asked, 'application/json');
}

type BlockKind = 'text' | 'reasoning' | 'tool';

/** One event that waits for the open call to end. */
interface Held {
  readonly kind: 'text' | 'reasoning' | 'start' | 'arguments' | 'end';
  readonly key: string;
  readonly text: string;
  /** Signature of a thought; name of a call. */
  readonly more: string | undefined;
}

class AnthropicWriter implements AnswerWriter {
  failure: AnswerError | undefined = undefined;
  readonly #asked: AskedFor;
  readonly #deps: EncoderDeps;
  #out: string = '';
  #started: boolean = false;
  #open: BlockKind | undefined = undefined;
  #openKey: string = '';
  #index: number = -1;
  #openHasArguments: boolean = false;
  #held: Held[] = [];
  #heldChars: number = 0;

  constructor(asked: AskedFor, deps: EncoderDeps) {
    this.#asked = asked;
    this.#deps = deps;
  }

  take(): string {
    const out = this.#out;
    this.#out = '';
    return out;
  }

  start(id: string): void {
    this.#started = true;
    const message = {
      id: ownId(id, 'msg_', this.#deps.newId),
      type: 'message',
      role: 'assistant',
      model: this.#asked.model,
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: {
        input_tokens: this.#asked.estimatedInputTokens,
        cache_creation_input_tokens: 0,
        cache_read_input_tokens: 0,
        output_tokens: 0,
      },
    };
    this.#event('message_start', `"message":${JSON.stringify(message)}`);
  }

  text(key: string, delta: string): void {
    if (this.#mustWait(key)) this.#hold({ kind: 'text', key, text: delta, more: undefined });
    else {
      if (this.#open !== 'text' || this.#openKey !== key) {
        this.#begin('text', key, '{"type":"text","text":""}');
      }
      this.#delta(`{"type":"text_delta","text":${JSON.stringify(delta)}}`);
    }
  }

  reasoning(key: string, delta: string, signature: string | undefined): void {
    if (this.#mustWait(key)) {
      this.#hold({ kind: 'reasoning', key, text: delta, more: signature });
      return;
    }
    if (this.#open !== 'reasoning' || this.#openKey !== key) {
      this.#begin('reasoning', key, '{"type":"thinking","thinking":"","signature":""}');
    }
    if (delta !== '') this.#delta(`{"type":"thinking_delta","thinking":${JSON.stringify(delta)}}`);
    if (signature === undefined) return;
    this.#delta(`{"type":"signature_delta","signature":${JSON.stringify(signature)}}`);
    this.#close();
  }

  toolStart(key: string, id: string, name: string): void {
    if (this.#mustWait(key)) {
      this.#hold({ kind: 'start', key, text: id, more: name });
      return;
    }
    this.#begin('tool', key, JSON.stringify({ type: 'tool_use', id, name, input: {} }));
    this.#openHasArguments = false;
  }

  toolArguments(key: string, delta: string): void {
    if (this.#open !== 'tool' || this.#openKey !== key) {
      this.#hold({ kind: 'arguments', key, text: delta, more: undefined });
      return;
    }
    this.#openHasArguments = true;
    this.#delta(`{"type":"input_json_delta","partial_json":${JSON.stringify(delta)}}`);
  }

  toolEnd(key: string): void {
    if (this.#open !== 'tool' || this.#openKey !== key) {
      this.#hold({ kind: 'end', key, text: '', more: undefined });
      return;
    }
    if (!this.#openHasArguments) this.#delta('{"type":"input_json_delta","partial_json":"{}"}');
    this.#close();
    const held = this.#held;
    this.#held = [];
    this.#heldChars = 0;
    for (const event of held) this.#release(event);
  }

  ping(): void {
    if (this.#started) this.#out += 'event: ping\ndata: {"type": "ping"}\n\n';
  }

  error(error: AnswerError): void {
    this.#event('error', `"error":${JSON.stringify(anthropicErrorMember(error))}`);
  }

  end(closing: Closing): void {
    this.#close();
    const reason = JSON.stringify(anthropicStopReasons[closing.reason]);
    const sequence = JSON.stringify(closing.stopSequence ?? null);
    const usage = JSON.stringify(anthropicUsageMember(closing.usage, this.#asked));
    this.#event(
      'message_delta',
      `"delta":{"stop_reason":${reason},"stop_sequence":${sequence}},"usage":${usage}`,
    );
    this.#out += 'event: message_stop\ndata: {"type":"message_stop"}\n\n';
  }

  /** Another block's call is open. */
  #mustWait(key: string): boolean {
    return this.#open === 'tool' && this.#openKey !== key;
  }

  #hold(event: Held): void {
    this.#heldChars += event.text.length + 32;
    if (this.#heldChars <= HELD_CHARS_MAX) this.#held.push(event);
    else {
      this.#held = [];
      const message = 'The calls of the answer are too large to be put in order.';
      this.failure = { class: 'server', message, status: 502 };
    }
  }

  #release(event: Held): void {
    switch (event.kind) {
      case 'text':
        this.text(event.key, event.text);
        break;
      case 'reasoning':
        this.reasoning(event.key, event.text, event.more);
        break;
      case 'start':
        this.toolStart(event.key, event.text, event.more ?? '');
        break;
      case 'arguments':
        this.toolArguments(event.key, event.text);
        break;
      case 'end':
        this.toolEnd(event.key);
        break;
    }
  }

  #begin(kind: BlockKind, key: string, block: string): void {
    this.#close();
    this.#open = kind;
    this.#openKey = key;
    this.#index += 1;
    this.#event('content_block_start', `"index":${this.#index},"content_block":${block}`);
  }

  #close(): void {
    if (this.#open === undefined) return;
    this.#open = undefined;
    this.#event('content_block_stop', `"index":${this.#index}`);
  }

  #delta(delta: string): void {
    this.#out +=
      'event: content_block_delta\ndata: {"type":"content_block_delta","index":' +
      `${this.#index},"delta":${delta}}\n\n`;
  }

  #event(type: string, members: string): void {
    this.#out += `event: ${type}\ndata: {"type":"${type}",${members}}\n\n`;
  }
}
