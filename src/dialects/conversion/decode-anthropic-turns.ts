// Reads the messages of Anthropic's format: content blocks to parts. Blocks that hold what the user
// gave are refused when they cannot be kept (the model would answer another question); blocks that
// Anthropic's servers wrote for themselves are dropped by name.

import { decodeAnthropicDocument, decodeAnthropicSource } from './decode-anthropic-media.ts';
import { printJson } from './exact-json.ts';
import type {
  AssistantPart,
  GivenPart,
  TextPart,
  ToolCallPart,
  ToolResultPart,
  Turn,
  UserPart,
} from './model-request.ts';
import type { JsonObject, Reading } from './request-reading.ts';

/** Claude Code's attribution, for Anthropic's servers alone; it is no instruction to a model. */
const BILLING = 'x-anthropic-billing-header:';

/** A list that what was given can be added to. */
interface GivenList {
  push(part: GivenPart): unknown;
}

/** The turns of `messages`. */
export function decodeAnthropicTurns(reading: Reading, messages: unknown): Turn[] {
  const turns: Turn[] = [];
  if (!Array.isArray(messages) || messages.length === 0) {
    reading.refuse('messages', 'must be a list with at least one message');
    return turns;
  }
  for (let at = 0; at < messages.length; at += 1) {
    const path = `messages.${at}`;
    const message = reading.item(messages[at], path);
    if (message === undefined) continue;
    const { role, content } = message;
    if (role === 'user') turns.push({ role, parts: decodeUser(reading, content, path) });
    else if (role === 'assistant') {
      turns.push({ role, parts: decodeAssistant(reading, content, path) });
    } else if (role === 'system') {
      turns.push({ role, parts: decodeSystemBlocks(reading, content, `${path}.content`) });
    } else reading.refuse(`${path}.role`, 'must be user, assistant or system');
  }
  return turns;
}

/** A system prompt: a string or text blocks. Empty when absent. */
export function decodeSystemBlocks(reading: Reading, value: unknown, path: string): TextPart[] {
  if (typeof value === 'string') return textParts(value);
  const parts: TextPart[] = [];
  const blocks = reading.list(value, path);
  for (let at = 0; at < blocks.length; at += 1) {
    const block = reading.item(blocks[at], `${path}.${at}`);
    if (block === undefined) continue;
    reading.dropIfSaid('cache_control', block.cache_control);
    if (block.type !== 'text') {
      dropBlock(reading, block, `${path}.${at}`);
      continue;
    }
    const text = reading.needText(block.text, `${path}.${at}.text`);
    if (!text.startsWith(BILLING)) parts.push({ kind: 'text', text });
  }
  return parts;
}

function decodeUser(reading: Reading, content: unknown, path: string): UserPart[] {
  if (typeof content === 'string') return textParts(content);
  const parts: UserPart[] = [];
  const blocks = contentBlocks(reading, content, path);
  for (let at = 0; at < blocks.length; at += 1) {
    const place = `${path}.content.${at}`;
    const block = reading.item(blocks[at], place);
    if (block === undefined) continue;
    if (block.type === 'tool_result') {
      reading.dropIfSaid('cache_control', block.cache_control);
      parts.push(decodeResult(reading, block, place));
    } else decodeGiven(reading, block, place, parts);
  }
  return parts;
}

/** A block of what a user or a tool gave, added to `parts`. */
function decodeGiven(reading: Reading, block: JsonObject, path: string, parts: GivenList): void {
  reading.dropIfSaid('cache_control', block.cache_control);
  switch (block.type) {
    case 'text':
      parts.push({ kind: 'text', text: reading.needText(block.text, `${path}.text`) });
      return;
    case 'image': {
      const source = decodeAnthropicSource(reading, block.source, `${path}.source`);
      if (source !== undefined) parts.push({ kind: 'image', source });
      return;
    }
    case 'document':
      for (const part of decodeAnthropicDocument(reading, block, path)) parts.push(part);
      return;
    case 'search_result':
      parts.push({ kind: 'text', text: searchResultText(reading, block, path) });
      return;
    case 'container_upload':
      reading.refuse(path, 'a file in a container stays at Anthropic; send its content instead');
      return;
    default:
      dropBlock(reading, block, path);
  }
}

function decodeResult(reading: Reading, block: JsonObject, path: string): ToolResultPart {
  const parts: GivenPart[] = [];
  if (typeof block.content === 'string') {
    if (block.content !== '') parts.push({ kind: 'text', text: block.content });
  } else {
    const blocks = reading.list(block.content, `${path}.content`);
    for (let at = 0; at < blocks.length; at += 1) {
      const inner = reading.item(blocks[at], `${path}.content.${at}`);
      if (inner === undefined) continue;
      decodeGiven(reading, inner, `${path}.content.${at}`, parts);
    }
  }
  return {
    kind: 'tool-result',
    id: reading.needText(block.tool_use_id, `${path}.tool_use_id`),
    content: parts,
    isError: reading.flag(block.is_error, `${path}.is_error`) === true,
  };
}

function decodeAssistant(reading: Reading, content: unknown, path: string): AssistantPart[] {
  if (typeof content === 'string') return textParts(content);
  const parts: AssistantPart[] = [];
  const blocks = contentBlocks(reading, content, path);
  for (let at = 0; at < blocks.length; at += 1) {
    const place = `${path}.content.${at}`;
    const block = reading.item(blocks[at], place);
    if (block === undefined) continue;
    reading.dropIfSaid('cache_control', block.cache_control);
    switch (block.type) {
      case 'text':
        parts.push({ kind: 'text', text: reading.needText(block.text, `${place}.text`) });
        break;
      case 'tool_use':
        parts.push(decodeCall(reading, block, place));
        break;
      case 'thinking':
        parts.push({
          kind: 'reasoning',
          text: reading.needText(block.thinking, `${place}.thinking`),
          signature: reading.text(block.signature, `${place}.signature`),
        });
        break;
      default:
        dropBlock(reading, block, place);
    }
  }
  return parts;
}

function decodeCall(reading: Reading, block: JsonObject, path: string): ToolCallPart {
  const input = reading.object(block.input, `${path}.input`);
  const argumentsJson = input === undefined ? '' : printJson(input);
  if (argumentsJson === undefined) reading.refuse(`${path}.input`, 'is nested too deeply');
  return {
    kind: 'tool-call',
    id: reading.needText(block.id, `${path}.id`),
    name: reading.needName(block.name, `${path}.name`),
    argumentsJson: argumentsJson ?? '',
  };
}

/** A search result as a model without such blocks can read it: title, source, text. */
function searchResultText(reading: Reading, block: JsonObject, path: string): string {
  const lines = [
    reading.text(block.title, `${path}.title`) ?? '',
    reading.text(block.source, `${path}.source`) ?? '',
    ...decodeSystemBlocks(reading, block.content, `${path}.content`).map(({ text }) => text),
  ];
  return lines.filter((line) => line !== '').join('\n\n');
}

function contentBlocks(reading: Reading, content: unknown, path: string): readonly unknown[] {
  if (Array.isArray(content)) return content;
  reading.refuse(`${path}.content`, 'must be a string or a list of content blocks');
  return [];
}

function textParts(text: string): TextPart[] {
  return text === '' ? [] : [{ kind: 'text', text }];
}

function dropBlock(reading: Reading, block: JsonObject, path: string): void {
  reading.drop(reading.needName(block.type, `${path}.type`));
}
