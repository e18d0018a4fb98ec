// The response object of OpenAI Responses, which repeats the request's settings in every state.
// Field names and their defaults: the official SDK's `Response` type.

import type { Ask } from './ask.ts';
import type { Composition } from './composition.ts';
import { asObject } from './json.ts';

/** What differs from one response, or from one state of it, to the next. */
export interface ResponseFacts {
  readonly ask: Ask;
  readonly composition: Composition;
  readonly id: string;
  /** Seconds since the Unix epoch. */
  readonly createdAt: number;
  readonly status: string;
  readonly output: readonly object[];
  readonly error: object | null;
}

/** The response object; usage is there once the response is over. */
export function responseObject(facts: ResponseFacts): object {
  const { ask, id, status, output, error } = facts;
  const { body } = ask;
  const over = status === 'completed' || status === 'incomplete';
  return {
    id,
    object: 'response',
    created_at: facts.createdAt,
    status,
    background: false,
    error,
    incomplete_details: status === 'incomplete' ? { reason: 'max_output_tokens' } : null,
    instructions: body.instructions ?? null,
    max_output_tokens: body.max_output_tokens ?? null,
    model: ask.model,
    output,
    parallel_tool_calls: ask.parallel,
    previous_response_id: body.previous_response_id ?? null,
    prompt_cache_key: body.prompt_cache_key ?? null,
    reasoning: { effort: null, summary: null, ...asObject(body.reasoning) },
    safety_identifier: null,
    service_tier: 'default',
    store: body.store ?? true,
    temperature: body.temperature ?? 1,
    text: body.text ?? { format: { type: 'text' } },
    tool_choice: body.tool_choice ?? 'auto',
    tools: body.tools ?? [],
    top_p: body.top_p ?? 1,
    truncation: body.truncation ?? 'disabled',
    usage: over ? usageOf(facts) : null,
    user: body.user ?? null,
    metadata: body.metadata ?? {},
  };
}

function usageOf(facts: ResponseFacts): object {
  const { promptTokens } = facts.ask;
  const { outputTokens, thinkingTokens } = facts.composition;
  return {
    input_tokens: promptTokens,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: outputTokens,
    output_tokens_details: { reasoning_tokens: thinkingTokens },
    total_tokens: promptTokens + outputTokens,
  };
}
