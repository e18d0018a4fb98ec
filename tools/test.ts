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

/** What the runner was asked for. */
export interface Choice {
  readonly files: readonly string[];
  readonly fuzz: boolean;
}

/** Which of `found` a command line chooses. Paths are files or folders, relative to the root. */
export function chooseFiles(args: readonly string[], found: readonly string[]): Choice {
  const paths = args.filter((arg) => !arg.startsWith('--')).map((path) => path.replace(/\/$/, ''));
  const under = (file: string): boolean =>
    paths.some((path) => file === path || file.startsWith(`${path}/`));
  const wanted = paths.length > 0 ? found.filter(under) : found;
  const slowToo = args.includes('--slow') || paths.some((path) => `${path}/`.startsWith(SLOW));
  return {
    files: slowToo ? wanted : wanted.filter((file) => !file.startsWith(SLOW)),
    fuzz: args.includes('--fuzz'),
  };
}

function main(args: readonly string[]): void {
  const missing = missingNeeds(systemNeeds, process.env['PATH'] ?? '');
  if (missing.length > 0) {
    console.error(needsMessage(missing));
    process.exitCode = 1;
    return;
  }
  const chosen = chooseFiles(args, globSync(globs, { cwd: root }).toSorted());
  const files = chosen.fuzz ? chosen.files.filter(usesFuzzRuns) : chosen.files;
  if (files.length === 0) {
    console.error(`no test file matches: ${args.join(' ')}`);
    process.exitCode = 1;
    return;
  }
  const env = { ...process.env };
  if (chosen.fuzz) env[FUZZ_RUNS] ??= FUZZ_RUNS_LONG;
  const limitMs = chosen.fuzz || args.includes('--slow') ? 3_600_000 : 180_000;
  const flags = ['--test', '--test-concurrency=2', `--test-timeout=${limitMs}`];
  const child = spawn(process.execPath, [...flags, ...files], { cwd: root, env, stdio: 'inherit' });
  child.on('exit', (code, signal) => {
    if (signal !== null) console.error(`the test runner ended by ${signal}`);
    process.exitCode = code ?? 1;
  });
}

function usesFuzzRuns(file: string): boolean {
  return file.includes('fuzz') || readFileSync(resolve(root, file), 'utf8').includes(FUZZ_RUNS);
}

if (import.meta.main) main(process.argv.slice(2));
