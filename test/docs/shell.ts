// Runs documented commands the way a reader does: by a shell, from the root of the checkout.

import { spawn } from 'node:child_process';
import { resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..', '..');
const PATIENCE_MS = 30_000;

/** Groups that run; an interrupted test must not leave a gateway behind. */
const living = new Set<number>();

function destroyAll(): void {
  for (const group of living) process.kill(-group, 'SIGKILL');
}

process.once('exit', destroyAll);
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => process.exit(1));
}

/** A command that goes on until it is stopped. */
export interface Running {
  /** What the ready pattern matched. */
  readonly ready: RegExpExecArray;
  /** Ends it as Ctrl-C does; answers the exit code. */
  stop(): Promise<number | null>;
}

/** Runs a command to its end; answers what it printed. Throws when it fails. */
export function run(command: string, env: Readonly<Record<string, string>> = {}): Promise<string> {
  const shell = openShell(command, env);
  return new Promise((done, reject) => {
    const timer = setTimeout(() => shell.signal('SIGKILL'), PATIENCE_MS);
    shell.child.on('close', (code) => {
      clearTimeout(timer);
      if (code === 0) done(shell.output());
      else reject(new Error(`${command}\nended with ${code}: ${shell.output()}`));
    });
  });
}

/** Starts a command and waits until it has printed `ready`. */
export function start(command: string, ready: RegExp): Promise<Running> {
  const shell = openShell(command, {});
  const { child } = shell;
  return new Promise((done, reject) => {
    const timer = setTimeout(() => shell.signal('SIGKILL'), PATIENCE_MS);
    const closed = new Promise<number | null>((ended) => {
      child.on('close', (code) => {
        clearTimeout(timer);
        ended(code);
        // Too late to matter when it was ready before.
        reject(new Error(`${command}\nnever said ${ready}: ${shell.output()}`));
      });
    });
    const stop = (): Promise<number | null> => {
      shell.signal('SIGINT');
      return closed;
    };
    const look = (): void => {
      const match = ready.exec(shell.output());
      if (match === null) return;
      clearTimeout(timer);
      done({ ready: match, stop });
    };
    child.stdout.on('data', look);
    child.stderr.on('data', look);
  });
}

function openShell(command: string, env: Readonly<Record<string, string>>) {
  // A group of its own, so that a signal reaches what the shell has started, as from a terminal.
  const child = spawn('bash', ['-c', command], {
    cwd: root,
    detached: true,
    env: { ...process.env, ...env, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const { pid } = child;
  if (pid !== undefined) {
    living.add(pid);
    child.on('exit', () => living.delete(pid));
  }
  let output = '';
  const keep = (bytes: Buffer): void => {
    output += bytes.toString();
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const signal = (name: NodeJS.Signals): void => {
    const ended = child.exitCode !== null || child.signalCode !== null;
    if (child.pid !== undefined && !ended) process.kill(-child.pid, name);
  };
  return { child, output: () => output, signal };
}
