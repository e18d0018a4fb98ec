// Runs credential helpers: without a shell, for a bounded time, with bounded output. What they say
// on standard error is counted and let go, because it may hold what must not be logged.

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import type { Clock } from '../core/clock.ts';
import type { CommandOutcome, CommandRunner } from '../layers/credentials/command-source.ts';

/** A token with all around it is a few KiB; what prints more is no helper. */
const STDOUT_BYTES_MAX = 64 * 1024;

/** What was printed is in the pipe when the program ends; `close` comes late if it comes at all. */
const LAST_WORDS_MS = 250;

/** Runs the programs of this machine; those that still run end with `signal`. */
export function commandRunner(clock: Clock, signal: AbortSignal): CommandRunner {
  return (argv, timeoutMs) => run(clock, signal, argv, timeoutMs);
}

function run(
  clock: Clock,
  signal: AbortSignal,
  argv: readonly string[],
  timeoutMs: number,
): Promise<CommandOutcome> {
  const { promise, resolve } = Promise.withResolvers<CommandOutcome>();
  const [program = '', ...args] = argv;
  // A helper that ignores a polite signal would hang its renewal. The type is the wide one, because
  // there are no pipes where this process has no file descriptors left.
  const child: ChildProcess = spawn(program, args, {
    shell: false,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
    signal,
  });
  const chunks: Buffer[] = [];
  let stdoutBytes = 0;
  let stderrBytes = 0;
  let tooMuch = false;
  child.stdout?.on('data', (chunk: Buffer) => {
    stdoutBytes += chunk.length;
    if (stdoutBytes <= STDOUT_BYTES_MAX) chunks.push(chunk);
    else if (!tooMuch) {
      tooMuch = true;
      child.kill('SIGKILL');
    }
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    stderrBytes += chunk.length;
  });
  const finish = (code: number | null): void => {
    // A helper may leave children behind that hold its pipes open.
    child.stdout?.destroy();
    child.stderr?.destroy();
    const stdout = Buffer.concat(chunks).toString('utf8');
    resolve({ code: code ?? undefined, timedOut: child.killed && !tooMuch, stdout, stderrBytes });
  };
  child.on('error', () => finish(null));
  child.on('close', finish);
  child.on('exit', (code) => {
    clock.after(LAST_WORDS_MS, () => finish(code));
  });
  return promise;
}
