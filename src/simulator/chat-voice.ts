// Says compositions as OpenAI Chat Completions: role chunk, content chunks, an empty delta with the
// finish reason, the usage chunk if it was asked for, `[DONE]`. Alternatives are interleaved.

import type { Random } from '../core/random.ts';
import type { Ask } from './ask.ts';
import type { Composition, ToolCall } from './composition.ts';
import { asObject } from './json.ts';
import { randomId } from './random-id.ts';
import type { Voice, VoiceEvent } from './voice.ts';

const DONE: VoiceEvent = { type: 'done', data: {}, content: false };

/** One answer in the dialect of POST /v1/chat/completions. */
export class ChatVoice implements Voice {
  /** The service has none, and clients break on anything but a comment. */
  readonly ping: undefined = undefined;
  readonly failure: VoiceEvent = {
    type: 'error',
    data: {
      error: {
        message: 'The server had an error while processing your request.',
        type: 'server_error',
        param: null,
        code: null,
      },
    },
    content: false,
  };
  readonly #ask: Ask;
  readonly #compositions: readonly Composition[];
  readonly #id: string;
  readonly #created: number;
  readonly #withUsage: boolean;

  constructor(ask: Ask, compositions: readonly Composition[], random: Random, wallMs: number) {
    this.#ask = ask;
    this.#compositions = compositions;
    this.#id = `chatcmpl-${randomId(random, 29)}`;
    this.#created = Math.floor(wallMs / 1000);
    this.#withUsage = asObject(ask.body.stream_options)?.include_usage === true;
  }

  frame(said: VoiceEvent): string {
    return said === DONE ? 'data: [DONE]\n\n' : `data: ${JSON.stringify(said.data)}\n\n`;
  }

  *events(): Generator<VoiceEvent> {
    const rows = this.#compositions.map((said, index) => this.#alternative(index, said));
    let live = rows.length;
    while (live > 0) {
      live = 0;
      for (const row of rows) {
        const step: IteratorResult<VoiceEvent, void> = row.next();
        if (step.done === true) continue;
        live += 1;
        yield step.value;
      }
    }
    if (this.#withUsage) yield this.#chunk([], false, this.#usage());
    yield DONE;
  }

  whole(): object {
    return {
      ...this.#envelope('chat.completion'),
      choices: this.#compositions.map((said, index) => ({
        index,
        message: message(said),
        logprobs: null,
        finish_reason: finishReason(said),
      })),
      usage: this.#usage(),
    };
  }

  *#alternative(index: number, said: Composition): Generator<VoiceEvent> {
    const calling = said.calls.length > 0;
    yield this.#delta(
      index,
      { role: 'assistant', content: calling ? null : '', refusal: null },
      false,
    );
    for (const piece of said.text) yield this.#delta(index, { content: piece }, true);
    for (const [place, call] of said.calls.entries()) {
      const head = {
        index: place,
        ...toolCall(call),
        function: { name: call.name, arguments: '' },
      };
      yield this.#delta(index, { tool_calls: [head] }, false);
      for (const piece of call.pieces) {
        yield this.#delta(
          index,
          { tool_calls: [{ index: place, function: { arguments: piece } }] },
          true,
        );
      }
    }
    yield this.#delta(index, {}, false, finishReason(said));
  }

  #delta(index: number, delta: object, content: boolean, finish: string | null = null): VoiceEvent {
    return this.#chunk([{ index, delta, logprobs: null, finish_reason: finish }], content, null);
  }

  #chunk(choices: object[], content: boolean, usage: object | null): VoiceEvent {
    const data = { ...this.#envelope('chat.completion.chunk'), choices };
    return { type: 'chunk', data: this.#withUsage ? { ...data, usage } : data, content };
  }

  #envelope(object: string): object {
    return {
      id: this.#id,
      object,
      created: this.#created,
      model: this.#ask.model,
      service_tier: 'default',
      system_fingerprint: 'fp_simulator',
    };
  }

  #usage(): object {
    let output = 0;
    for (const said of this.#compositions) output += said.outputTokens;
    return {
      prompt_tokens: this.#ask.promptTokens,
      completion_tokens: output,
      total_tokens: this.#ask.promptTokens + output,
      prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
      completion_tokens_details: {
        reasoning_tokens: 0,
        audio_tokens: 0,
        accepted_prediction_tokens: 0,
        rejected_prediction_tokens: 0,
      },
    };
  }
}

function message(said: Composition): object {
  const content = said.calls.length > 0 ? null : [...said.text].join('');
  const base = { role: 'assistant', content, refusal: null, annotations: [] };
  if (said.calls.length === 0) return base;
  const calls = said.calls.map((call) => ({
    ...toolCall(call),
    function: { name: call.name, arguments: call.input },
  }));
  return { ...base, tool_calls: calls };
}

function toolCall(call: ToolCall): { id: string; type: string } {
  return { id: `call_${call.id}`, type: 'function' };
}

function finishReason(said: Composition): string {
  return said.stop === 'tools' ? 'tool_calls' : said.stop === 'length' ? 'length' : 'stop';
}
