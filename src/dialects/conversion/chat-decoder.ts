// Reads answers of OpenAI Chat Completions and the many servers that speak it: nameless chunks up
// to `[DONE]`, or one completion. Only the first alternative is read, since no other format has
// more than one.
// Invariant: only an answer with a finish reason is whole, and a stream needs its `[DONE]` besides.
// A proxy may write that mark behind a stream that was cut, and a server may die between the two;
// what an upstream is known to leave out is forgiven to a lenient one.

import type { AnswerDecoder, AnswerListener, FinishReason } from './answer-events.ts';
import { DocumentDecoder, StreamDecoder } from './answer-reading.ts';
import type { AnswerReader } from './answer-reading.ts';
import { AnswerTeller } from './answer-teller.ts';
import { ChatCalls } from './chat-calls.ts';
import { errorIn, saysError } from './decode-error.ts';
import { asObject, asText, objectsIn } from './json-values.ts';
import type { JsonObject } from './json-values.ts';
import { chatUsage } from './usage-counts.ts';

const TEXT = 'text';
const REASONING = 'reasoning';

const finishReasons = new Map<string, FinishReason>([
  ['stop', 'stop'],
  ['length', 'length'],
  ['tool_calls', 'tool-calls'],
  ['function_call', 'tool-calls'],
  ['content_filter', 'refusal'],
]);

/** Decodes a Chat stream. */
export function chatDecoder(listener: AnswerListener, lenient: boolean): AnswerDecoder {
  const teller = new AnswerTeller(listener);
  return new StreamDecoder(teller, new ChatReader(teller, lenient));
}

/** Decodes a whole completion. */
export function chatDocumentDecoder(listener: AnswerListener, lenient: boolean): AnswerDecoder {
  const teller = new AnswerTeller(listener);
  return new DocumentDecoder(teller, new ChatReader(teller, lenient));
}

class ChatReader implements AnswerReader {
  readonly #teller: AnswerTeller;
  readonly #calls: ChatCalls;
  readonly #lenient: boolean;
  #refused: boolean = false;

  constructor(teller: AnswerTeller, lenient: boolean) {
    this.#teller = teller;
    this.#lenient = lenient;
    this.#calls = new ChatCalls(teller);
  }

  event(name: string, data: JsonObject): void {
    const { choices } = data;
    if (name === 'error' || (!Array.isArray(choices) && saysError(data)) || isError(data)) {
      this.#fail(data);
      return;
    }
    if (name === 'ping' || name === 'keepalive') {
      this.#teller.ping();
      return;
    }
    // Neither content nor counts: something of the server's own.
    if (!Array.isArray(choices) && asObject(data['usage']) === undefined) return;
    this.#start(data);
    for (const choice of objectsIn(choices)) {
      if (isFirst(choice)) this.#choice(choice, asObject(choice['delta']) ?? {});
    }
    this.#usage(data);
  }

  done(): void {
    if (this.#teller.finished) this.#teller.end();
    else if (this.#lenient && this.#endCalls()) this.#teller.endLeniently();
  }

  closed(): void {
    if (this.#lenient && this.#teller.finished) this.#teller.endLeniently();
  }

  document(data: JsonObject): void {
    const choice = objectsIn(data['choices']).find(isFirst);
    if (choice === undefined || isError(data)) {
      const nothing = { error: { message: "The upstream's answer has no choices." } };
      this.#fail(saysError(data) ? data : nothing);
      return;
    }
    this.#start(data);
    this.#choice(choice, asObject(choice['message']) ?? {});
    this.#usage(data);
    this.done();
  }

  #start(data: JsonObject): void {
    const id = asText(data['id']);
    this.#calls.answerId = id;
    this.#teller.start(id, asText(data['model']));
  }

  #choice(choice: JsonObject, delta: JsonObject): void {
    const reasoning = asText(delta['reasoning_content'] ?? delta['reasoning']);
    if (reasoning !== '') {
      this.#calls.settle();
      this.#teller.reasoning(REASONING, reasoning, undefined);
    }
    this.#content(delta['content']);
    const refusal = asText(delta['refusal']);
    if (refusal !== '') {
      this.#refused = true;
      this.#text(refusal);
    }
    let place = 0;
    for (const entry of objectsIn(delta['tool_calls'])) {
      this.#calls.take(entry, place);
      place += 1;
    }
    const old = asObject(delta['function_call']);
    if (old !== undefined) this.#calls.takeOld(old);
    const reason = asText(choice['finish_reason']);
    if (reason === 'error') this.#fail(choice);
    else if (reason !== '') this.#finish(reason);
  }

  /** Text, or parts of it as some servers send. */
  #content(content: unknown): void {
    if (typeof content === 'string') {
      this.#text(content);
      return;
    }
    for (const part of objectsIn(content)) {
      if (part['type'] === 'text') this.#text(asText(part['text']));
    }
  }

  #text(text: string): void {
    if (text === '') return;
    this.#calls.settle();
    this.#teller.text(TEXT, text);
  }

  #finish(reason: string): void {
    if (this.#teller.finished || !this.#endCalls()) return;
    const known = finishReasons.get(reason) ?? 'stop';
    this.#teller.finish(this.#refused && known === 'stop' ? 'refusal' : known, undefined);
  }

  #endCalls(): boolean {
    const named = this.#calls.endAll();
    if (!named) this.#fail({ error: { message: 'The upstream called a tool without a name.' } });
    return named;
  }

  #usage(data: JsonObject): void {
    const usage = asObject(data['usage']);
    if (usage !== undefined) this.#teller.usage(chatUsage(usage));
  }

  #fail(body: JsonObject): void {
    this.#teller.fail(errorIn('openai-chat', 0, body));
  }
}

/** An error stands in the chunk, whatever else does. */
function isError({ error }: JsonObject): boolean {
  return asObject(error) !== undefined || asText(error) !== '';
}

function isFirst(choice: JsonObject): boolean {
  const { index } = choice;
  return index === 0 || index === undefined || index === null;
}
