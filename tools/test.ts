// `npm test`: node's own runner over explicit globs, after a look at what the machine must have.
//   npm test                       everything but the slow suites
//   npm test -- --slow             the slow suites too
//   npm test -- src/http1          files or folders of your choice
//   npm run fuzz                   the fuzz tests alone, for long (HOLDFAST_FUZZ_RUNS)

import { spawn } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { missingNeeds, needsMessage, systemNeeds } from './system-needs.ts';

const root = resolve(import.meta.dirname, '..');
const globs = ['src/**/*.test.ts', 'tools/**/*.test.ts', 'test/**/*.test.ts'];
/** Real time and real size: minutes each. */
const SLOW = 'test/slow/';
const FUZZ_RUNS = 'HOLDFAST_FUZZ_RUNS';
const FUZZ_RUNS_LONG = '1000000';

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
  const slowToo = args.includes('--slow') || paths.some((path) => `${path}/`.startsWith(SLOW));
  return { files: slowToo ? wanted : wanted.filter((file) => !file.startsWith(SLOW)), missing };
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
  const fuzz = args.includes('--fuzz');
  runFiles(fuzz ? files.filter(usesFuzzRuns) : files, fuzz, fuzz || args.includes('--slow'));
}

function runFiles(files: readonly string[], fuzz: boolean, long: boolean): void {
  const { testMs, runMs } = long ? longLimits : limits;
  const flags = ['--test', '--test-concurrency=2', `--test-timeout=${testMs}`];
  const env = { ...process.env };
  if (fuzz) env[FUZZ_RUNS] ??= FUZZ_RUNS_LONG;
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

function usesFuzzRuns(file: string): boolean {
  return readFileSync(resolve(root, file), 'utf8').includes(FUZZ_RUNS);
}

if (import.meta.main) main(process.argv.slice(2));
