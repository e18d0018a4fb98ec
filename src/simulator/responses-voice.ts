// Says a composition as OpenAI Responses: created, in_progress, then for each item (reasoning,
// message, calls) added, its parts and deltas, done; at last completed or incomplete with the whole
// response. Every event that is sent takes the next sequence number, pings and failures included.

import type { Random } from '../core/random.ts';
import type { Ask } from './ask.ts';
import type { Composition, ToolCall } from './composition.ts';
import { asList } from './json.ts';
import { randomId } from './random-id.ts';
import { responseObject } from './response-object.ts';
import type { Voice, VoiceEvent } from './voice.ts';

const ENCRYPTED_LENGTH = 256;

/** One answer in the dialect of POST /v1/responses. */
export class ResponsesVoice implements Voice {
  readonly ping: VoiceEvent = event('keepalive', {});
  readonly failure: VoiceEvent;
  readonly #ask: Ask;
  readonly #composition: Composition;
  readonly #wallMs: number;
  readonly #id: string;
  readonly #reasoningId: string;
  readonly #messageId: string;
  readonly #encrypted: string | undefined;
  #sequence: number = 0;

  constructor(ask: Ask, composition: Composition, random: Random, wallMs: number) {
    this.#ask = ask;
    this.#composition = composition;
    this.#wallMs = wallMs;
    this.#id = `resp_${randomId(random, 48)}`;
    this.#reasoningId = `rs_${randomId(random, 48)}`;
    this.#messageId = `msg_${randomId(random, 48)}`;
    const included = asList(ask.body.include).includes('reasoning.encrypted_content');
    this.#encrypted = included ? randomId(random, ENCRYPTED_LENGTH) : undefined;
    const error = {
      code: 'server_error',
      message: 'The server had an error while processing your request.',
    };
    this.failure = event('response.failed', { response: this.#response('failed', [], error) });
  }

  frame(said: VoiceEvent): string {
    const numbered = { type: said.type, sequence_number: this.#sequence, ...said.data };
    this.#sequence += 1;
    return `event: ${said.type}\ndata: ${JSON.stringify(numbered)}\n\n`;
  }

  *events(): Generator<VoiceEvent> {
    const { thinkingTokens, textTokens, calls } = this.#composition;
    const status = this.#finalStatus();
    yield event('response.created', { response: this.#response('in_progress', [], null) });
    yield event('response.in_progress', { response: this.#response('in_progress', [], null) });
    const output: object[] = [];
    if (thinkingTokens > 0) output.push(yield* this.#reasoning(output.length));
    if (textTokens > 0 || calls.length === 0) output.push(yield* this.#message(output.length));
    for (const call of calls) output.push(yield* callItem(output.length, call));
    yield event(`response.${status}`, { response: this.#response(status, output, null) });
  }

  whole(): object {
    const { thinkingTokens, text, textTokens, calls } = this.#composition;
    const output: object[] = [];
    if (thinkingTokens > 0) output.push(this.#reasoningItem(this.#summary()));
    if (textTokens > 0 || calls.length === 0) {
      output.push(this.#messageItem([...text].join(''), this.#itemStatus()));
    }
    for (const call of calls) output.push(callObject(call, call.input, 'completed'));
    return this.#response(this.#finalStatus(), output, null);
  }

  #finalStatus(): 'completed' | 'incomplete' {
    return this.#composition.stop === 'length' ? 'incomplete' : 'completed';
  }

  #itemStatus(): string {
    return this.#finalStatus();
  }

  #response(status: string, output: object[], error: object | null): object {
    return responseObject({
      ask: this.#ask,
      composition: this.#composition,
      id: this.#id,
      createdAt: Math.floor(this.#wallMs / 1000),
      status,
      output,
      error,
    });
  }

  #summary(): string {
    return this.#ask.thinkingHidden ? '' : [...this.#composition.thinking].join('');
  }

  #reasoningItem(summary: string): object {
    const parts = summary === '' ? [] : [{ type: 'summary_text', text: summary }];
    const item = { id: this.#reasoningId, type: 'reasoning', summary: parts };
    return this.#encrypted === undefined ? item : { ...item, encrypted_content: this.#encrypted };
  }

  *#reasoning(place: number): Generator<VoiceEvent, object> {
    const at = { item_id: this.#reasoningId, output_index: place, summary_index: 0 };
    yield event('response.output_item.added', {
      output_index: place,
      item: this.#reasoningItem(''),
    });
    let summary = '';
    if (!this.#ask.thinkingHidden) {
      const empty = { type: 'summary_text', text: '' };
      yield event('response.reasoning_summary_part.added', { ...at, part: empty });
      for (const piece of this.#composition.thinking) {
        summary += piece;
        yield token('response.reasoning_summary_text.delta', { ...at, delta: piece });
      }
      yield event('response.reasoning_summary_text.done', { ...at, text: summary });
      const part = { type: 'summary_text', text: summary };
      yield event('response.reasoning_summary_part.done', { ...at, part });
    }
    const item = this.#reasoningItem(summary);
    yield event('response.output_item.done', { output_index: place, item });
    return item;
  }

  #messageItem(text: string | undefined, status: string): object {
    const content = text === undefined ? [] : [textPart(text)];
    return { id: this.#messageId, type: 'message', status, role: 'assistant', content };
  }

  *#message(place: number): Generator<VoiceEvent, object> {
    const at = { item_id: this.#messageId, output_index: place, content_index: 0 };
    const begun = this.#messageItem(undefined, 'in_progress');
    yield event('response.output_item.added', { output_index: place, item: begun });
    yield event('response.content_part.added', { ...at, part: textPart('') });
    let text = '';
    for (const piece of this.#composition.text) {
      text += piece;
      yield token('response.output_text.delta', { ...at, delta: piece, logprobs: [] });
    }
    yield event('response.output_text.done', { ...at, text, logprobs: [] });
    yield event('response.content_part.done', { ...at, part: textPart(text) });
    const item = this.#messageItem(text, this.#itemStatus());
    yield event('response.output_item.done', { output_index: place, item });
    return item;
  }
}

function* callItem(place: number, call: ToolCall): Generator<VoiceEvent, object> {
  const at = { item_id: itemId(call), output_index: place };
  const family = call.custom
    ? 'response.custom_tool_call_input'
    : 'response.function_call_arguments';
  const begun = callObject(call, '', 'in_progress');
  yield event('response.output_item.added', { output_index: place, item: begun });
  for (const piece of call.pieces) yield token(`${family}.delta`, { ...at, delta: piece });
  const whole = call.custom ? { input: call.input } : { name: call.name, arguments: call.input };
  yield event(`${family}.done`, { ...at, ...whole });
  const item = callObject(call, call.input, 'completed');
  yield event('response.output_item.done', { output_index: place, item });
  return item;
}

function callObject(call: ToolCall, input: string, status: string): object {
  const type = call.custom ? 'custom_tool_call' : 'function_call';
  const said = call.custom ? { input } : { arguments: input };
  return { id: itemId(call), type, status, ...said, call_id: `call_${call.id}`, name: call.name };
}

function itemId(call: ToolCall): string {
  return `${call.custom ? 'ctc' : 'fc'}_${call.id}`;
}

function textPart(text: string): object {
  return { type: 'output_text', annotations: [], logprobs: [], text };
}

function event(type: string, data: object): VoiceEvent {
  return { type, data, content: false };
}

function token(type: string, data: object): VoiceEvent {
  return { type, data, content: true };
}
