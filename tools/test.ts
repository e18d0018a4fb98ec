// `npm test`: node's own runner over explicit globs, after a look at what the machine must have.
//   npm test                       everything, each in a form of seconds
//   npm test -- src/http1          files or folders of your choice
//   npm run acceptance             what has a form of real size and real time, in that one
//   npm run fuzz                   the fuzz tests alone, for long

import { spawn } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { missingNeeds, needsMessage, systemNeeds } from './system-needs.ts';

const root = resolve(import.meta.dirname, '..');
const globs = ['src/**/*.test.ts', 'tools/**/*.test.ts', 'test/**/*.test.ts'];
/** What sets the long forms of tests; a test has one if it reads one of these variables. */
export const longForms: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  '--full': {
    HOLDFAST_CALLS: '10000',
    HOLDFAST_IDLE_STREAMS: '5000',
    HOLDFAST_POSTS: '10000',
    HOLDFAST_REAL_SILENCE: '1',
    HOLDFAST_STREAM_SECONDS: '600',
  },
  '--fuzz': { HOLDFAST_FUZZ_RUNS: '1000000' },
};

/** One test, and the whole run. node's own limit does not end a file that is busy without pause. */
const limits = { testMs: 180_000, runMs: 600_000 };
const longLimits = { testMs: 3_600_000, runMs: 7_200_000 };

/** What a command line chooses. */
export interface Choice {
  readonly files: readonly string[];
  /** Asked for by name, and not there. */
  readonly missing: readonly string[];
}

/** Which of `found` a command line chooses. Paths are files or folders, relative to the root. */
export function chooseFiles(args: readonly string[], found: readonly string[]): Choice {
  const paths = args.filter((arg) => !arg.startsWith('--')).map((path) => path.replace(/\/$/, ''));
  const below = (path: string, file: string): boolean =>
    file === path || file.startsWith(`${path}/`);
  const missing = paths.filter((path) => !found.some((file) => below(path, file)));
  const wanted = found.filter(
    (file) => paths.length === 0 || paths.some((path) => below(path, file)),
  );
  return { files: wanted, missing };
}

function main(args: readonly string[]): void {
  process.exitCode = 1;
  const needs = missingNeeds(systemNeeds, process.env['PATH'] ?? '');
  if (needs.length > 0) {
    console.error(needsMessage(needs));
    return;
  }
  const { files, missing } = chooseFiles(args, globSync(globs, { cwd: root }).toSorted());
  if (missing.length > 0) {
    console.error(`no test file at: ${missing.join(' ')}`);
    return;
  }
  const form = Object.entries(longForms).find(([flag]) => args.includes(flag))?.[1];
  const chosen = form === undefined ? files : files.filter((file) => hasForm(file, form));
  runFiles(chosen, form ?? {});
}

function runFiles(files: readonly string[], form: Readonly<Record<string, string>>): void {
  const { testMs, runMs } = Object.keys(form).length > 0 ? longLimits : limits;
  const flags = ['--test', '--test-concurrency=2', `--test-timeout=${testMs}`];
  const env = { ...form, ...process.env };
  const child = spawn(process.execPath, [...flags, ...files], { cwd: root, env, stdio: 'inherit' });
  const watchdog = setTimeout(() => {
    console.error(`the run took more than ${runMs / 60_000} minutes; what hung is named below`);
    child.kill('SIGTERM');
  }, runMs);
  child.on('exit', (code, signal) => {
    clearTimeout(watchdog);
    if (signal !== null) console.error(`the test runner ended by ${signal}`);
    process.exitCode = code ?? 1;
  });
}

function hasForm(file: string, form: Readonly<Record<string, string>>): boolean {
  const text = readFileSync(resolve(root, file), 'utf8');
  return Object.keys(form).some((name) => text.includes(`'${name}'`));
}

if (import.meta.main) main(process.argv.slice(2));
