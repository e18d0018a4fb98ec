// A whole answer as one completion of OpenAI Chat, and the words that the stream shares.

import { ownId } from './answer-ids.ts';
import type { AskedFor, FinishReason, Usage } from './answer-events.ts';
import type { EncoderDeps } from './answer-writer.ts';
import type { WholeAnswer, WholeBlock } from './document-writer.ts';
import { promptTokens, saysUsage } from './usage-counts.ts';

/** Finish reasons as OpenAI's clients know them. */
export const chatFinishReasons: Readonly<Record<FinishReason, string>> = {
  stop: 'stop',
  'stop-sequence': 'stop',
  length: 'length',
  'context-window': 'length',
  'tool-calls': 'tool_calls',
  refusal: 'content_filter',
  pause: 'stop',
};

/** Token counts of a Chat answer; nothing when nobody counted. */
export function chatUsageMember(usage: Usage): object | undefined {
  if (!saysUsage(usage)) return undefined;
  const prompt = promptTokens(usage);
  const output = Math.max(0, usage.output);
  return {
    prompt_tokens: prompt,
    completion_tokens: output,
    total_tokens: prompt + output,
    prompt_tokens_details: {
      cached_tokens: Math.max(0, usage.cacheRead),
      cache_write_tokens: Math.max(0, usage.cacheWrite),
    },
    completion_tokens_details: { reasoning_tokens: Math.max(0, usage.reasoning) },
  };
}

/** The completion as JSON text. */
export function chatDocument(whole: WholeAnswer, asked: AskedFor, deps: EncoderDeps): string {
  const usage = chatUsageMember(whole.closing.usage);
  return JSON.stringify({
    id: ownId(whole.id, 'chatcmpl-', deps.newId),
    object: 'chat.completion',
    created: Math.floor(deps.wallNow() / 1000),
    model: asked.model,
    choices: [
      {
        index: 0,
        message: messageOf(whole.blocks),
        logprobs: null,
        finish_reason: chatFinishReasons[whole.closing.reason],
      },
    ],
    ...(usage === undefined ? {} : { usage }),
  });
}

function messageOf(blocks: readonly WholeBlock[]): object {
  let text = '';
  let reasoning = '';
  const calls: object[] = [];
  for (const block of blocks) {
    if (block.kind === 'text') text += block.text;
    else if (block.kind === 'reasoning') reasoning += block.text;
    else {
      const args = block.text === '' ? '{}' : block.text;
      const callee = { name: block.name, arguments: args };
      calls.push({ id: block.id, type: 'function', function: callee });
    }
  }
  return {
    role: 'assistant',
    content: text === '' && calls.length > 0 ? null : text,
    refusal: null,
    ...(reasoning === '' ? {} : { reasoning_content: reasoning }),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  };
}
