// A gateway as a process: start, banner, signals, orderly end. Everything `holdfast serve` does
// beyond reading its arguments.

import type { Writable } from 'node:stream';
import { systemClock } from '../core/clock.ts';
import { bannerText } from './banner.ts';
import { findConfigFile } from './config-source.ts';
import type { Environment } from './config/interpolate.ts';
import type { Overrides } from './config/load.ts';
import { exitCodes } from './exit-codes.ts';
import { startGateway } from './gateway.ts';
import type { Gateway } from './gateway.ts';
import { StartFault } from './listen-fault.ts';
import { openLog } from './process-log.ts';
import type { LogOutput } from './process-log.ts';

/** How a process is run. */
export interface RunOptions {
  readonly configFile: string | undefined;
  readonly overrides: Overrides;
  readonly env: Environment;
  /** Where the banner and start errors go. */
  readonly screen: Writable;
  /** How `holdfast` is called from the user's shell. */
  readonly command: string;
}

/** Runs a gateway until a signal ends it. Answers the exit code. */
export async function runGateway(options: RunOptions): Promise<number> {
  const { env, overrides, screen } = options;
  const configFile = findConfigFile(options.configFile, env);
  let output: LogOutput | undefined;
  try {
    const gateway = await startGateway({
      ...(configFile === undefined ? {} : { configFile }),
      overrides,
      env,
      openLog: (level) => (output = openLog(level)),
    });
    const { url, adminUrl, settings } = gateway;
    screen.write(bannerText({ url, adminUrl, settings, command: options.command }));
    surviveBugs(() => output);
    return await untilSignal(gateway);
  } catch (fault) {
    if (!(fault instanceof StartFault)) throw fault;
    for (const line of fault.lines) screen.write(`${line}\n`);
    return fault.usage ? exitCodes.usage : exitCodes.failure;
  } finally {
    await output?.end();
  }
}

/**
 * An exception that nobody caught is a bug. The transport has ended the call it came from; leaving
 * would cut every other stream too, and the next such call would do it again after the restart.
 */
function surviveBugs(output: () => LogOutput | undefined): void {
  process.on('uncaughtException', (bug) => {
    output()?.log.error({ err: bug }, 'a bug ended a call; please report it with this stack');
  });
}

/** Longest time between the end of the gateway and that of the process, in ms. */
const LEAVE_MS = 2_000;

/** The first signal lets running answers finish, the second cuts them, the third leaves at once. */
function untilSignal(gateway: Gateway): Promise<number> {
  return new Promise((resolve) => {
    let signals = 0;
    let code: number = exitCodes.ok;
    const leave = (): void => {
      resolve(code);
      // Does nothing in a clean end: the process is gone before, since this does not keep it alive.
      systemClock.after(LEAVE_MS, () => process.exit(code));
    };
    const stop = (): void => {
      signals += 1;
      if (signals === 1) {
        void gateway.close().then(leave);
        return;
      }
      code = exitCodes.failure;
      gateway.destroy();
      if (signals > 2) leave();
    };
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);
    process.on('SIGHUP', () => gateway.reload());
  });
}
