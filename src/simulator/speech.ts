// Lets each dialect say what was composed for an ask: the three ways from an `Ask` to a `Voice`.

import type { Random } from '../core/random.ts';
import { AnthropicVoice } from './anthropic-voice.ts';
import type { Ask } from './ask.ts';
import { ChatVoice } from './chat-voice.ts';
import { compose } from './composition.ts';
import type { Directives } from './directives.ts';
import type { Vendor } from './refusal.ts';
import { ResponsesVoice } from './responses-voice.ts';
import type { SimModel } from './sim-models.ts';
import type { Voice } from './voice.ts';

/** What all answers need. `random` belongs to this one answer. */
export interface Scene {
  readonly vendor: Vendor;
  readonly wallMs: number;
  readonly random: Random;
}

/** A voice that has something to say, and how many tokens that is. */
export interface Speech {
  readonly voice: Voice;
  readonly tokens: number;
}

/** One dialect's way from an ask to a speech. */
export type Speak = (scene: Scene, ask: Ask, wishes: Directives, model: SimModel) => Speech;

/** Anthropic Messages; the only dialect that says a word before it calls a tool. */
export function speakAnthropic(
  scene: Scene,
  ask: Ask,
  wishes: Directives,
  model: SimModel,
): Speech {
  const said = compose(ask, wishes, model, scene.random, true);
  return { voice: new AnthropicVoice(ask, said, scene.random), tokens: said.outputTokens };
}

/** OpenAI Chat Completions, with as many alternatives as were asked for. */
export function speakChat(scene: Scene, ask: Ask, wishes: Directives, model: SimModel): Speech {
  const { random } = scene;
  const all = Array.from({ length: ask.alternatives }, () =>
    compose(ask, wishes, model, random, false),
  );
  const tokens = Math.max(...all.map((said) => said.outputTokens));
  return { voice: new ChatVoice(ask, all, random, scene.wallMs), tokens };
}

/** OpenAI Responses. */
export function speakResponses(
  scene: Scene,
  ask: Ask,
  wishes: Directives,
  model: SimModel,
): Speech {
  const said = compose(ask, wishes, model, scene.random, false);
  const voice = new ResponsesVoice(ask, said, scene.random, scene.wallMs);
  return { voice, tokens: said.outputTokens };
}
