// Reads JSON that an upstream sent, without trust: what is absent or of another kind reads as
// empty. An answer must not fail because a field of no interest has an odd type.

/** An object of a JSON text; any field may be missing. */
export interface JsonObject {
  readonly [key: string]: unknown;
}

/** The value as an object, or `undefined`. */
export function asObject(value: unknown): JsonObject | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return value as JsonObject;
}

/** The objects of a list; whatever else is in it is passed over. */
export function objectsIn(value: unknown): readonly JsonObject[] {
  if (!Array.isArray(value)) return [];
  const objects: JsonObject[] = [];
  for (const entry of value as readonly unknown[]) {
    const object = asObject(entry);
    if (object !== undefined) objects.push(object);
  }
  return objects;
}

/** The value as text; anything else is ''. */
export function asText(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** The value as a count of zero or more; anything else is -1. */
export function asCount(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : -1;
}
