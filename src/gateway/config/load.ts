// From the text of a file to complete settings, or to the list of everything that is wrong with it.
// Pure but for the reader of certificate files that it is handed. Never throws for a bad file.

import { LineCounter, parseDocument } from 'yaml';
import type { Document } from 'yaml';
import { builtInRoutes, builtInUpstreams, SIMULATOR } from './built-in.ts';
import { markReferences, resolveReferences } from './interpolate.ts';
import type { Environment } from './interpolate.ts';
import { modelProblems } from './model-rules.ts';
import { problemLine, valueAt } from './problem.ts';
import type { Path, Problem } from './problem.ts';
import { crossProblems, unusedUpstreams } from './rules.ts';
import { configSchema } from './schema.ts';
import { complete } from './settings.ts';
import type { ReadText, Settings } from './settings.ts';
import { problemsOf } from './zod-problems.ts';

/** A configuration as it was handed in: the text of a file, or its content as an object. */
export type ConfigSource =
  | { readonly name: string; readonly text: string }
  | { readonly value: Readonly<Record<string, unknown>> };

/** What the command line says in place of the file; keys as in the file. */
export type Overrides = Readonly<Record<string, unknown>>;

/** What loading needs of the world. */
export interface LoadContext {
  readonly env: Environment;
  readonly readText: ReadText;
  readonly overrides?: Overrides;
}

/** A usable configuration with its warnings, or none with its errors. */
export interface Loaded {
  readonly settings: Settings | undefined;
  readonly problems: readonly Problem[];
  /** The problems as lines to print: file, line, place, sentence. */
  readonly lines: readonly string[];
  /** Everything as it was written, file, command line and built-in parts merged. */
  readonly input: Record<string, unknown>;
  /** Top-level options whose value is the built-in one. */
  readonly builtIn: readonly string[];
  /** What was written where the environment was used, by path text. */
  readonly written: ReadonlyMap<string, string>;
  readonly overrides: Overrides;
}

/** Loads a configuration, or the built-in one when there is none. */
export function loadConfig(source: ConfigSource | undefined, context: LoadContext): Loaded {
  const file = source !== undefined && 'name' in source ? source.name : undefined;
  const parsed =
    source !== undefined && 'value' in source
      ? asParsed(source.value)
      : parse(source?.text ?? '', context.env);
  const overrides = context.overrides ?? {};
  const own = withOverrides(parsed.input, overrides);
  const ours = builtInFor(own, context.env, parsed.written);
  const input = { ...own, ...ours };
  const problems = [...parsed.problems];
  let settings: Settings | undefined;
  if (problems.length === 0) {
    const checked = configSchema.safeParse(input);
    const wording = { schema: configSchema, input, written: parsed.written };
    if (checked.success) {
      const isWritten = (path: Path): boolean => valueAt(input, path) !== undefined;
      problems.push(
        ...crossProblems(checked.data, context.readText, isWritten),
        ...modelProblems(checked.data, isWritten),
      );
      const usable = problems.every((problem) => problem.severity === 'warning');
      if (usable && ours['upstreams'] === undefined) {
        problems.push(...unusedUpstreams(checked.data));
      }
      if (usable) settings = complete(checked.data, file, context.readText);
    } else {
      problems.push(...problemsOf(checked.error.issues, wording));
    }
  }
  const lines = problems.map((problem) => problemLine(problem, file, parsed.lineOf(problem.path)));
  const builtIn = Object.keys(ours);
  return { settings, problems, lines, input, builtIn, written: parsed.written, overrides };
}

interface Parsed {
  readonly input: Record<string, unknown>;
  readonly written: Map<string, string>;
  readonly problems: Problem[];
  lineOf(path: Path): number | undefined;
}

function parse(text: string, env: Environment): Parsed {
  const marked = markReferences(text);
  const lines = new LineCounter();
  const document = parseDocument(marked.text, { lineCounter: lines, prettyErrors: false });
  const problems: Problem[] = document.errors.map((fault) => {
    const { line, col } = lines.linePos(fault.pos[0]);
    const message = `line ${line}, column ${col}: ${fault.message}`;
    return { severity: 'error', path: [], message };
  });
  const lineOf = (path: Path): number | undefined => lineAt(document, lines, path);
  if (problems.length > 0) return { input: {}, written: new Map(), problems, lineOf };
  const { value, ...rest } = resolveReferences(document.toJS(), marked.references, env);
  const input = withoutNulls(value);
  const written = new Map(rest.written);
  problems.push(...rest.problems);
  if (input !== undefined) return { input, written, problems, lineOf };
  const message = 'the file is not a list of options; write for example "listen: 127.0.0.1:8787"';
  problems.push({ severity: 'error', path: [], message });
  return { input: {}, written, problems, lineOf };
}

function asParsed(value: Readonly<Record<string, unknown>>): Parsed {
  return { input: pruned(value), written: new Map(), problems: [], lineOf: () => undefined };
}

/** The line of a path, or of the nearest parent that stands in the file. */
function lineAt(document: Document, lines: LineCounter, path: Path): number | undefined {
  for (let length = path.length; length > 0; length -= 1) {
    const node: unknown = document.getIn(path.slice(0, length), true);
    const range =
      node !== null && typeof node === 'object' && 'range' in node ? node.range : undefined;
    if (Array.isArray(range)) return lines.linePos(Number(range[0])).line;
  }
  return undefined;
}

/** An option without a value (`limits:` with all lines commented out) is not there. */
function withoutNulls(value: unknown): Record<string, unknown> | undefined {
  if (value === null || value === undefined) return {};
  if (typeof value !== 'object' || Array.isArray(value)) return undefined;
  return pruned(value as Record<string, unknown>);
}

function pruned(group: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const kept = Object.entries(group).filter(([, value]) => value !== null);
  return Object.fromEntries(kept.map(([key, value]) => [key, prune(value)]));
}

function prune(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(prune);
  if (value === null || typeof value !== 'object') return value;
  return pruned(value as Record<string, unknown>);
}

function withOverrides(
  input: Record<string, unknown>,
  overrides: Overrides,
): Record<string, unknown> {
  const merged = { ...input };
  for (const [key, value] of Object.entries(overrides)) {
    const below = merged[key];
    const both = isGroup(value) && isGroup(below);
    merged[key] = both ? withOverrides(below, value) : value;
  }
  return merged;
}

function isGroup(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

/** The built-in upstreams, and with them the built-in routes, where the file says nothing. */
function builtInFor(
  own: Record<string, unknown>,
  env: Environment,
  written: Map<string, string>,
): Record<string, unknown> {
  if (own['upstreams'] !== undefined) return {};
  const text = builtInUpstreams + (own['routes'] === undefined ? builtInRoutes : '');
  const { input, written: ourWritten } = parse(text, env);
  for (const [path, source] of ourWritten) written.set(path, source);
  const off = own['simulator'] === false || own['simulator'] === 'false';
  const { routes } = input;
  if (off && Array.isArray(routes)) {
    input['routes'] = routes.filter(
      (route: { upstreams: string[] }) => !route.upstreams.includes(SIMULATOR),
    );
  }
  return input;
}
