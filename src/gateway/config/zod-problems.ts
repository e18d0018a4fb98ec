// Turns what zod says into sentences of ours: the path, the value as it was written, what is wrong,
// and the nearest name where a name was meant. Values of secrets and of the environment stay out.

import type { z } from 'zod';
import { nameHint } from '../../core/nearest-name.ts';
import { pathText, valueAt } from './problem.ts';
import type { Path, Problem } from './problem.ts';
import { withoutUserinfo } from './values.ts';
import { isSecret, knownKeys, schemaAt } from './schema-walk.ts';

/** What is needed to word an issue. */
export interface Wording {
  readonly schema: z.core.$ZodType;
  readonly input: unknown;
  /** What was written where an environment variable was used, by path text. */
  readonly written: ReadonlyMap<string, string>;
}

type Issue = z.core.$ZodIssue;

/** Options of the design that nothing reads: no other name was meant by them. */
const planned: readonly string[] = ['state', 'routes[].cache'];

/** The problems behind a list of issues. */
export function problemsOf(issues: readonly Issue[], wording: Wording, base: Path = []): Problem[] {
  return issues.flatMap((issue) => {
    const path = [...base, ...issue.path.map((step) => (typeof step === 'symbol' ? '' : step))];
    return ofIssue(issue, path, wording);
  });
}

function ofIssue(issue: Issue, path: Path, wording: Wording): Problem[] {
  switch (issue.code) {
    case 'unrecognized_keys':
      return unknownKeys(issue.keys, path, wording);
    case 'invalid_key':
      return [problem(path, `the name ${issue.issues[0]?.message ?? 'is not valid'}`)];
    case 'invalid_union':
      return ofUnion(issue, path, wording);
    case 'invalid_value':
      return [problem(path, badWord(issue.values.map(String), path, wording))];
    case 'invalid_type':
      return [problem(path, badType(issue, path, wording))];
    default:
      return [problem(path, withValue(issue.message, path, wording))];
  }
}

function problem(path: Path, message: string): Problem {
  return { severity: 'error', path, message };
}

function unknownKeys(keys: readonly string[], path: Path, wording: Wording): Problem[] {
  const known = knownKeys(schemaAt(wording.schema, path));
  return keys.map((key) => {
    const place = [...path, key];
    const isPlanned = planned.includes(pathText(place).replaceAll(/\[\d+\]/g, '[]'));
    const hint = isPlanned ? 'it is planned and not made yet; remove it' : nameHint(key, known);
    return problem(place, `unknown option; ${hint}`);
  });
}

/** Of the branches of a union, the one whose fault lies deepest is the one that was meant. */
function ofUnion(
  issue: Extract<Issue, { code: 'invalid_union' }>,
  path: Path,
  wording: Wording,
): Problem[] {
  const meant = issue.errors.find((branch) =>
    branch.some((each) => each.path.length > 0 || each.code === 'unrecognized_keys'),
  );
  if (meant !== undefined) return problemsOf(meant, wording, path);
  const own = issue.message === 'Invalid input' ? 'is not valid' : issue.message;
  const words = issue.errors
    .flat()
    .flatMap((each) => (each.code === 'invalid_value' ? each.values : []));
  const message = own === 'is not valid' && words.length > 0 ? undefined : own;
  if (message !== undefined) return [problem(path, withValue(message, path, wording))];
  return [problem(path, badWord(words.map(String), path, wording))];
}

function badWord(words: readonly string[], path: Path, wording: Wording): string {
  const value = valueAt(wording.input, path);
  const list = words.map((word) => `"${word}"`).join(', ');
  const fault = words.length === 1 ? `is not ${list}` : `is not one of ${list}`;
  if (value === undefined) return `is missing; write one of ${list}`;
  const known = typeof value === 'string' && !isHidden(path, wording) ? nameHint(value, words) : '';
  const hint = known.startsWith('did') ? `; ${known}` : '';
  return withValue(`${fault}${hint}`, path, wording);
}

function badType(
  issue: Extract<Issue, { code: 'invalid_type' }>,
  path: Path,
  wording: Wording,
): string {
  if (valueAt(wording.input, path) === undefined) return 'is missing';
  // A sentence of ours starts in lower case, zod's own in upper case.
  if (!issue.message.startsWith('Invalid')) return withValue(issue.message, path, wording);
  const wanted = issue.expected === 'object' || issue.expected === 'record' ? 'group' : 'text';
  const keys = knownKeys(schemaAt(wording.schema, path));
  const hint = keys.length === 0 ? '' : ` of ${keys.join(', ')}`;
  return withValue(`is not a ${wanted}${wanted === 'group' ? hint : ''}`, path, wording);
}

function isHidden(path: Path, wording: Wording): boolean {
  return isSecret(wording.schema, path) || wording.written.has(pathText(path));
}

/** Puts the value in front of the sentence, as it was written in the file. */
function withValue(message: string, path: Path, wording: Wording): string {
  const written = wording.written.get(pathText(path));
  if (written !== undefined) return `the value of ${written} ${message}`;
  const value = valueAt(wording.input, path);
  if (value === undefined || isSecret(wording.schema, path)) return message;
  if (value !== null && typeof value === 'object') return message;
  const shown = typeof value === 'string' ? withoutUserinfo(value) : value;
  return `${JSON.stringify(shown)} ${message}`;
}
