// Token counts in the words of whichever provider stands behind an API that passes them through:
// OpenAI, Anthropic, Bedrock, Gemini. They name different things, and disagree on whether what came
// from a cache is part of the input and thinking a part of the output.

import type { Usage } from '../conversion/answer-events.ts';
import { asCount, asObject } from '../conversion/json-values.ts';
import type { JsonObject } from '../conversion/json-values.ts';
import {
  anthropicUsage,
  chatUsage,
  responsesUsage,
  saysUsage,
} from '../conversion/usage-counts.ts';

/** One provider's way to count. */
type Reader = (counts: JsonObject) => Usage;

/** The first that finds input or output is believed. */
const readers: readonly Reader[] = [chatUsage, bedrockUsage, geminiUsage, namedAlikeUsage];

/** The counts in `value`, or `undefined` when it names none that we know. */
export function providerUsage(value: unknown): Usage | undefined {
  const counts = asObject(value);
  if (counts === undefined) return undefined;
  for (const read of readers) {
    const usage = read(counts);
    if (saysUsage(usage)) return usage;
  }
  return undefined;
}

/** Anthropic and OpenAI's Responses name both sums alike; only one has details of the input. */
function namedAlikeUsage(counts: JsonObject): Usage {
  return asObject(counts['input_tokens_details']) === undefined
    ? anthropicUsage(counts)
    : responsesUsage(counts);
}

/** Bedrock counts what a cache gave beside the input, as Anthropic does. */
function bedrockUsage(counts: JsonObject): Usage {
  return {
    input: first(counts, 'inputTokenCount', 'inputTokens'),
    output: first(counts, 'outputTokenCount', 'outputTokens'),
    cacheRead: first(counts, 'cacheReadInputTokenCount', 'cacheReadInputTokens'),
    cacheWrite: first(counts, 'cacheWriteInputTokenCount', 'cacheWriteInputTokens'),
    reasoning: -1,
  };
}

/** Gemini counts what a cache gave as input, but thinking beside the output. */
function geminiUsage(counts: JsonObject): Usage {
  const prompt = first(counts, 'promptTokenCount', 'prompt_token_count');
  const spoken = first(counts, 'candidatesTokenCount', 'candidates_token_count');
  const cached = first(counts, 'cachedContentTokenCount', 'cached_content_token_count');
  const thoughts = first(counts, 'thoughtsTokenCount', 'thoughts_token_count');
  return {
    input: prompt < 0 ? -1 : Math.max(0, prompt - Math.max(0, cached)),
    output: spoken < 0 ? -1 : spoken + Math.max(0, thoughts),
    cacheRead: cached,
    cacheWrite: -1,
    reasoning: thoughts,
  };
}

function first(counts: JsonObject, ...names: readonly string[]): number {
  for (const name of names) {
    const count = asCount(counts[name]);
    if (count >= 0) return count;
  }
  return -1;
}
