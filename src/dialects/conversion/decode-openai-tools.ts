// Tools, tool choice and answer format of OpenAI's two formats. In Chat what describes a function
// stands under `function` (`custom`, `json_schema`), in Responses beside `type`; otherwise they are
// the same. Tools that run at OpenAI, and MCP servers, are dropped by name.

import type { AnswerFormat, Grammar, ToolChoice, ToolDefinition } from './model-request.ts';
import type { JsonObject, Reading } from './request-reading.ts';

/** Where a definition stands: under its type's name, or beside the type. */
export type Nesting = 'nested' | 'flat';

/** Arguments of a tool that takes free text, wrapped. */
export const freeTextSchema = {
  type: 'object',
  properties: { input: { type: 'string' } },
  required: ['input'],
  additionalProperties: false,
} as const;

/** The tools of `tools`. */
export function decodeTools(reading: Reading, value: unknown, nesting: Nesting): ToolDefinition[] {
  const tools: ToolDefinition[] = [];
  const items = reading.list(value, 'tools');
  for (let at = 0; at < items.length; at += 1) {
    const path = `tools.${at}`;
    const item = reading.item(items[at], path);
    if (item === undefined) continue;
    const type = reading.needName(item.type, `${path}.type`);
    if (type !== 'function' && type !== 'custom') {
      reading.drop(type);
      continue;
    }
    const place = nesting === 'flat' ? path : `${path}.${type}`;
    const tool = nesting === 'flat' ? item : reading.item(item[type], place);
    if (tool === undefined) continue;
    tools.push(
      type === 'function'
        ? decodeFunction(reading, tool, place)
        : decodeCustomTool(reading, tool, place),
    );
  }
  return tools;
}

/** A function's definition. Without parameters it takes none. */
export function decodeFunction(reading: Reading, tool: JsonObject, path: string): ToolDefinition {
  return {
    name: reading.needName(tool.name, `${path}.name`),
    description: reading.text(tool.description, `${path}.description`),
    schema: reading.object(tool.parameters, `${path}.parameters`),
    strict: reading.flag(tool.strict, `${path}.strict`),
    freeText: false,
  };
}

function decodeCustomTool(reading: Reading, tool: JsonObject, path: string): ToolDefinition {
  const grammar = decodeGrammar(reading, tool, path);
  return {
    name: reading.needName(tool.name, `${path}.name`),
    description: reading.text(tool.description, `${path}.description`),
    schema: freeTextSchema,
    strict: undefined,
    freeText: true,
    ...(grammar && { grammar }),
  };
}

/** `format` holds its grammar one level deeper in Chat; either is understood. */
function decodeGrammar(reading: Reading, tool: JsonObject, path: string): Grammar | undefined {
  const place = `${path}.format`;
  const format = reading.object(tool.format, place);
  if (format === undefined || format.type !== 'grammar') return undefined;
  const grammar = reading.object(format.grammar, `${place}.grammar`) ?? format;
  return {
    syntax: reading.needText(grammar.syntax, `${place}.syntax`),
    definition: reading.needText(grammar.definition, `${place}.definition`),
  };
}

/** What `tool_choice` says, and which tools it leaves to choose from. */
export interface DecodedChoice {
  readonly choice: ToolChoice | undefined;
  /** Names of the tools that may be used; undefined = all. */
  readonly allowed: ReadonlySet<string> | undefined;
}

const unsaid: DecodedChoice = { choice: undefined, allowed: undefined };

/** Reads `tool_choice`. */
export function decodeToolChoice(
  reading: Reading,
  value: unknown,
  nesting: Nesting,
): DecodedChoice {
  if (value === undefined || value === null) return unsaid;
  if (typeof value === 'string') {
    if (value === 'auto' || value === 'none') return { ...unsaid, choice: { kind: value } };
    if (value === 'required') return { ...unsaid, choice: { kind: 'any' } };
    reading.refuse('tool_choice', 'must be auto, none, required or an object');
    return unsaid;
  }
  const item = reading.item(value, 'tool_choice');
  if (item === undefined) return unsaid;
  switch (item.type) {
    case 'function':
    case 'custom':
      return { ...unsaid, choice: decodeNamed(reading, item, nesting, 'tool_choice') };
    case 'allowed_tools':
      return decodeAllowed(reading, item, nesting);
    default:
      // It asks for a tool that runs at OpenAI and was dropped.
      reading.drop('tool_choice');
      return unsaid;
  }
}

function decodeNamed(
  reading: Reading,
  item: JsonObject,
  nesting: Nesting,
  path: string,
): ToolChoice & { readonly kind: 'tool' } {
  const place = nesting === 'flat' ? path : `${path}.${String(item.type)}`;
  const named = nesting === 'flat' ? item : reading.item(item[String(item.type)], place);
  return { kind: 'tool', name: named ? reading.needName(named.name, `${place}.name`) : '' };
}

function decodeAllowed(reading: Reading, item: JsonObject, nesting: Nesting): DecodedChoice {
  const path = nesting === 'flat' ? 'tool_choice' : 'tool_choice.allowed_tools';
  const said = nesting === 'flat' ? item : reading.item(item.allowed_tools, path);
  if (said === undefined) return unsaid;
  const allowed = new Set<string>();
  const items = reading.list(said.tools, `${path}.tools`);
  for (let at = 0; at < items.length; at += 1) {
    const place = `${path}.tools.${at}`;
    const tool = reading.item(items[at], place);
    if (tool === undefined || (tool.type !== 'function' && tool.type !== 'custom')) continue;
    allowed.add(decodeNamed(reading, tool, nesting, place).name);
  }
  return { choice: { kind: said.mode === 'required' ? 'any' : 'auto' }, allowed };
}

/** The tools that a choice leaves. */
export function allowedTools(
  tools: readonly ToolDefinition[],
  allowed: ReadonlySet<string> | undefined,
): readonly ToolDefinition[] {
  return allowed === undefined ? tools : tools.filter(({ name }) => allowed.has(name));
}

/** `response_format` of Chat, `text.format` of Responses. Plain text is the absence of one. */
export function decodeAnswerFormat(
  reading: Reading,
  value: unknown,
  path: string,
  nesting: Nesting,
): AnswerFormat | undefined {
  const format = reading.object(value, path);
  switch (format?.type) {
    case undefined:
    case 'text':
      return undefined;
    case 'json_object':
      return { kind: 'json-object' };
    case 'json_schema': {
      const place = nesting === 'flat' ? path : `${path}.json_schema`;
      const said = nesting === 'flat' ? format : reading.item(format?.json_schema, place);
      if (said === undefined) return undefined;
      return {
        kind: 'json-schema',
        name: reading.needName(said.name, `${place}.name`),
        schema: reading.object(said.schema, `${place}.schema`) ?? {},
        strict: reading.flag(said.strict, `${place}.strict`),
      };
    }
    default:
      // A form of answer that is new to us: without it the answer is plain text, and that is said.
      reading.drop('response_format');
      return undefined;
  }
}
