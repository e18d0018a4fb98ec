// How one option is declared: a zod schema with its kind, and beside it the default, a line on what
// it does and a line on why it is so. The registry is what reference, explain and init are made of.
// Invariant: a default stands here in the spelling a person would write, and nowhere else.

import { z } from 'zod';
import { UnitFault, parseDuration, parsePercent, parseSize } from './units.ts';

/** What is known of one option beside its schema. */
export interface OptionMeta {
  /** One line: what it does. */
  readonly doc: string;
  /** One line: why it exists or has this default. */
  readonly why: string;
  /** The value is never printed. */
  readonly secret?: boolean;
}

/** Every declared option. */
export const optionRegistry: z.core.$ZodRegistry<OptionMeta> = z.registry<OptionMeta>();

/** The kind of value a schema takes, in words, for documentation and errors. */
export const kindRegistry: z.core.$ZodRegistry<{ kind: string; example: string }> = z.registry();

/** An option that has a value when nothing is written. */
export function withDefault<S extends z.ZodType>(
  schema: S,
  fallback: z.input<S> & z.core.util.Primitive,
  meta: OptionMeta,
): z.ZodPrefault<S> {
  return declared(z.prefault(schema, fallback as z.input<S>), meta);
}

/** An option that may be left out. */
export function optional<S extends z.ZodType>(schema: S, meta: OptionMeta): z.ZodOptional<S> {
  return declared(z.optional(schema), meta);
}

/** An option that must be written. */
export function required<S extends z.ZodType>(schema: S, meta: OptionMeta): S {
  return declared(schema, meta);
}

/** A group of options that may be left out as a whole. */
export function group<S extends z.ZodObject>(schema: S, meta: OptionMeta): z.ZodPrefault<S> {
  return declared(z.prefault(schema, {} as z.input<S>), meta);
}

function declared<S extends z.ZodType>(schema: S, meta: OptionMeta): S {
  optionRegistry.add(schema, meta);
  return schema;
}

type Parsed<T> = z.ZodPipe<z.ZodString, z.ZodTransform<T, string>>;

/** A text that is parsed once; a fault becomes an error at the option's place. */
function parsed<T>(
  kind: string,
  example: string,
  parse: (text: string) => T | UnitFault,
  notText: (input: unknown) => string,
): Parsed<T> {
  const schema = z
    .string({ error: (issue) => notText(issue.input) })
    .transform((text, context): T => {
      const value = parse(text);
      if (!(value instanceof UnitFault)) return value;
      context.addIssue({ code: 'custom', message: value.message });
      return z.NEVER;
    });
  return schema.register(kindRegistry, { kind, example });
}

function unitless(unit: string): (input: unknown) => string {
  return (input) =>
    typeof input === 'number'
      ? `has no unit; write for example "${input}${unit}"`
      : `is not a text like "30${unit}"`;
}

/** A duration with its unit, at least `min`; ms. `none` is allowed when `orNone` is set. */
export function duration(bounds?: { min?: string; orNone?: boolean }): Parsed<number> {
  const least = bounds?.min === undefined ? 0 : Number(parseDuration(bounds.min));
  const parse = (text: string): number | UnitFault => {
    if (bounds?.orNone === true && text === 'none') return Number.POSITIVE_INFINITY;
    const ms = parseDuration(text);
    if (ms instanceof UnitFault || ms >= least) return ms;
    return new UnitFault(`is below the least value, ${bounds?.min}`);
  };
  const kind = bounds?.orNone === true ? 'duration or `none`' : 'duration';
  return parsed(kind, '30s', parse, unitless('s'));
}

/** A percentage; a share of 1. */
export function percentage(): Parsed<number> {
  return parsed('percentage', '50%', parsePercent, unitless('%'));
}

/** A size with its unit, at least `min` and at most `max`; bytes. */
export function size({ min, max }: { min: string; max?: string }): Parsed<number> {
  const least = Number(parseSize(min));
  const most = max === undefined ? Number.POSITIVE_INFINITY : Number(parseSize(max));
  const parse = (text: string): number | UnitFault => {
    const bytes = parseSize(text);
    if (bytes instanceof UnitFault) return bytes;
    if (bytes < least) return new UnitFault(`is below the least value, ${min}`);
    return bytes > most ? new UnitFault(`is above the greatest value, ${max}`) : bytes;
  };
  return parsed('size', '64KiB', parse, unitless('KiB'));
}

/** A text with its own rule. */
export function parsedText<T>(
  kind: string,
  example: string,
  parse: (text: string) => T | UnitFault,
): Parsed<T> {
  return parsed(kind, example, parse, (input) =>
    input === undefined ? 'is missing' : `is not a text like "${example}"`,
  );
}

/** A whole number within bounds. `"${ENV}"` arrives as text, so digits in a text are accepted. */
export function integer(bounds: { min: number; max: number }): z.ZodType<number, number | string> {
  const fault = `is not a whole number from ${bounds.min} to ${bounds.max}`;
  const schema = z
    .union([z.number(), z.string().regex(/^\d+$/)], { error: () => fault })
    .transform(Number)
    .refine(
      (value) => Number.isInteger(value) && value >= bounds.min && value <= bounds.max,
      fault,
    );
  return schema.register(kindRegistry, { kind: 'whole number', example: String(bounds.min) });
}

/** True or false. `"${ENV}"` arrives as text, so the two words are accepted as text. */
export function flag(): z.ZodType<boolean, boolean | 'true' | 'false'> {
  const schema = z
    .union([z.boolean(), z.enum(['true', 'false'])], { error: () => 'is not true or false' })
    .transform((value) => value === true || value === 'true');
  return schema.register(kindRegistry, { kind: '`true` or `false`', example: 'true' });
}

/** One word of a closed list. */
export function choice<const T extends readonly string[]>(
  ...words: T
): z.ZodEnum<{ [W in T[number]]: W }> {
  const schema = z.enum(words);
  const kind = words.map((word) => `\`${word}\``).join(', ');
  return schema.register(kindRegistry, { kind, example: words[0] ?? '' }) as never;
}
