// Shows a configuration as it is in force: each option, its value, where that came from, what it
// does and why. Secrets never leave here: they are replaced by their reference or by dots.

import type { Loaded } from './load.ts';
import { pathText } from './problem.ts';
import type { Path } from './problem.ts';
import { phaseNames } from './profiles.ts';
import { configSchema } from './schema.ts';
import { fallbackText, isSecret, optionRows } from './schema-walk.ts';
import type { OptionRow } from './schema-walk.ts';
import { phaseOf } from './settings.ts';
import type { Settings, UpstreamSettings } from './settings.ts';
import { formatDuration } from './units.ts';
import { withoutUserinfo } from './values.ts';

/** One option in force. */
export interface ExplainedOption {
  readonly path: string;
  readonly value: string;
  /** `file`, `command line`, `built in`, `default` or `profile <name>`. */
  readonly source: string;
  readonly doc: string;
  readonly why: string;
}

const MASK = '***';

/** Every option in force, in the order of the schema. */
export function explained(loaded: Loaded, settings: Settings): ExplainedOption[] {
  const found: ExplainedOption[] = [];
  for (const row of optionRows(configSchema)) {
    for (const path of expand(row.path, loaded.input)) {
      const option = explainOne(row, path, loaded, settings);
      if (option !== undefined) found.push(option);
    }
  }
  return found;
}

/** The options at or below a path such as `upstreams.openai` or `limits.headBytes`. */
export function explainedBelow(
  options: readonly ExplainedOption[],
  path: string,
): ExplainedOption[] {
  return options.filter(
    (option) =>
      option.path === path ||
      option.path.startsWith(`${path}.`) ||
      option.path.startsWith(`${path}[`),
  );
}

/** The paths of an input that a path with `*` stands for. */
function expand(pattern: readonly string[], input: unknown): Path[] {
  const [step, ...rest] = pattern;
  if (step === undefined) return [[]];
  if (step !== '*') {
    const below = isGroup(input) ? input[step] : undefined;
    return expand(rest, below).map((path) => [step, ...path]);
  }
  const keys = Array.isArray(input) ? [...input.keys()] : Object.keys(isGroup(input) ? input : {});
  return keys.flatMap((key) =>
    expand(rest, (input as Record<string | number, unknown>)[key]).map((path) => [key, ...path]),
  );
}

function isGroup(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function explainOne(
  row: OptionRow,
  path: Path,
  loaded: Loaded,
  settings: Settings,
): ExplainedOption | undefined {
  const { doc, why } = row.meta;
  const name = pathText(path);
  const given = at(loaded.input, path);
  const hasParts = given === undefined || (given !== null && typeof given === 'object');
  if (row.branch && hasParts) return undefined;
  if (given !== undefined) {
    const value = shown(given, path, referencesIn(name, loaded));
    return { path: name, value, source: sourceOf(path, loaded), doc, why };
  }
  const derived = derivedValue(path, settings);
  if (derived !== undefined) return { path: name, ...derived, doc, why };
  if (row.fallback === undefined) return undefined;
  return { path: name, value: fallbackText(row.fallback), source: 'default', doc, why };
}

/** The references a value was written with: its own, or those of the parts of a list. */
function referencesIn(name: string, { written }: Loaded): string | undefined {
  const own = [...written].filter(([path]) => path === name || path.startsWith(`${name}[`));
  return own.length === 0 ? undefined : own.map(([, reference]) => reference).join(', ');
}

function sourceOf(path: Path, loaded: Loaded): string {
  if (at(loaded.overrides, path) !== undefined) return 'command line';
  return loaded.builtIn.includes(String(path[0])) ? 'built in' : 'file';
}

function at(input: unknown, path: Path): unknown {
  let value = input;
  for (const step of path) {
    if (value === null || typeof value !== 'object') return undefined;
    if (!Object.hasOwn(value, step)) return undefined;
    value = (value as Record<string | number, unknown>)[step];
  }
  return value;
}

/** A value as text. What is secret is replaced by the reference it was written as, or by dots. */
function shown(value: unknown, path: Path, written: string | undefined): string {
  if (isSecret(configSchema, path)) return masked(value, path);
  const text = typeof value === 'string' ? withoutUserinfo(value) : JSON.stringify(value);
  return written === undefined ? text : `${text} (from ${written})`;
}

function masked(value: unknown, path: Path): string {
  if (!isGroup(value)) return MASK;
  const names = Object.keys(value).map((name) => `${name}: ${MASK}`);
  return path.length === 0 ? MASK : `{ ${names.join(', ')} }`;
}

/** The value of an option that was left to the profile. */
function derivedValue(
  path: Path,
  settings: Settings,
): { value: string; source: string } | undefined {
  const [top, name, option, phase] = path;
  if (top === 'routes' && typeof name === 'number' && option === 'name') {
    return { value: settings.routes[name]?.name ?? '', source: 'default' };
  }
  const upstream = top === 'upstreams' ? settings.upstreams.get(String(name)) : undefined;
  if (upstream === undefined) return undefined;
  if (option === 'profile') return { value: upstream.profile, source: 'default' };
  const value = profileValue(upstream, String(option), phase);
  return value === undefined ? undefined : { value, source: `profile ${upstream.profile}` };
}

function profileValue(
  upstream: UpstreamSettings,
  option: string,
  phase: string | number | undefined,
): string | undefined {
  if (option === 'acceptEncoding') return upstream.acceptEncoding;
  if (option === 'replay') {
    const { completionReplay, otherReplay } = upstream;
    if (completionReplay === otherReplay) return otherReplay;
    return `${completionReplay} for LLM completions, ${otherReplay} for the rest`;
  }
  const known = phaseNames.find((each) => each === phase);
  if (option !== 'timeouts' || known === undefined) return undefined;
  return formatDuration(phaseOf(upstream.limits, known));
}
