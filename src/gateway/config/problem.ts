// A fault in a configuration, as one sentence that says where, what and what to do.
// Invariant: a problem never holds a secret or the value of an environment variable.

/** Keys and indexes from the top of the file. */
export type Path = readonly (string | number)[];

/** One fault. An error keeps the configuration from being used, a warning does not. */
export interface Problem {
  readonly severity: 'error' | 'warning';
  readonly path: Path;
  /** What is wrong and what to do; starts where the path ends. */
  readonly message: string;
}

/** A fault that keeps the configuration from being used. */
export function error(path: Path, message: string): Problem {
  return { severity: 'error', path, message };
}

/** A fault that does not. */
export function warning(path: Path, message: string): Problem {
  return { severity: 'warning', path, message };
}

/** What stands at a path of an input, `undefined` where nothing does. */
export function valueAt(input: unknown, path: Path): unknown {
  let value = input;
  for (const step of path) {
    if (value === null || typeof value !== 'object') return undefined;
    if (!Object.hasOwn(value, step)) return undefined;
    value = (value as Record<string | number, unknown>)[step];
  }
  return value;
}

/** `routes[0].match.path` */
export function pathText(path: Path): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else text += text === '' ? step : `.${step}`;
  }
  return text;
}

/** The line a person reads: `file:12: warning: listen: ...`. */
export function problemLine(problem: Problem, file: string | undefined, line?: number): string {
  const where = pathText(problem.path);
  const place = file === undefined ? '' : `${file}:${line === undefined ? '' : `${line}:`} `;
  const mark = problem.severity === 'warning' ? 'warning: ' : '';
  return `${place}${mark}${where === '' ? '' : `${where}: `}${problem.message}`;
}
