// What a tidy rule is given and what it gives back.

import { lineAt, type SourceText } from './source-text.ts';

/** One tracked file. */
export interface TidyFile {
  /** Relative to the repository, with forward slashes. */
  readonly path: string;
  readonly text: string;
  /** The views of a TypeScript file, `undefined` for all others. */
  readonly source: SourceText | undefined;
}

/** What a rule has against a file: the line, counted from one, and what to do. */
export interface Fault {
  readonly line: number;
  readonly message: string;
}

/** Looks at one file. */
export type Rule = (file: TidyFile) => readonly Fault[];

/** Rules by name. */
export type Rules = Readonly<Record<string, Rule>>;

/** A fault with its place and the name of the rule. */
export interface Finding extends Fault {
  readonly file: string;
  readonly rule: string;
}

/** Runs every rule over one file. */
export function applyRules(rules: Rules, file: TidyFile): Finding[] {
  return Object.entries(rules).flatMap(([rule, check]) =>
    check(file).map(({ line, message }) => ({ file: file.path, line, rule, message })),
  );
}

/** A fault for each match of a pattern; `say` answers `undefined` to let one pass. */
export function faultsAt(
  text: string,
  pattern: RegExp,
  say: (match: RegExpMatchArray) => string | undefined,
): Fault[] {
  return [...text.matchAll(pattern)].flatMap((match) => {
    const message = say(match);
    return message === undefined ? [] : [{ line: lineAt(text, match.index), message }];
  });
}

/** A fault for each line that `judge` has something against. */
export function faultsByLine(text: string, judge: (line: string) => string | undefined): Fault[] {
  return text.split('\n').flatMap((line, index) => {
    const message = judge(line);
    return message === undefined ? [] : [{ line: index + 1, message }];
  });
}

/** A test, or what stands beside the source for tests and benchmarks only, by its name. */
export function isTest(path: string): boolean {
  return /\.(?:test|fixture|bench)\.ts$/.test(path);
}
