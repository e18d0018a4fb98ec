// Every process of a run: started on its own CPU, in its own group, with many open files, and ended
// on every way out. The kernel ends them too when the bench itself is killed (setpriv).

import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { closeSync, existsSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, join } from 'node:path';

/** A program with its words and what it needs to run. */
export interface Command {
  readonly file: string;
  readonly words: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

const running = new Set<ChildProcess>();

/** The path of a program, or `undefined`; servers live in sbin, which is not always on PATH. */
export function findProgram(name: string): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  for (const folder of [...folders, '/usr/sbin', '/usr/local/sbin']) {
    if (folder !== '' && existsSync(join(folder, name))) return join(folder, name);
  }
  return undefined;
}

function wrapped(command: Command, core: number): readonly string[] {
  const raise = 'ulimit -n "$(ulimit -H -n)" 2>/dev/null; exec "$@"';
  const words = ['-c', raise, 'sh'];
  if (findProgram('setpriv') !== undefined) words.push('setpriv', '--pdeathsig', 'TERM');
  if (findProgram('taskset') !== undefined) words.push('taskset', '-c', String(core));
  return [...words, command.file, ...command.words];
}

/** Starts a command pinned to `core`; its pid is that of the program itself. */
export function start(command: Command, core: number, stdio: StdioOptions): ChildProcess {
  const child = spawn('sh', wrapped(command, core), {
    stdio,
    detached: true,
    env: { ...process.env, ...command.env },
    ...(command.cwd === undefined ? {} : { cwd: command.cwd }),
  });
  running.add(child);
  child.on('exit', () => running.delete(child));
  child.on('error', () => running.delete(child));
  return child;
}

/** As `start`, with both outputs appended to a file. */
export function startLogged(command: Command, core: number, log: string): ChildProcess {
  const fd = openSync(log, 'a');
  const child = start(command, core, ['ignore', fd, fd]);
  closeSync(fd);
  return child;
}

function signal(child: ChildProcess, name: NodeJS.Signals): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, name);
  } catch {
    // It has just ended by itself.
  }
}

/** Ends a process and its group: politely, and by force after `graceMs`. */
export async function stop(child: ChildProcess, graceMs = 3000): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const over = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  signal(child, 'SIGTERM');
  const timer = setTimeout(() => signal(child, 'SIGKILL'), graceMs);
  await over;
  clearTimeout(timer);
}

/** Ends everything that still runs at the end of the bench, however that comes. */
export function endAllOnExit(): void {
  const endAll = (name: NodeJS.Signals): void => {
    for (const child of running) signal(child, name);
  };
  process.on('exit', () => endAll('SIGKILL'));
  for (const [name, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    process.on(name, () => {
      // nginx and haproxy end their workers on TERM only, so a moment for that comes first.
      endAll('SIGTERM');
      setTimeout(() => process.exit(code), 300);
    });
  }
}

/** A process and all that descend from it, oldest first. */
export function processTree(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    if (!Number.isInteger(pid)) continue;
    const parent = parentOf(pid);
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const tree = [root];
  for (let at = 0; at < tree.length; at += 1) tree.push(...(children.get(tree[at] ?? 0) ?? []));
  return tree;
}

function parentOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return undefined;
  }
}

/** Resident and proportional memory of a process tree, in KiB. */
export function memoryOf(root: number): { rss: number; pss: number } {
  const sum = { rss: 0, pss: 0 };
  for (const pid of processTree(root)) {
    try {
      const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
      sum.rss += Number(/^Rss:\s+(\d+)/m.exec(text)?.[1] ?? 0);
      sum.pss += Number(/^Pss:\s+(\d+)/m.exec(text)?.[1] ?? 0);
    } catch {
      // Gone between the listing and the reading.
    }
  }
  return sum;
}

let nextPort = 21_000 + (process.pid % 500) * 16;

/** A port of 127.0.0.1 that nobody uses, below the range that outgoing connections take. */
export async function freePort(): Promise<number> {
  for (;;) {
    nextPort = nextPort >= 32_000 ? 21_000 : nextPort + 1;
    const port = nextPort;
    const free = await new Promise<boolean>((resolve) => {
      const probe = createServer();
      probe.once('error', () => resolve(false));
      probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
    });
    if (free) return port;
  }
}
