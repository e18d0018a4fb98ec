// `${NAME}` and `${NAME:-fallback}` in a configuration file. References are taken out before the
// YAML is parsed and their values put into the parsed texts, so a value can never change the
// structure of the file, and `{ key: ${KEY} }` is legal although braces mean something in YAML.

import type { Problem } from './problem.ts';
import { pathText } from './problem.ts';

/** Names and values of the environment. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A text whose references were replaced by marks that YAML takes for ordinary characters. */
export interface Marked {
  readonly text: string;
  /** The references by number of their mark, as they were written. */
  readonly references: readonly string[];
}

/** Parsed values with all references resolved. */
export interface Resolved {
  readonly value: unknown;
  /** What was written, by path text, for every value that held a reference. */
  readonly written: ReadonlyMap<string, string>;
  readonly problems: readonly Problem[];
}

// Private-use characters: printable for YAML, and nobody writes them.
const MARK = /\uE000(\d+)\uE001/g;
const REFERENCE = /\$\$\{|\$\{([^}\n]*)\}/g;
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Replaces every reference by a mark; `$${` stands for a plain `${`. */
export function markReferences(text: string): Marked {
  const references: string[] = [];
  const marked = text.replaceAll(REFERENCE, (whole) => {
    references.push(whole);
    return `\uE000${references.length - 1}\uE001`;
  });
  return { text: marked, references };
}

/** Puts the values of the environment where the marks are. */
export function resolveReferences(
  parsed: unknown,
  references: readonly string[],
  env: Environment,
): Resolved {
  const written = new Map<string, string>();
  const problems: Problem[] = [];
  const source = (text: string): string =>
    text.replaceAll(MARK, (_, number: string) => references[Number(number)] ?? '');

  const visit = (value: unknown, path: readonly (string | number)[]): unknown => {
    if (typeof value === 'string') return visitText(value, path);
    if (Array.isArray(value)) return value.map((item, at) => visit(item, [...path, at]));
    if (value === null || typeof value !== 'object') return value;
    const pairs = Object.entries(value).map(([key, item]) => {
      const name = source(key);
      return [name, visit(item, [...path, name])] as const;
    });
    return Object.fromEntries(pairs);
  };
  const visitText = (text: string, path: readonly (string | number)[]): string => {
    if (!text.includes('\uE000')) return text;
    const asWritten = source(text);
    if (/(?<!\$)\$\{/.test(asWritten)) written.set(pathText(path), asWritten);
    return text.replaceAll(MARK, (_, number: string) => {
      const found = lookUp(references[Number(number)] ?? '', env);
      if (found.problem !== undefined) {
        problems.push({ severity: 'error', path, message: found.problem });
      }
      return found.value;
    });
  };
  return { value: visit(parsed, []), written, problems };
}

function lookUp(reference: string, env: Environment): { value: string; problem?: string } {
  if (reference === '$${') return { value: '${' };
  const inside = reference.slice(2, -1);
  const at = inside.indexOf(':-');
  const name = at < 0 ? inside : inside.slice(0, at);
  if (!NAME.test(name)) {
    return { value: '', problem: `${reference} does not name an environment variable` };
  }
  const value = env[name];
  if (at >= 0) return { value: value === undefined || value === '' ? inside.slice(at + 2) : value };
  if (value !== undefined) return { value };
  const advice = `set it, or write \${${name}:-fallback}`;
  return { value: '', problem: `the environment variable ${name} is not set; ${advice}` };
}
