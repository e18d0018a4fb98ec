// Runs the one command of an example as a reader would: in a process of its own, from the outside.

import { spawn } from 'node:child_process';
import { resolve } from 'node:path';

const examples = resolve(import.meta.dirname, '../../examples');
/** Far above what any of them takes, so that only one that hangs is ended. */
const LIMIT_MS = 60_000;

/** How it ended. */
export interface ExampleRun {
  /** `null` = it was ended for taking too long. */
  readonly code: number | null;
  /** Both outputs. */
  readonly output: string;
}

/** Runs an example to its end. `env` is added to the environment. */
export function runExample(
  name: string,
  env: Readonly<Record<string, string>> = {},
): Promise<ExampleRun> {
  const child = spawn(process.execPath, [resolve(examples, name, 'run.ts')], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text));
  // The example ends what it has started when it is ended like this.
  const limit = setTimeout(() => child.kill('SIGTERM'), LIMIT_MS);
  return new Promise((done) => {
    child.on('close', (code) => {
      clearTimeout(limit);
      done({ code, output });
    });
  });
}
