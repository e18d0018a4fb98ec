// A whole answer as one message of Anthropic Messages, and the words that the stream shares.

import { ownId } from './answer-ids.ts';
import type { AskedFor, FinishReason, Usage } from './answer-events.ts';
import type { EncoderDeps } from './answer-writer.ts';
import type { WholeAnswer, WholeBlock } from './document-writer.ts';
import { asObject } from './json-values.ts';

/** Stop reasons as Anthropic's clients know them. */
export const anthropicStopReasons: Readonly<Record<FinishReason, string>> = {
  stop: 'end_turn',
  'stop-sequence': 'stop_sequence',
  length: 'max_tokens',
  'context-window': 'model_context_window_exceeded',
  'tool-calls': 'tool_use',
  refusal: 'refusal',
  pause: 'pause_turn',
};

/** Token counts of a Messages answer: every field a number, the estimate where nobody counted. */
export function anthropicUsageMember(usage: Usage, asked: AskedFor): object {
  const counts = {
    input_tokens: usage.input < 0 ? asked.estimatedInputTokens : usage.input,
    cache_creation_input_tokens: Math.max(0, usage.cacheWrite),
    cache_read_input_tokens: Math.max(0, usage.cacheRead),
    output_tokens: Math.max(0, usage.output),
  };
  if (usage.reasoning < 0) return counts;
  return { ...counts, output_tokens_details: { thinking_tokens: usage.reasoning } };
}

/** The message as JSON text. */
export function anthropicDocument(whole: WholeAnswer, asked: AskedFor, deps: EncoderDeps): string {
  const { closing } = whole;
  const head = JSON.stringify({
    id: ownId(whole.id, 'msg_', deps.newId),
    type: 'message',
    role: 'assistant',
    model: asked.model,
  });
  const tail = JSON.stringify({
    stop_reason: anthropicStopReasons[closing.reason],
    stop_sequence: closing.stopSequence ?? null,
    usage: anthropicUsageMember(closing.usage, asked),
  });
  const content = whole.blocks.map(blockText).join(',');
  return `${head.slice(0, -1)},"content":[${content}],${tail.slice(1)}`;
}

function blockText(block: WholeBlock): string {
  switch (block.kind) {
    case 'text':
      return JSON.stringify({ type: 'text', text: block.text });
    case 'reasoning':
      return JSON.stringify({
        type: 'thinking',
        thinking: block.text,
        signature: block.signature ?? '',
      });
    case 'tool': {
      const head = JSON.stringify({ type: 'tool_use', id: block.id, name: block.name });
      return `${head.slice(0, -1)},"input":${inputText(block.text)}}`;
    }
  }
}

/**
 * The arguments as the object they must be. They are put in as they were written, since a parse
 * would change long numbers; what is no object, such as arguments cut by a token limit, is kept
 * as text in one.
 */
function inputText(text: string): string {
  if (text.trim() === '') return '{}';
  try {
    if (asObject(JSON.parse(text)) !== undefined) return text;
  } catch {
    // Cut arguments, most likely.
  }
  return JSON.stringify({ _raw: text });
}
