// `npm run check`: every check that does not run the product, side by side. One line per step with
// its time; what a step printed is shown only when it failed. Ends with 1 when any step failed.

import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { delimiter, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const binaries = resolve(root, 'node_modules', '.bin');

/** One check: a name for the reader and a command with its arguments. */
interface Step {
  readonly name: string;
  readonly command: readonly string[];
}

/** Longest first, so that the short ones fill the gaps. */
const steps: readonly Step[] = [
  { name: 'package', command: ['node', 'tools/build.ts', '--check'] },
  { name: 'types', command: ['tsc', '-p', '.'] },
  { name: 'dead code', command: ['knip', '--no-progress', '--no-config-hints'] },
  { name: 'docs', command: ['node', 'tools/docs.ts', '--check'] },
  { name: 'lint', command: ['oxlint', '--type-aware', '--deny-warnings'] },
  { name: 'lockfile', command: ['node', 'tools/lockfile.ts', '--check'] },
  { name: 'tidy', command: ['node', 'tools/tidy.ts'] },
  { name: 'format', command: ['oxfmt', '--check', '.'] },
];

interface Outcome {
  readonly ok: boolean;
  readonly output: string;
  readonly seconds: string;
}

function run({ command }: Step): Promise<Outcome> {
  const startedAt = performance.now();
  const [file = '', ...rest] = command;
  const path = `${binaries}${delimiter}${process.env['PATH'] ?? ''}`;
  const child = spawn(file, rest, {
    cwd: root,
    env: { ...process.env, PATH: path, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (bytes: Buffer) => (output += bytes.toString()));
  child.stderr.on('data', (bytes: Buffer) => (output += bytes.toString()));
  return new Promise((done) => {
    const finish = (ok: boolean): void => {
      done({ ok, output, seconds: ((performance.now() - startedAt) / 1000).toFixed(1) });
    };
    child.on('error', (error) => {
      output += error.message;
      finish(false);
    });
    child.on('close', (code) => finish(code === 0));
  });
}

const waiting = [...steps];
let failures = 0;

async function work(): Promise<void> {
  for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) {
    const { ok, output, seconds } = await run(step);
    console.log(`${ok ? 'ok    ' : 'FAILED'} ${step.name.padEnd(10)} ${seconds.padStart(5)} s`);
    if (ok) continue;
    failures += 1;
    console.log(
      `       ${step.command.join(' ')}\n${output.trimEnd().replaceAll(/^/gm, '       ')}`,
    );
  }
}

await Promise.all(Array.from({ length: Math.min(4, availableParallelism()) }, work));
console.log(failures === 0 ? 'check: all well' : `check: ${failures} of ${steps.length} failed`);
process.exitCode = failures === 0 ? 0 : 1;
