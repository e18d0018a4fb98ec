// The objects of OpenAI Responses: output items and the response around them. The stream repeats
// them when they begin, when they are done, and all together at its end.
// Field names and defaults: the official SDK's types.

import type { FinishReason, Usage } from './answer-events.ts';
import { promptTokens, saysUsage } from './usage-counts.ts';

/** A part of a message. */
export function textPart(text: string): object {
  return { type: 'output_text', annotations: [], logprobs: [], text };
}

/** A message of the model with these texts. */
export function messageItem(id: string, texts: readonly string[], status: string): object {
  const content = texts.map(textPart);
  return { id, type: 'message', status, role: 'assistant', content };
}

/** Thoughts, as the summary that this format shows. */
export function reasoningItem(id: string, summary: string): object {
  return { id, type: 'reasoning', summary: summary === '' ? [] : [summaryPart(summary)] };
}

/** A part of a reasoning item. */
export function summaryPart(text: string): object {
  return { type: 'summary_text', text };
}

/** A call of a function, or of a tool that takes free text. */
export interface CallFacts {
  readonly itemId: string;
  readonly callId: string;
  readonly name: string;
  readonly freeText: boolean;
}

/** The item of a call; `said` are its arguments as JSON text, or its free text. */
export function callItem(facts: CallFacts, said: string, status: string): object {
  const { itemId, callId, name, freeText } = facts;
  const ids = { call_id: callId, name };
  return freeText
    ? { id: itemId, type: 'custom_tool_call', status, ...ids, input: said }
    : { id: itemId, type: 'function_call', status, ...ids, arguments: said };
}

/** What one state of a response says. */
export interface ResponseFacts {
  readonly id: string;
  readonly model: string;
  /** Seconds since the Unix epoch. */
  readonly createdAt: number;
  readonly status: 'in_progress' | 'completed' | 'incomplete' | 'failed';
  readonly output: readonly object[];
  readonly error: object | null;
  /** Why it is incomplete. */
  readonly incompleteReason: string | undefined;
  readonly usage: object | null;
}

/** A response. What it would repeat of the request is given as if it had not been said. */
export function responseObject(facts: ResponseFacts): object {
  const { incompleteReason: reason } = facts;
  return {
    id: facts.id,
    object: 'response',
    created_at: facts.createdAt,
    status: facts.status,
    background: false,
    error: facts.error,
    incomplete_details: reason === undefined ? null : { reason },
    instructions: null,
    max_output_tokens: null,
    model: facts.model,
    output: facts.output,
    parallel_tool_calls: true,
    previous_response_id: null,
    reasoning: { effort: null, summary: null },
    store: false,
    temperature: null,
    text: { format: { type: 'text' } },
    tool_choice: 'auto',
    tools: [],
    top_p: null,
    truncation: 'disabled',
    usage: facts.usage,
    user: null,
    metadata: {},
  };
}

/** Why a response that ended for this reason is incomplete; `undefined` = it is complete. */
export function incompleteReasonOf(reason: FinishReason): string | undefined {
  if (reason === 'length' || reason === 'context-window') return 'max_output_tokens';
  return reason === 'refusal' ? 'content_filter' : undefined;
}

/** Token counts of a response; null when nobody counted. */
export function responsesUsageMember(usage: Usage): object | null {
  if (!saysUsage(usage)) return null;
  const input = promptTokens(usage);
  const output = Math.max(0, usage.output);
  return {
    input_tokens: input,
    input_tokens_details: {
      cached_tokens: Math.max(0, usage.cacheRead),
      cache_write_tokens: Math.max(0, usage.cacheWrite),
    },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: Math.max(0, usage.reasoning) },
    total_tokens: input + output,
  };
}
