// Makes up a value that fits a JSON Schema, for the inputs of tools and for answers in JSON. Covers
// what tool definitions use; a schema outside that gets a value of the right type at best.

import { asList, asNumber, asObject, asText } from './json.ts';
import type { Json, JsonObject } from './json.ts';

const DEPTH_MAX = 6;

const byFormat = new Map([
  ['date-time', '2026-11-20T12:00:00Z'],
  ['date', '2026-11-20'],
  ['time', '12:00:00Z'],
  ['email', 'someone@example.com'],
  ['uri', 'https://example.com/'],
  ['uuid', '5f0c1d2e-3b4a-4c5d-8e6f-7a8b9c0d1e2f'],
]);

const byName: readonly (readonly [RegExp, string])[] = [
  [/city|location|place/i, 'Lisbon'],
  [/country/i, 'Portugal'],
  [/unit/i, 'celsius'],
  [/url|uri|link/i, 'https://example.com/'],
  [/path|file/i, 'README.md'],
  [/query|search|question/i, 'idle connections'],
  [/name/i, 'holdfast'],
  [/date/i, '2026-11-20'],
];

/** A value that fits `schema`; `name` is the property's name and helps to make it believable. */
export function sampleValue(schema: JsonObject, name = '', depth = 0): Json {
  if (schema.const !== undefined) return schema.const;
  const fixed = asList(schema.enum)[0] ?? schema.default ?? asList(schema.examples)[0];
  if (fixed !== undefined) return fixed;
  const choice = asObject(asList(schema.anyOf)[0] ?? asList(schema.oneOf)[0]);
  if (choice !== undefined) return sampleValue(choice, name, depth + 1);
  switch (typeOf(schema)) {
    case 'object':
      return sampleObject(schema, depth);
    case 'array':
      return sampleList(schema, name, depth);
    case 'integer':
    case 'number':
      return sampleNumber(schema);
    case 'boolean':
      return true;
    case 'null':
      return null;
    default:
      return sampleText(schema, name);
  }
}

function typeOf(schema: JsonObject): string {
  if (typeof schema.type === 'string') return schema.type;
  const first = asList(schema.type).find((type) => type !== 'null');
  if (typeof first === 'string') return first;
  return schema.properties === undefined ? 'string' : 'object';
}

function sampleObject(schema: JsonObject, depth: number): JsonObject {
  const made: Record<string, Json> = {};
  if (depth > DEPTH_MAX) return made;
  const properties = asObject(schema.properties) ?? {};
  for (const key of asList(schema.required)) {
    if (typeof key === 'string') {
      made[key] = sampleValue(asObject(properties[key]) ?? {}, key, depth + 1);
    }
  }
  return made;
}

function sampleList(schema: JsonObject, name: string, depth: number): readonly Json[] {
  if (depth > DEPTH_MAX) return [];
  const items = asObject(schema.items) ?? {};
  const count = Math.min(Math.max(asNumber(schema.minItems) ?? 1, 1), 8);
  return Array.from({ length: count }, () => sampleValue(items, name, depth + 1));
}

function sampleNumber(schema: JsonObject): number {
  const above = asNumber(schema.exclusiveMinimum);
  const least = asNumber(schema.minimum) ?? (above === undefined ? 1 : above + 1);
  return Math.min(least, asNumber(schema.maximum) ?? Infinity);
}

function sampleText(schema: JsonObject, name: string): string {
  const known = byFormat.get(asText(schema.format));
  if (known !== undefined) return known;
  const text = byName.find(([pattern]) => pattern.test(name))?.[1] ?? `a ${name || 'text'}`;
  return text.padEnd(Math.min(asNumber(schema.minLength) ?? 0, 1000), '.');
}
