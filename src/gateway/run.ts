// A gateway as a process: start, banner, signals, orderly end. Everything `holdfast serve` does
// beyond reading its arguments.

import type { Writable } from 'node:stream';
import { systemClock } from '../core/clock.ts';
import type { DrainReport } from '../layers/drain/drain-tally.ts';
import { bannerText } from './banner.ts';
import { findConfigFile, loadConfigFile } from './config-source.ts';
import type { Environment } from './config/interpolate.ts';
import type { Overrides } from './config/load.ts';
import type { Settings } from './config/settings.ts';
import { exitCodes } from './exit-codes.ts';
import { startGateway } from './gateway.ts';
import { StartFault } from './listen-fault.ts';
import { openLog } from './process-log.ts';
import type { LogOutput } from './process-log.ts';
import type { DrainHow } from './way-out.ts';
import { Supervisor } from './workers/supervisor.ts';
import { workerCount } from './workers/worker-count.ts';

/** How a process is run. */
export interface RunOptions {
  readonly configFile: string | undefined;
  readonly overrides: Overrides;
  readonly env: Environment;
  /** Where the banner and start errors go. */
  readonly screen: Writable;
  /** How `holdfast` is called from the user's shell. */
  readonly command: string;
  /** Shares its ports with other processes of this user: a successor, during an upgrade. */
  readonly reusePort?: boolean;
}

/** What a process runs: a gateway, or the supervisor of several. */
interface Running {
  readonly url: string;
  readonly adminUrl: string | undefined;
  readonly settings: Settings;
  drain(how: DrainHow): Promise<DrainReport>;
  cut(): void;
  destroy(): void;
  reload(): unknown;
}

/** Runs a gateway until a signal ends it. Answers the exit code. */
export async function runGateway(options: RunOptions): Promise<number> {
  const { screen } = options;
  let output: LogOutput | undefined;
  const early = keptSignals();
  try {
    const running = await start(options, (level) => (output = openLog(level)));
    surviveBugs(() => output);
    const ended = untilSignal(running, screen);
    early.pass();
    // Last: whoever has read it may send a signal at once.
    const { url, adminUrl, settings } = running;
    screen.write(bannerText({ url, adminUrl, settings, command: options.command }));
    return await ended;
  } catch (fault) {
    if (!(fault instanceof StartFault)) throw fault;
    for (const line of fault.lines) screen.write(`${line}\n`);
    return fault.usage ? exitCodes.usage : exitCodes.failure;
  } finally {
    await output?.end();
  }
}

function start(options: RunOptions, log: (level: string) => LogOutput): Promise<Running> {
  const { env, overrides, reusePort = false } = options;
  const configFile = findConfigFile(options.configFile, env);
  const { settings } = loadConfigFile(configFile, env, overrides);
  const workers = workerCount(settings?.workers ?? 1);
  const all = {
    overrides,
    env,
    openLog: log,
    reusePort: reusePort || settings?.reusePort === true,
  };
  if (workers > 1) return Supervisor.start({ ...all, configFile, workers });
  return startGateway({ ...all, ...(configFile === undefined ? {} : { configFile }) });
}

/**
 * An exception that nobody caught is a bug. The transport has ended the call it came from; leaving
 * would cut every other stream too, and the next such call would do it again after the restart.
 */
export function surviveBugs(output: () => LogOutput | undefined): void {
  process.on('uncaughtException', (bug) => {
    output()?.log.error({ err: bug }, 'a bug ended a call; please report it with this stack');
  });
}

/** What a process does something at. */
const heard = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/**
 * Keeps the signals that come while a gateway starts, because some of its workers may have calls
 * already, and because nobody else would hear them: what they do by themselves is to end the
 * process, be it SIGHUP, or nothing at all where it is the first one of a container.
 */
function keptSignals(): { pass(): void } {
  const kept: NodeJS.Signals[] = [];
  const keep = (signal: NodeJS.Signals): void => {
    // Whoever says it twice will not wait for a start.
    if (signal !== 'SIGHUP' && kept.includes(signal)) process.exit(exitCodes.failure);
    kept.push(signal);
  };
  for (const signal of heard) process.on(signal, keep);
  return {
    pass() {
      for (const signal of heard) process.off(signal, keep);
      for (const signal of kept) process.emit(signal, signal);
    },
  };
}

/** Longest time between the end of the gateway and that of the process, in ms. */
export const LEAVE_MS = 2_000;

/** Ctrl-C: a person waits, and no balancer needs to be told. */
const atTerminal: DrainHow = { lagMs: 0, rampMs: 0, lateMs: 200 };

/** A wait that a person notices and should be told the reason of, in ms. */
const NOTICED_MS = 500;

/**
 * The first signal lets running answers finish (SIGTERM in all phases of a drain, SIGINT without
 * the first two), the second cuts them, the third leaves at once.
 */
function untilSignal(running: Running, screen: Writable): Promise<number> {
  return new Promise((resolve) => {
    let signals = 0;
    let code: number = exitCodes.ok;
    const leave = (): void => {
      resolve(code);
      // Does nothing in a clean end: the process is gone before, since this does not keep it alive.
      systemClock.after(LEAVE_MS, () => process.exit(code));
    };
    const stop = (signal: NodeJS.Signals): void => {
      signals += 1;
      if (signals === 1) {
        void drainFor(signal, running, screen).then(leave);
        return;
      }
      code = exitCodes.failure;
      if (signals === 2) {
        running.cut();
        return;
      }
      running.destroy();
      leave();
    };
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);
    process.on('SIGHUP', () => running.reload());
  });
}

async function drainFor(signal: NodeJS.Signals, running: Running, screen: Writable): Promise<void> {
  if (signal !== 'SIGINT') {
    await running.drain({});
    return;
  }
  const hint = sayWhyLater(running, screen);
  await running.drain(atTerminal);
  hint.cancel();
}

function sayWhyLater({ settings }: Running, screen: Writable): { cancel(): void } {
  const seconds = Math.ceil(settings.drain.graceMs / 1_000);
  return systemClock.after(NOTICED_MS, () => {
    screen.write(`Calls are running and may finish within ${seconds} s; Ctrl-C cuts them now.\n`);
  });
}
