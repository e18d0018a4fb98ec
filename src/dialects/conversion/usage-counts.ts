// Token counts between the formats. OpenAI counts cached tokens as part of the input, Anthropic
// beside it; the middle counts them as Anthropic does.

import type { Usage } from './answer-events.ts';
import { asCount, asObject } from './json-values.ts';
import type { JsonObject } from './json-values.ts';

/** Nothing said. */
export const noUsage: Usage = {
  input: -1,
  output: -1,
  cacheRead: -1,
  cacheWrite: -1,
  reasoning: -1,
};

/** Counts of a Messages answer. */
export function anthropicUsage(usage: JsonObject): Usage {
  return {
    input: asCount(usage['input_tokens']),
    output: asCount(usage['output_tokens']),
    cacheRead: asCount(usage['cache_read_input_tokens']),
    cacheWrite: asCount(usage['cache_creation_input_tokens']),
    reasoning: asCount(asObject(usage['output_tokens_details'])?.['thinking_tokens']),
  };
}

/** Counts of a Chat answer. */
export function chatUsage(usage: JsonObject): Usage {
  return openAiUsage(
    usage['prompt_tokens'],
    asObject(usage['prompt_tokens_details']),
    usage['completion_tokens'],
    asObject(usage['completion_tokens_details']),
  );
}

/** Counts of a Responses answer. */
export function responsesUsage(usage: JsonObject): Usage {
  return openAiUsage(
    usage['input_tokens'],
    asObject(usage['input_tokens_details']),
    usage['output_tokens'],
    asObject(usage['output_tokens_details']),
  );
}

function openAiUsage(
  prompt: unknown,
  promptDetails: JsonObject | undefined,
  output: unknown,
  outputDetails: JsonObject | undefined,
): Usage {
  const all = asCount(prompt);
  const cacheRead = asCount(promptDetails?.['cached_tokens']);
  const cacheWrite = asCount(promptDetails?.['cache_write_tokens']);
  const cached = Math.max(0, cacheRead) + Math.max(0, cacheWrite);
  return {
    input: all < 0 ? -1 : Math.max(0, all - cached),
    output: asCount(output),
    cacheRead,
    cacheWrite,
    reasoning: asCount(outputDetails?.['reasoning_tokens']),
  };
}

/** `later` where it says something, else `earlier`. */
export function mergedUsage(earlier: Usage, later: Usage): Usage {
  return {
    input: later.input < 0 ? earlier.input : later.input,
    output: later.output < 0 ? earlier.output : later.output,
    cacheRead: later.cacheRead < 0 ? earlier.cacheRead : later.cacheRead,
    cacheWrite: later.cacheWrite < 0 ? earlier.cacheWrite : later.cacheWrite,
    reasoning: later.reasoning < 0 ? earlier.reasoning : later.reasoning,
  };
}

/** Something was said of input or output. */
export function saysUsage(usage: Usage): boolean {
  return usage.input >= 0 || usage.output >= 0;
}

/** All input as OpenAI counts it: cached tokens are a part. */
export function promptTokens(usage: Usage): number {
  return Math.max(0, usage.input) + Math.max(0, usage.cacheRead) + Math.max(0, usage.cacheWrite);
}
