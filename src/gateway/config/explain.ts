// Shows a configuration as it is in force: each option, its value, where that came from, what it
// does and why. Secrets never leave here: they are replaced by their reference or by dots.

import type { LimitOptions } from '../../layers/admission/options.ts';
import type { Loaded } from './load.ts';
import { pathText, valueAt } from './problem.ts';
import type { Path } from './problem.ts';
import { phaseNames } from './profiles.ts';
import { configSchema } from './schema.ts';
import { fallbackText, isSecret, isThereUnwritten, optionRows } from './schema-walk.ts';
import type { OptionRow } from './schema-walk.ts';
import { phaseOf } from './settings.ts';
import type { Settings, UpstreamSettings } from './settings.ts';
import { waitsForStart } from './start-options.ts';
import { formatDuration } from './units.ts';
import { usesGroup } from './upstream-groups.ts';
import { withoutUserinfo } from './values.ts';

/** One option in force. */
export interface ExplainedOption {
  readonly path: string;
  readonly value: string;
  /** `file`, `command line`, `built in`, `default` or `profile <name>`. */
  readonly source: string;
  readonly doc: string;
  readonly why: string;
  /** A change takes effect at the next start. */
  readonly restart: boolean;
}

const MASK = '***';

/** Every option in force, in the order of the schema; each upstream and route in one piece. */
export function explained(loaded: Loaded, settings: Settings): ExplainedOption[] {
  const pieces = new Map<string, ExplainedOption[]>();
  for (const row of optionRows(configSchema)) {
    for (const path of expand(row.path, loaded.input)) {
      const option = explainOne(row, path, loaded, settings);
      if (option === undefined) continue;
      const many = row.path[1] === '*';
      const piece = pathText(path.slice(0, many ? 2 : 1));
      const known = pieces.get(piece);
      if (known === undefined) pieces.set(piece, [option]);
      else known.push(option);
    }
  }
  return [...pieces.values()].flat();
}

/** The options at or below a path such as `upstreams.openai` or `limits.headBytes`. */
export function explainedBelow(
  options: readonly ExplainedOption[],
  path: string,
): ExplainedOption[] {
  return options.filter((option) => isAtOrBelow(option.path, path));
}

/** Options that exist at or below a path but have no value there, because nothing is written. */
export function unsetBelow(path: string, loaded: Loaded, settings: Settings): ExplainedOption[] {
  const found: ExplainedOption[] = [];
  for (const row of optionRows(configSchema)) {
    if (row.branch) continue;
    for (const place of expand(row.path, loaded.input)) {
      const name = pathText(place);
      if (!isAtOrBelow(name, path)) continue;
      if (explainOne(row, place, loaded, settings) !== undefined) continue;
      const used = isUsed(place, settings) ? 'no default' : 'no use for this dialect';
      found.push({ ...described(row, name), value: 'not set', source: used });
    }
  }
  return found;
}

function isAtOrBelow(name: string, path: string): boolean {
  return name === path || name.startsWith(`${path}.`) || name.startsWith(`${path}[`);
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
  const name = pathText(path);
  const given = valueAt(loaded.input, path);
  const stated = given ?? row.fallback;
  const hasParts = stated === undefined || typeof stated === 'object';
  if (row.branch && hasParts && !(row.mixed && Array.isArray(given))) return undefined;
  const option = described(row, name);
  if (given !== undefined) {
    const value = shown(given, path, referencesIn(name, loaded));
    return { ...option, value, source: sourceOf(path, loaded) };
  }
  if (!isThere(path, loaded.input) || !isUsed(path, settings)) return undefined;
  const derived = derivedValue(path, loaded, settings);
  if (derived !== undefined) return { ...option, ...derived };
  if (row.fallback === undefined) return undefined;
  return { ...option, value: fallbackText(row.fallback), source: 'default' };
}

function described(
  { meta }: OptionRow,
  path: string,
): Pick<ExplainedOption, 'path' | 'doc' | 'why' | 'restart'> {
  return { path, doc: meta.doc, why: meta.why, restart: waitsForStart(path) };
}

/** Whether the group that an option belongs to is there: written, or made of its defaults. */
function isThere(path: Path, input: unknown): boolean {
  for (let length = 1; length < path.length; length += 1) {
    const above = path.slice(0, length);
    const given = valueAt(input, above);
    if (given === undefined ? !isThereUnwritten(configSchema, above) : typeof given !== 'object') {
      return false;
    }
  }
  return true;
}

/** Whether the upstream that an option belongs to has a use for it. */
function isUsed([top, name, group]: Path, { upstreams }: Settings): boolean {
  const upstream = top === 'upstreams' ? upstreams.get(String(name)) : undefined;
  return upstream === undefined || usesGroup(upstream, String(group));
}

/** The references a value was written with: its own, or those of the parts of a list. */
function referencesIn(name: string, { written }: Loaded): string | undefined {
  const own = [...written].filter(([path]) => path === name || path.startsWith(`${name}[`));
  return own.length === 0 ? undefined : own.map(([, reference]) => reference).join(', ');
}

function sourceOf(path: Path, loaded: Loaded): string {
  if (valueAt(loaded.overrides, path) !== undefined) return 'command line';
  return loaded.builtIn.includes(String(path[0])) ? 'built in' : 'file';
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

/** The value of an option that was left to the profile, or to what stands beside it. */
function derivedValue(
  path: Path,
  { input }: Loaded,
  settings: Settings,
): { value: string; source: string } | undefined {
  const [top, name, option, part] = path;
  if (top === 'routes' && typeof name === 'number' && option === 'name') {
    return { value: settings.routes[name]?.name ?? '', source: 'default' };
  }
  const upstream = top === 'upstreams' ? settings.upstreams.get(String(name)) : undefined;
  if (upstream === undefined) return undefined;
  if (option === 'profile') return { value: upstream.profile, source: 'default' };
  const source = `profile ${upstream.profile}`;
  const value = profileValue(upstream, String(option), part);
  if (value !== undefined) return { value, source };
  const found = option === 'limit' ? limitValue(upstream.limit, part) : undefined;
  if (found === undefined) return undefined;
  const isWritten = valueAt(input, path.slice(0, 3)) !== undefined;
  return { value: String(found), source: isWritten ? 'the rest of limit' : source };
}

/** What a limit came to; nothing where calls are not limited. */
function limitValue(
  limit: LimitOptions,
  part: Path[number] | undefined,
): string | number | boolean | undefined {
  if (limit.callsMax === Number.POSITIVE_INFINITY) return undefined;
  const parts: Readonly<Record<string, string | number | boolean>> = {
    algorithm: limit.algorithm,
    start: limit.callsStart,
    min: limit.callsMin,
    max: limit.callsMax,
    queue: limit.queuePerSlot,
    patient: limit.patient,
  };
  return parts[String(part)];
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
