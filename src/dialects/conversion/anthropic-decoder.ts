// Reads answers of Anthropic Messages: named events from `message_start` to `message_stop`, or one
// message. Blocks of kinds that the middle does not hold (tools that run on the server, redacted
// thoughts, citations) are passed over; the text around them goes on.
// Invariant: only an answer with a stop reason is whole, and a stream needs its `message_stop`
// besides; a lenient upstream is forgiven what it leaves out.

import type { AnswerDecoder, AnswerListener, FinishReason } from './answer-events.ts';
import { DocumentDecoder, StreamDecoder } from './answer-reading.ts';
import type { AnswerReader } from './answer-reading.ts';
import { AnswerTeller } from './answer-teller.ts';
import { errorIn, saysError } from './decode-error.ts';
import { printJson } from './exact-json.ts';
import { asCount, asObject, asText, objectsIn } from './json-values.ts';
import type { JsonObject } from './json-values.ts';
import { anthropicUsage } from './usage-counts.ts';

const finishReasons = new Map<string, FinishReason>([
  ['end_turn', 'stop'],
  ['stop_sequence', 'stop-sequence'],
  ['max_tokens', 'length'],
  ['model_context_window_exceeded', 'context-window'],
  ['tool_use', 'tool-calls'],
  ['refusal', 'refusal'],
  ['pause_turn', 'pause'],
]);

/** Decodes a Messages stream. */
export function anthropicDecoder(listener: AnswerListener, lenient: boolean): AnswerDecoder {
  const teller = new AnswerTeller(listener);
  return new StreamDecoder(teller, new AnthropicReader(teller, lenient));
}

/** Decodes a whole message. */
export function anthropicDocumentDecoder(
  listener: AnswerListener,
  lenient: boolean,
): AnswerDecoder {
  const teller = new AnswerTeller(listener);
  return new DocumentDecoder(teller, new AnthropicReader(teller, lenient));
}

class AnthropicReader implements AnswerReader {
  readonly #teller: AnswerTeller;
  /** Inputs that a block of a call began with; they stand if no fragment follows. */
  readonly #inputs: Map<string, string> = new Map();
  readonly #lenient: boolean;

  constructor(teller: AnswerTeller, lenient: boolean) {
    this.#teller = teller;
    this.#lenient = lenient;
  }

  event(name: string, data: JsonObject): void {
    const type = asText(data['type']);
    switch (type === '' ? name : type) {
      case 'content_block_delta':
        this.#delta(keyOf(data), asObject(data['delta']) ?? {});
        break;
      case 'message_start':
        this.#start(asObject(data['message']) ?? {});
        break;
      case 'content_block_start':
        this.#blockStart(keyOf(data), asObject(data['content_block']) ?? {});
        break;
      case 'content_block_stop':
        this.#blockStop(keyOf(data));
        break;
      case 'message_delta':
        this.#messageDelta(asObject(data['delta']) ?? {}, data['usage']);
        break;
      case 'message_stop':
        this.#close();
        break;
      case 'ping':
        this.#teller.ping();
        break;
      case 'error':
        this.#teller.fail(errorIn('anthropic', 0, data));
        break;
      default:
        // The set of events is open; what is new is no error.
        break;
    }
  }

  /** Not part of this format; `message_stop` alone ends it. */
  done(): void {}

  closed(): void {
    if (this.#lenient && this.#teller.finished) this.#teller.endLeniently();
  }

  document(data: JsonObject): void {
    if (saysError(data)) {
      this.#teller.fail(errorIn('anthropic', 0, data));
      return;
    }
    if (!Array.isArray(data['content'])) {
      const message = "The upstream's answer has no content.";
      this.#teller.fail(errorIn('anthropic', 0, { error: { message } }));
      return;
    }
    this.#start(data);
    let place = 0;
    for (const block of objectsIn(data['content'])) {
      const key = String(place);
      this.#blockStart(key, block);
      this.#blockStop(key);
      place += 1;
    }
    this.#messageDelta(data, undefined);
    this.#close();
  }

  #close(): void {
    if (this.#teller.finished || !this.#lenient) this.#teller.end();
    else this.#teller.endLeniently();
  }

  #start(message: JsonObject): void {
    this.#teller.start(asText(message['id']), asText(message['model']));
    this.#usage(message['usage']);
  }

  #blockStart(key: string, block: JsonObject): void {
    const teller = this.#teller;
    switch (block['type']) {
      case 'text':
        teller.text(key, asText(block['text']));
        break;
      case 'thinking':
        teller.reasoning(key, asText(block['thinking']), signatureOf(block));
        break;
      case 'tool_use': {
        teller.toolStart(key, asText(block['id']), asText(block['name']));
        const input = asObject(block['input']);
        const text = input === undefined ? undefined : printJson(input);
        if (text !== undefined && text !== '{}') this.#inputs.set(key, text);
        break;
      }
      default:
        break;
    }
  }

  #delta(key: string, delta: JsonObject): void {
    const teller = this.#teller;
    switch (delta['type']) {
      case 'text_delta':
        teller.text(key, asText(delta['text']));
        break;
      case 'input_json_delta': {
        const fragment = asText(delta['partial_json']);
        if (fragment !== '') this.#inputs.delete(key);
        teller.toolArguments(key, fragment);
        break;
      }
      case 'thinking_delta':
        teller.reasoning(key, asText(delta['thinking']), undefined);
        break;
      case 'signature_delta':
        teller.reasoning(key, '', signatureOf(delta));
        break;
      default:
        break;
    }
  }

  #blockStop(key: string): void {
    const input = this.#inputs.get(key);
    if (input !== undefined) {
      this.#inputs.delete(key);
      this.#teller.toolArguments(key, input);
    }
    this.#teller.toolEnd(key);
  }

  #messageDelta(delta: JsonObject, usage: unknown): void {
    this.#usage(usage);
    const reason = asText(delta['stop_reason']);
    if (reason === '') return;
    const sequence = delta['stop_sequence'];
    this.#teller.finish(
      finishReasons.get(reason) ?? 'stop',
      typeof sequence === 'string' ? sequence : undefined,
    );
  }

  #usage(usage: unknown): void {
    const counts = asObject(usage);
    if (counts !== undefined) this.#teller.usage(anthropicUsage(counts));
  }
}

function keyOf(data: JsonObject): string {
  return String(Math.max(0, asCount(data['index'])));
}

function signatureOf(block: JsonObject): string | undefined {
  const signature = asText(block['signature']);
  return signature === '' ? undefined : signature;
}
