// The commands of `holdfast` and how their ends become exit codes: 0 = done, 1 = failed,
// 2 = used or configured wrongly. Parses and prints; everything else lives in the rooms below, and
// each command loads them only when it runs.

import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { StartFault } from '../gateway/listen-fault.ts';
import { exitCodes } from '../gateway/exit-codes.ts';
import { addConfig } from './config.ts';
import { addEnv } from './env.ts';
import { complain, print } from './print.ts';
import { addServe } from './serve.ts';
import { addSim } from './sim.ts';

const EPILOGUE = `
Exit codes: 0 done, 1 failed, 2 wrong usage or configuration.
Start with: holdfast serve`;

/** Runs the command line `argv` (as in `process.argv`). Answers the exit code. */
export async function runProgram(argv: readonly string[]): Promise<number> {
  const program = new Command('holdfast')
    .description('A gateway that keeps long-lived HTTP calls alive and tells how they ended.')
    .version(packageVersion(), '--version', 'print the version')
    .helpOption('--help', 'print this help')
    .addHelpText('after', EPILOGUE)
    .showHelpAfterError('(add --help for the options)')
    .configureOutput({ writeOut: print, writeErr: complain })
    .exitOverride();
  let code: number = exitCodes.ok;
  const end = (ended: number): void => {
    code = ended;
  };
  for (const add of [addServe, addEnv, addSim, addConfig]) add(program, end);
  try {
    await program.parseAsync(argv);
    return code;
  } catch (fault) {
    return codeOf(fault);
  }
}

function codeOf(fault: unknown): number {
  if (fault instanceof StartFault) {
    complain(`${fault.message}\n`);
    return fault.usage ? exitCodes.usage : exitCodes.failure;
  }
  if (!(fault instanceof CommanderError)) throw fault;
  // Help and version arrive here too, with code 0; everything else is wrong usage.
  return fault.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
}

function packageVersion(): string {
  const file = new URL('../../package.json', import.meta.url);
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
  return version;
}
