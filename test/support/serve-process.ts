// `holdfast serve` in a process of its own, with its log and its signals.

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { eventually } from '../../src/testing/eventually.fixture.ts';

/** One line of its log. */
export interface LogLine {
  readonly level: string;
  readonly msg?: string;
  readonly [name: string]: unknown;
}

/** A process that serves. */
export interface ServeProcess {
  readonly url: string;
  readonly port: number;
  readonly adminUrl: string;
  readonly child: ChildProcess;
  readonly exited: Promise<number | null>;
  log(): LogLine[];
  screen(): string;
  /** Waits for a log line with this message. */
  logged(message: string): Promise<LogLine>;
  admin(path: string): Promise<{ status: number; text: string }>;
  close(): Promise<void>;
}

/** What is served. */
export interface ServeOptions {
  readonly configFile?: string;
  /** Options that take the place of those in the file, as from the command line. */
  readonly overrides?: Record<string, unknown>;
  readonly reusePort?: boolean;
}

/** Process groups that live; an interrupted test must not leave a gateway behind. */
const living = new Set<number>();
process.once('exit', () => {
  for (const group of living) killGroup(group);
});
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => process.exit(1));
}

const BANNER = /listens on (http:\S+), admin (http:\S+) /;
const PATIENCE_MS = 20_000;

/** Starts it on free ports, unless told others, and waits for its banner. */
export async function startServe(options: ServeOptions = {}): Promise<ServeProcess> {
  const overrides = { listen: '127.0.0.1:0', admin: '127.0.0.1:0', ...options.overrides };
  const script = new URL('serve-child.ts', import.meta.url);
  const told = JSON.stringify({ ...options, overrides });
  const child = spawn(process.execPath, ['--max-semi-space-size=4', script.pathname, told], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own, so that its workers end with it.
    detached: true,
  });
  const { pid = 0 } = child;
  living.add(pid);
  let out = '';
  let screen = '';
  child.stdout.on('data', (bytes: Buffer) => (out += bytes.toString()));
  child.stderr.on('data', (bytes: Buffer) => (screen += bytes.toString()));
  const exited = once(child, 'close').then(([code]) => {
    living.delete(pid);
    return code as number | null;
  });
  await eventually(
    () => BANNER.test(screen) || child.exitCode !== null,
    () => `a banner; got ${screen}${out}`,
    PATIENCE_MS,
  );
  const [, url = '', adminUrl = ''] = BANNER.exec(screen) ?? [];
  if (url === '') throw new Error(`no banner: ${screen}${out}`);
  const lines = (): LogLine[] =>
    out
      .slice(0, out.lastIndexOf('\n') + 1)
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as LogLine);
  const found = (message: string): LogLine | undefined =>
    lines().find(({ msg }) => msg?.includes(message) === true);
  return {
    url,
    adminUrl,
    port: Number(new URL(url).port),
    child,
    exited,
    log: lines,
    screen: () => screen,
    async logged(message) {
      await eventually(
        () => found(message) !== undefined,
        () => `"${message}" in the log; got ${out.slice(-2_000)}${screen}`,
        PATIENCE_MS,
      );
      return found(message) as LogLine;
    },
    async admin(path) {
      const answer = await fetch(`${adminUrl}${path}`, { headers: { connection: 'close' } });
      return { status: answer.status, text: await answer.text() };
    },
    async close() {
      if (living.has(pid)) killGroup(pid);
      await exited;
    },
  };
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // All of it is gone.
  }
}
