// Token counts and reasons to finish as the providers behind the documented surface spell them:
// the real one passes them through as they are.

import type { Ask } from '../ask.ts';
import type { Composition } from '../composition.ts';
import type { Provider } from './org-models.ts';

const finishes: Readonly<Record<Provider, Readonly<Record<Composition['stop'], string>>>> = {
  openai: { end: 'stop', length: 'length', tools: 'tool_calls' },
  bedrock: { end: 'end_turn', length: 'max_tokens', tools: 'tool_use' },
  gemini: { end: 'STOP', length: 'MAX_TOKENS', tools: 'STOP' },
};

/** `finish_reason` in the words of the provider. */
export function providerFinish(provider: Provider, stop: Composition['stop']): object {
  return { finish_reason: finishes[provider][stop] };
}

/** `usage` in the words of the provider. */
export function providerUsage(provider: Provider, ask: Ask, said: Composition): object {
  const input = ask.promptTokens;
  const output = said.outputTokens;
  switch (provider) {
    case 'openai':
      return {
        usage: {
          prompt_tokens: input,
          completion_tokens: output,
          total_tokens: input + output,
          prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
        },
      };
    case 'bedrock':
      return {
        usage: {
          inputTokenCount: input,
          outputTokenCount: output,
          totalTokenCount: input + output,
          cacheReadInputTokenCount: 0,
          cacheWriteInputTokenCount: 0,
        },
      };
    case 'gemini':
      return {
        usage: {
          promptTokenCount: input,
          candidatesTokenCount: output,
          totalTokenCount: input + output,
        },
      };
  }
}
