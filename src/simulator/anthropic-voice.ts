// Says a composition as Anthropic Messages: message_start, blocks in order (thinking, text, tools),
// message_delta, message_stop. Output usage in message_delta is the final count.

import { seededRandom } from '../core/random.ts';
import type { Random } from '../core/random.ts';
import type { Ask } from './ask.ts';
import type { Composition, ToolCall } from './composition.ts';
import { randomId } from './random-id.ts';
import type { Voice, VoiceEvent } from './voice.ts';

const SIGNATURE_LENGTH = 172;

/** One answer in the dialect of POST /v1/messages. */
export class AnthropicVoice implements Voice {
  readonly ping: VoiceEvent = event('ping', {});
  readonly failure: VoiceEvent = event('error', {
    error: { type: 'overloaded_error', message: 'Overloaded' },
  });
  readonly #ask: Ask;
  readonly #composition: Composition;
  readonly #id: string;
  readonly #signature: string;

  constructor(ask: Ask, composition: Composition, random: Random) {
    this.#ask = ask;
    this.#composition = composition;
    this.#id = `msg_01${randomId(random, 22)}`;
    const own = seededRandom(Math.floor(random.next() * 4_294_967_296));
    this.#signature = `${randomId(own, SIGNATURE_LENGTH)}==`;
  }

  frame(said: VoiceEvent): string {
    return `event: ${said.type}\ndata: ${JSON.stringify({ type: said.type, ...said.data })}\n\n`;
  }

  *events(): Generator<VoiceEvent> {
    const { thinkingTokens, textTokens, calls, outputTokens } = this.#composition;
    yield event('message_start', { message: this.#message([], null, Math.min(1, outputTokens)) });
    let index = 0;
    if (thinkingTokens > 0) {
      yield* this.#thinkingBlock(index);
      index += 1;
    }
    if (textTokens > 0) {
      yield* this.#textBlock(index);
      index += 1;
    }
    for (const call of calls) {
      yield* toolBlock(index, call);
      index += 1;
    }
    const delta = { stop_reason: this.#stopReason(), stop_sequence: null };
    yield event('message_delta', { delta, usage: { output_tokens: outputTokens } });
    yield event('message_stop', {});
  }

  whole(): object {
    const { thinking, thinkingTokens, text, textTokens, calls, outputTokens } = this.#composition;
    const content: object[] = [];
    if (thinkingTokens > 0) {
      const shown = this.#ask.thinkingHidden ? '' : [...thinking].join('');
      content.push({ type: 'thinking', thinking: shown, signature: this.#signature });
    }
    if (textTokens > 0) content.push({ type: 'text', text: [...text].join('') });
    for (const call of calls) {
      const input = JSON.parse(call.input) as object;
      content.push({ type: 'tool_use', id: `toolu_01${call.id}`, name: call.name, input });
    }
    return this.#message(content, this.#stopReason(), outputTokens);
  }

  #message(content: object[], stopReason: string | null, outputTokens: number): object {
    const usage = {
      input_tokens: this.#ask.promptTokens,
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: 0,
      cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
      output_tokens: outputTokens,
      service_tier: 'standard',
    };
    return {
      id: this.#id,
      type: 'message',
      role: 'assistant',
      model: this.#ask.model,
      content,
      stop_reason: stopReason,
      stop_sequence: null,
      usage,
    };
  }

  #stopReason(): string {
    const { stop } = this.#composition;
    return stop === 'tools' ? 'tool_use' : stop === 'length' ? 'max_tokens' : 'end_turn';
  }

  *#thinkingBlock(index: number): Generator<VoiceEvent> {
    yield blockStart(index, { type: 'thinking', thinking: '', signature: '' });
    if (index === 0) yield this.ping;
    if (!this.#ask.thinkingHidden) {
      for (const piece of this.#composition.thinking) {
        yield blockDelta(index, { type: 'thinking_delta', thinking: piece }, true);
      }
    }
    yield blockDelta(index, { type: 'signature_delta', signature: this.#signature }, false);
    yield event('content_block_stop', { index });
  }

  *#textBlock(index: number): Generator<VoiceEvent> {
    yield blockStart(index, { type: 'text', text: '' });
    if (index === 0) yield this.ping;
    for (const piece of this.#composition.text) {
      yield blockDelta(index, { type: 'text_delta', text: piece }, true);
    }
    yield event('content_block_stop', { index });
  }
}

function* toolBlock(index: number, call: ToolCall): Generator<VoiceEvent> {
  yield blockStart(index, {
    type: 'tool_use',
    id: `toolu_01${call.id}`,
    name: call.name,
    input: {},
  });
  yield blockDelta(index, { type: 'input_json_delta', partial_json: '' }, false);
  for (const piece of call.pieces) {
    yield blockDelta(index, { type: 'input_json_delta', partial_json: piece }, true);
  }
  yield event('content_block_stop', { index });
}

function event(type: string, data: object): VoiceEvent {
  return { type, data, content: false };
}

function blockStart(index: number, block: object): VoiceEvent {
  return event('content_block_start', { index, content_block: block });
}

function blockDelta(index: number, delta: object, content: boolean): VoiceEvent {
  return { type: 'content_block_delta', data: { index, delta }, content };
}
