// Reads JSON that a stranger sent. Refuses nothing by throwing: what is not there, or is of another
// kind, reads as `undefined` or empty. Invariant: a value that was read here is nested at most
// `DEPTH_MAX` deep, so that walking and writing it again cannot overflow the stack.

/** Any JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

/** A JSON object whose fields are not known to exist. */
export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

/** Nesting that is accepted; far above what any client sends. */
const DEPTH_MAX = 100;

/** The object that `text` holds; `undefined` for anything else, bad or bottomless JSON included. */
export function readJsonObject(text: string): JsonObject | undefined {
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
  return isShallow(value, DEPTH_MAX) ? asObject(value) : undefined;
}

/** The value as an object, or `undefined`. */
export function asObject(value: Json | undefined): JsonObject | undefined {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return undefined;
  return value as JsonObject;
}

/** The value as a list; anything else is an empty one. */
export function asList(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]) : [];
}

/** The objects in a list; anything else in it is passed over. */
export function objectsIn(value: Json | undefined): JsonObject[] {
  const objects: JsonObject[] = [];
  for (const entry of asList(value)) {
    const object = asObject(entry);
    if (object !== undefined) objects.push(object);
  }
  return objects;
}

/** The value as text; anything else is the empty text. */
export function asText(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}

/** The value as a finite number, or `undefined`. */
export function asNumber(value: Json | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

/** Characters of all texts in a value, field names included; prompts are measured by them. */
export function textLength(value: Json | undefined): number {
  if (typeof value === 'string') return value.length;
  if (value === null || typeof value !== 'object') return 0;
  let length = 0;
  for (const [key, inner] of Object.entries(value)) {
    if (!Array.isArray(value)) length += key.length;
    length += textLength(inner);
  }
  return length;
}

function isShallow(value: Json, depthLeft: number): boolean {
  if (value === null || typeof value !== 'object') return true;
  if (depthLeft === 0) return false;
  for (const inner of Object.values(value)) {
    if (inner !== undefined && !isShallow(inner, depthLeft - 1)) return false;
  }
  return true;
}
