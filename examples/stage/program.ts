// A program of an example in a process of its own: started, listened to until it is ready, and
// ended. Invariant: none of them outlives the example, however that ends.

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** How long a program may take to get ready, and to end, in ms. */
const READY_MS = 20_000;
const END_MS = 5_000;

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

/** What a program needs beside its arguments. */
export interface ProgramOptions {
  /** Added to the environment of the example. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A running program. Ends by `end`. */
export class Program {
  readonly #name: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  #output: string = '';
  #complaints: string = '';

  /** Runs a file of this project with Node. */
  constructor(name: string, args: readonly string[], { env = {} }: ProgramOptions = {}) {
    this.#name = name;
    this.#child = spawn(process.execPath, args, {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.add(this.#child);
    this.#ended = once(this.#child, 'close').finally(() => running.delete(this.#child));
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.#output += text));
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#complaints += text;
    });
  }

  /** What it has written to its standard output. */
  get output(): string {
    return this.#output;
  }

  /** Waits until it has written this, to either output. */
  async until(pattern: RegExp): Promise<RegExpExecArray> {
    const giveUpAt = performance.now() + READY_MS;
    for (;;) {
      const found = pattern.exec(this.#output) ?? pattern.exec(this.#complaints);
      if (found !== null) return found;
      const { exitCode } = this.#child;
      if (exitCode !== null || performance.now() > giveUpAt) {
        const state = exitCode === null ? 'is not ready' : `ended with ${exitCode}`;
        throw new Error(`${this.#name} ${state}:\n${this.#complaints}${this.#output}`);
      }
      await pause(20);
    }
  }

  /** Ends it as Ctrl-C does and waits for its last words. */
  async end(): Promise<void> {
    this.#child.kill('SIGINT');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), END_MS);
    await this.#ended;
    clearTimeout(timer);
  }
}

/** Waits, in ms. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
