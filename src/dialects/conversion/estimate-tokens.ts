// How long a request is in tokens, without a tokenizer: callers of some formats are told at the
// start of an answer, before the upstream has counted. Good to about a third, in English and code.

import type { AssistantPart, ModelRequest, UserPart } from './model-request.ts';

/** English text and code, over the tokenizers of the large vendors. */
const CHARS_PER_TOKEN = 4;

/** A picture of the largest size that is not scaled down: 1.15 megapixels, 750 of them a token. */
const IMAGE_TOKENS = 1600;

/** About two pages. The pages of a file cannot be counted without opening it. */
const DOCUMENT_TOKENS = 3000;

/** Schemas nested deeper are not counted to their ground. */
const DEPTH_MAX = 64;

/** Tokens of a request, by estimate; at least 1. */
export function estimateTokens({ turns, tools, format }: ModelRequest): number {
  let chars = 0;
  for (const turn of turns) for (const part of turn.parts) chars += partChars(part);
  for (const { name, description, schema } of tools) {
    chars += name.length + (description?.length ?? 0) + jsonChars(schema, 0);
  }
  if (format?.kind === 'json-schema') chars += jsonChars(format.schema, 0);
  return Math.max(1, Math.ceil(chars / CHARS_PER_TOKEN));
}

/** Characters of a part, or as many as would be as many tokens. */
function partChars(part: UserPart | AssistantPart): number {
  switch (part.kind) {
    case 'tool-call':
      return part.name.length + part.argumentsJson.length;
    case 'tool-result':
      return part.content.reduce((chars, inner) => chars + partChars(inner), 0);
    case 'image':
      return IMAGE_TOKENS * CHARS_PER_TOKEN;
    case 'document':
      return DOCUMENT_TOKENS * CHARS_PER_TOKEN;
    default:
      return part.text.length;
  }
}

/** About the length of a value as JSON. */
function jsonChars(value: unknown, depth: number): number {
  if (typeof value === 'string') return value.length + 2;
  if (typeof value !== 'object' || value === null) return 4;
  if (depth === DEPTH_MAX) return 2;
  let chars = 2;
  if (Array.isArray(value)) {
    for (const item of value) chars += 1 + jsonChars(item, depth + 1);
    return chars;
  }
  for (const key in value) {
    chars += key.length + 4 + jsonChars((value as Record<string, unknown>)[key], depth + 1);
  }
  return chars;
}
