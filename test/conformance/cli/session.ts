// One headless run of a real client in a home and a folder of its own, with nothing of this
// process's environment but the path to programs: no key of a person can reach a test.

import { spawn } from 'node:child_process';

/** What a client is asked to do. */
export interface SessionOptions {
  readonly binary: string;
  /** Without `/v1`. */
  readonly baseUrl: string;
  readonly model: string;
  readonly prompt: string;
  /** Empty folder for the client's settings and files. */
  readonly home: string;
  /** The client is killed after this time. */
  readonly limitMs: number;
}

/** How a run went. */
export interface SessionReport {
  /** The client itself says that it finished. */
  readonly finished: boolean;
  /** Its last words. */
  readonly text: string;
  /** What went wrong in its own words, or the end of its output. */
  readonly complaint: string;
  readonly tookMs: number;
}

/** What a process left behind. */
export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly tookMs: number;
}

/** Most output that is kept; more than a session writes. */
const OUTPUT_CHARS_MAX = 4_000_000;

/** Runs a program to its end. */
export function runToEnd(
  binary: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  options: SessionOptions,
): Promise<Finished> {
  const startedAt = performance.now();
  const env = { PATH: '/usr/local/bin:/usr/bin:/bin', LANG: 'C.UTF-8', HOME: options.home };
  const child = spawn(binary, args, {
    cwd: options.home,
    env: { ...env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (stdout.length < OUTPUT_CHARS_MAX) stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    if (stderr.length < OUTPUT_CHARS_MAX) stderr += text;
  });
  const limit = setTimeout(() => child.kill('SIGKILL'), options.limitMs);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(limit);
      resolve({ code, stdout, stderr, tookMs: performance.now() - startedAt });
    });
  });
}

/** The JSON objects in an output, one a line; other lines are passed over. */
export function jsonLines(output: string): Record<string, unknown>[] {
  const values: Record<string, unknown>[] = [];
  for (const line of output.split('\n')) {
    if (!line.startsWith('{')) continue;
    try {
      values.push(JSON.parse(line) as Record<string, unknown>);
    } catch {
      // Cut off by a kill: what came before still counts.
    }
  }
  return values;
}
