// Reads the schema as a tree of options: for the reference page, the annotated file, explain, and
// for naming what was meant when a key is unknown. Knows zod's wrappers so that nobody else must.

import { z } from 'zod';
import { kindRegistry, optionRegistry } from './option.ts';
import type { OptionMeta } from './option.ts';
import type { Path } from './problem.ts';

/** One option as documentation sees it. `*` in the path stands for a name or a place in a list. */
export interface OptionRow {
  readonly path: readonly string[];
  readonly meta: OptionMeta;
  /** What may be written, in words. */
  readonly kind: string;
  /** The default as it would be written; `undefined` = none. */
  readonly fallback: unknown;
  readonly required: boolean;
  /** The option is a group, a table by name or a list of further options. */
  readonly branch: boolean;
  /** The option is a list whose entries may be single values instead of groups. */
  readonly mixed: boolean;
}

/** A default as a person would write it; groups have none of their own. */
export function fallbackText(fallback: unknown): string {
  return typeof fallback === 'string' ? fallback : JSON.stringify(fallback);
}

/** A schema without the wrappers that say whether it may be left out. */
export function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  if (schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional) {
    return unwrap(schema.def.innerType);
  }
  return schema;
}

/** The schema at a path of a file, or `undefined` when the path leads nowhere. */
export function schemaAt(root: z.core.$ZodType, path: Path): z.core.$ZodType | undefined {
  let schema: z.core.$ZodType | undefined = root;
  for (const step of path) schema = schema === undefined ? undefined : child(unwrap(schema), step);
  return schema;
}

/** Whether the value at this path must never be printed. */
export function isSecret(root: z.core.$ZodType, path: Path): boolean {
  for (let length = 1; length <= path.length; length += 1) {
    const schema = schemaAt(root, path.slice(0, length));
    if (schema !== undefined && optionRegistry.get(schema)?.secret === true) return true;
  }
  return false;
}

/** Whether a group that is left out is there all the same, made of its defaults. */
export function isThereUnwritten(root: z.core.$ZodType, path: Path): boolean {
  const schema = schemaAt(root, path);
  if (!(schema instanceof z.ZodPrefault)) return false;
  const { defaultValue } = schema.def;
  return defaultValue !== null && typeof defaultValue === 'object';
}

/** The names that may stand at a schema: the keys of a group, else none. */
export function knownKeys(schema: z.core.$ZodType | undefined): string[] {
  return Object.keys(schema === undefined ? {} : (membersOf(unwrap(schema)) ?? {}));
}

/** Every option, parents before children, in the order of declaration. */
export function* optionRows(
  root: z.core.$ZodType,
  path: readonly string[] = [],
): Generator<OptionRow> {
  const schema = unwrap(root);
  const members = membersOf(schema);
  if (members !== undefined) {
    for (const [key, member] of Object.entries(members)) {
      const row = rowOf(member, [...path, key]);
      if (row !== undefined) yield row;
      yield* optionRows(member, [...path, key]);
    }
  } else if (schema instanceof z.ZodRecord) {
    yield* optionRows(valueOf(schema), [...path, '*']);
  } else if (schema instanceof z.ZodArray) {
    yield* optionRows(elementOf(schema), [...path, '*']);
  }
}

function rowOf(schema: z.core.$ZodType, path: readonly string[]): OptionRow | undefined {
  const meta = optionRegistry.get(schema);
  if (meta === undefined) return undefined;
  const inner = unwrap(schema);
  return {
    path,
    meta,
    kind: kindOf(inner),
    fallback: schema instanceof z.ZodPrefault ? schema.def.defaultValue : undefined,
    required: !(schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional),
    branch: !optionRows(inner).next().done,
    mixed: inner instanceof z.ZodArray && hasShortForm(unwrap(elementOf(inner))),
  };
}

function hasShortForm(schema: z.core.$ZodType): boolean {
  if (!(schema instanceof z.ZodUnion)) return false;
  return schema.def.options.some((option) => membersOf(unwrap(option)) === undefined);
}

function kindOf(schema: z.core.$ZodType): string {
  const known = kindRegistry.get(schema)?.kind;
  if (known !== undefined) return known;
  if (schema instanceof z.ZodArray) return `list of ${kindOf(elementOf(schema))}`;
  if (schema instanceof z.ZodRecord) return `${kindOf(valueOf(schema))} by name`;
  if (schema instanceof z.ZodUnion) {
    return schema.def.options.map((option) => kindOf(option)).join(' or ');
  }
  return schema instanceof z.ZodObject ? 'group' : 'text';
}

type Members = Readonly<Record<string, z.core.$ZodType>>;

/** The options of a group, also where the group is one of several alternatives. */
function membersOf(schema: z.core.$ZodType): Members | undefined {
  if (schema instanceof z.ZodObject) return schema.shape;
  if (!(schema instanceof z.ZodUnion)) return undefined;
  const group = schema.def.options.find((option) => option instanceof z.ZodObject);
  return group === undefined ? undefined : membersOf(group);
}

// What a list or table holds is untyped in a schema that is known only by its class.
function elementOf(schema: z.ZodArray): z.core.$ZodType {
  return schema.def.element;
}

function valueOf(schema: z.ZodRecord): z.core.$ZodType {
  return schema.def.valueType;
}

function child(schema: z.core.$ZodType, step: string | number): z.core.$ZodType | undefined {
  if (typeof step === 'number') {
    return schema instanceof z.ZodArray ? elementOf(schema) : undefined;
  }
  return schema instanceof z.ZodRecord ? valueOf(schema) : membersOf(schema)?.[step];
}
