// Reads answers of OpenAI Responses: numbered events up to `response.completed`, `incomplete` or
// `failed`, or one response object. Deltas are told as they come; where a server leaves them out
// and gives only whole items, or only the final response, what is missing is told from those.
// Items of kinds that the middle does not hold are passed over. Without its closing event a stream
// is never whole, since more items may follow; a document says so by its status.

import type { AnswerDecoder, AnswerListener, FinishReason } from './answer-events.ts';
import { DocumentDecoder, StreamDecoder } from './answer-reading.ts';
import type { AnswerReader } from './answer-reading.ts';
import { AnswerTeller } from './answer-teller.ts';
import { errorIn, saysError } from './decode-error.ts';
import { asCount, asObject, asText, objectsIn } from './json-values.ts';
import type { JsonObject } from './json-values.ts';
import { responsesUsage } from './usage-counts.ts';

/** Decodes a Responses stream. */
export function responsesDecoder(listener: AnswerListener): AnswerDecoder {
  const teller = new AnswerTeller(listener);
  return new StreamDecoder(teller, new ResponsesReader(teller, false));
}

/** Decodes a whole response. */
export function responsesDocumentDecoder(
  listener: AnswerListener,
  lenient: boolean,
): AnswerDecoder {
  const teller = new AnswerTeller(listener);
  return new DocumentDecoder(teller, new ResponsesReader(teller, lenient));
}

class ResponsesReader implements AnswerReader {
  readonly #teller: AnswerTeller;
  /** Characters told so far of each part or call, so that `done` adds only what is missing. */
  readonly #told: Map<string, number> = new Map();
  #sawItem: boolean = false;
  #sawCall: boolean = false;
  #refused: boolean = false;
  readonly #lenient: boolean;

  constructor(teller: AnswerTeller, lenient: boolean) {
    this.#teller = teller;
    this.#lenient = lenient;
  }

  event(name: string, data: JsonObject): void {
    const said = asText(data['type']);
    const type = said === '' ? name : said;
    switch (type) {
      case 'response.output_text.delta':
        this.#text(partKey(data, 'c', 'content_index'), asText(data['delta']));
        break;
      case 'response.function_call_arguments.delta':
        this.#arguments(itemKey(data), asText(data['delta']));
        break;
      case 'response.output_text.done':
        this.#restOfText(partKey(data, 'c', 'content_index'), asText(data['text']));
        break;
      case 'response.output_item.added':
        this.#itemAdded(itemKey(data), asObject(data['item']) ?? {});
        break;
      case 'response.output_item.done':
        this.#item(itemKey(data), asObject(data['item']) ?? {});
        break;
      case 'keepalive':
      case 'ping':
        this.#teller.ping();
        break;
      case 'error':
        this.#teller.fail(errorIn('openai-responses', 0, data));
        break;
      default:
        this.#rarer(type, data);
    }
  }

  /** Some servers add one; the closing event has come before. */
  done(): void {}

  closed(): void {}

  document(data: JsonObject): void {
    const said = asText(data['status']);
    const status = said === '' ? 'completed' : said;
    if (data['object'] !== 'response' && saysError(data)) {
      this.#teller.fail(errorIn('openai-responses', 0, data));
    } else if (isWhole(status) && !Array.isArray(data['output'])) {
      const message = "The upstream's answer has no output.";
      this.#teller.fail(errorIn('openai-responses', 0, { error: { message } }));
    } else if (said !== '') this.#closing(status, data);
    else {
      this.#whole(data);
      if (this.#lenient) {
        this.#teller.finish(this.#reason(status, data), undefined);
        this.#teller.endLeniently();
      }
    }
  }

  #rarer(type: string, data: JsonObject): void {
    switch (type) {
      case 'response.created':
      case 'response.queued':
      case 'response.in_progress':
        this.#start(asObject(data['response']) ?? {});
        break;
      case 'response.reasoning_summary_text.delta':
        this.#thought(partKey(data, 's', 'summary_index'), asText(data['delta']));
        break;
      case 'response.reasoning_text.delta':
        this.#thought(partKey(data, 't', 'content_index'), asText(data['delta']));
        break;
      case 'response.refusal.delta':
        this.#refused = true;
        this.#text(partKey(data, 'c', 'content_index'), asText(data['delta']));
        break;
      case 'response.completed':
      case 'response.incomplete':
      case 'response.failed':
      case 'response.cancelled':
        this.#closing(type.slice('response.'.length), asObject(data['response']) ?? {});
        break;
      default:
        // Events of tools that run on the server, annotations, and what is new.
        break;
    }
  }

  #start(response: JsonObject): void {
    this.#teller.start(asText(response['id']), asText(response['model']));
  }

  #closing(status: string, response: JsonObject): void {
    if (!isWhole(status)) {
      const failed = asObject(response['error']) !== undefined;
      const error = failed ? response : { error: { message: `The response is ${status}.` } };
      this.#teller.fail(errorIn('openai-responses', 0, error));
      return;
    }
    this.#whole(response);
    this.#teller.finish(this.#reason(status, response), undefined);
    this.#teller.end();
  }

  /** Tells what a whole response holds, as far as it was not told. */
  #whole(response: JsonObject): void {
    this.#start(response);
    if (!this.#sawItem) {
      let place = 0;
      for (const item of objectsIn(response['output'])) {
        this.#item(String(place), item);
        place += 1;
      }
    }
    const usage = asObject(response['usage']);
    if (usage !== undefined) this.#teller.usage(responsesUsage(usage));
  }

  #reason(status: string, response: JsonObject): FinishReason {
    if (status === 'incomplete') {
      const reason = asObject(response['incomplete_details'])?.['reason'];
      return reason === 'content_filter' ? 'refusal' : 'length';
    }
    if (this.#refused) return 'refusal';
    return this.#sawCall ? 'tool-calls' : 'stop';
  }

  #itemAdded(key: string, item: JsonObject): void {
    this.#sawItem = true;
    if (item['type'] === 'function_call' || item['type'] === 'custom_tool_call') {
      this.#callStart(key, item);
    }
  }

  #callStart(key: string, item: JsonObject): void {
    this.#sawCall = true;
    if (!this.#told.has(key)) this.#told.set(key, 0);
    const callId = asText(item['call_id']);
    this.#teller.toolStart(key, callId === '' ? asText(item['id']) : callId, asText(item['name']));
  }

  /** Takes an item that is complete. */
  #item(key: string, item: JsonObject): void {
    this.#sawItem = true;
    switch (item['type']) {
      case 'message':
        this.#parts(`${key}.c`, item['content'], (place, part) => {
          if (part['type'] === 'refusal') this.#refused = true;
          this.#restOfText(place, asText(part['text'] ?? part['refusal']));
        });
        break;
      case 'reasoning':
        this.#parts(`${key}.s`, item['summary'], this.#restOfThought);
        this.#parts(`${key}.t`, item['content'], this.#restOfThought);
        break;
      case 'function_call':
        this.#callStart(key, item);
        this.#arguments(key, asText(item['arguments']).slice(this.#told.get(key) ?? 0));
        this.#teller.toolEnd(key);
        break;
      case 'custom_tool_call':
        // Free text has no fragments of JSON; it is wrapped once it is whole.
        this.#callStart(key, item);
        this.#arguments(key, JSON.stringify({ input: asText(item['input']) }));
        this.#teller.toolEnd(key);
        break;
      default:
        break;
    }
  }

  #parts(prefix: string, parts: unknown, take: (key: string, part: JsonObject) => void): void {
    let place = 0;
    for (const part of objectsIn(parts)) {
      take(`${prefix}${place}`, part);
      place += 1;
    }
  }

  readonly #restOfThought = (key: string, part: JsonObject): void => {
    this.#thought(key, asText(part['text']).slice(this.#told.get(key) ?? 0));
  };

  #restOfText(key: string, whole: string): void {
    this.#text(key, whole.slice(this.#told.get(key) ?? 0));
  }

  #text(key: string, delta: string): void {
    this.#count(key, delta);
    this.#teller.text(key, delta);
  }

  #thought(key: string, delta: string): void {
    this.#count(key, delta);
    this.#teller.reasoning(key, delta, undefined);
  }

  #arguments(key: string, delta: string): void {
    // Fragments of a call that was not announced are told when its item is whole.
    if (!this.#told.has(key)) return;
    this.#count(key, delta);
    this.#teller.toolArguments(key, delta);
  }

  #count(key: string, delta: string): void {
    this.#sawItem = true;
    this.#told.set(key, (this.#told.get(key) ?? 0) + delta.length);
  }
}

/** The model has come to its end, or to that of its room. */
function isWhole(status: string): boolean {
  return status === 'completed' || status === 'incomplete';
}

function itemKey(data: JsonObject): string {
  return String(Math.max(0, asCount(data['output_index'])));
}

function partKey(data: JsonObject, kind: string, index: string): string {
  return `${itemKey(data)}.${kind}${Math.max(0, asCount(data[index]))}`;
}
