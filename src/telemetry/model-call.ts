// Which calls ask a model, and for what, in the words of OpenTelemetry's conventions for generative
// AI. Decided by dialect, method and path alone: the closed list is a label of metrics.

import type { Call } from '../core/call.ts';

/** Well-known values of `gen_ai.operation.name`, and one of ours for counting tokens. */
export type Operation = 'chat' | 'text_completion' | 'embeddings' | 'count_tokens';

const MODEL_DIALECTS = new Set(['anthropic', 'openai-chat', 'openai-responses']);

/** Ends of paths, without query, that do not stand for a chat. */
const ends: readonly (readonly [string, Operation])[] = [
  ['/embeddings', 'embeddings'],
  ['/embed', 'embeddings'],
  ['/count_tokens', 'count_tokens'],
  ['/input_tokens', 'count_tokens'],
  ['/generate', 'text_completion'],
];

/** Whether a call asks a model for something; lists of models and files do not. */
export function asksModel({ route, method }: Call): boolean {
  return route.kind === 'completion' && method === 'POST' && MODEL_DIALECTS.has(route.dialect.name);
}

/** What a call to a model at this path, with or without query, asks for. */
export function operationAt(path: string): Operation {
  const at = path.indexOf('?');
  const bare = at < 0 ? path : path.slice(0, at);
  for (const [end, operation] of ends) if (bare.endsWith(end)) return operation;
  const isText = bare.endsWith('/completions') && !bare.endsWith('/chat/completions');
  return isText ? 'text_completion' : 'chat';
}
