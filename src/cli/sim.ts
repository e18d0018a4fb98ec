// `holdfast sim`: the simulated providers on a port of their own, behaving as badly as told.

import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { print } from './print.ts';

interface SimFlags {
  readonly port: number;
  readonly servicenowPort?: number | 'off';
  readonly fault: readonly string[];
  readonly seed?: number;
  readonly speed: number;
  readonly listFaults?: boolean;
  readonly json?: boolean;
}

/** Adds the command. */
export function addSim(program: Command, end: (code: number) => void): void {
  program
    .command('sim')
    .description('run simulated providers that misbehave on demand')
    .option('--port <number>', 'where it listens; 0 = any free port', numberFrom(0, 65_535), 8789)
    .option(
      '--servicenow-port <number>',
      'where the ServiceNow instance listens, or off; by default one above the port',
      portOrOff,
    )
    .option(
      '--fault <spec>',
      'a fault, for example rst@event:3,p=0.1; may be repeated',
      collect,
      [],
    )
    .option('--seed <number>', 'repeat the same answers and faults', numberFrom(0, 2 ** 32 - 1))
    .option('--speed <factor>', 'play all pauses faster', numberFrom(0.01, 10_000), 1)
    .option('--list-faults', 'print the faults and exit')
    .option('--json', 'print JSON')
    .helpOption('--help', 'print this help')
    .action(async ({ listFaults, json, fault: faults, ...flags }: SimFlags) => {
      const { faultList, runSim } = await import('./sim-run.ts');
      if (listFaults === true) print(faultList(json === true));
      else end(await runSim({ ...flags, faults, json: json === true }));
    });
}

function portOrOff(text: string): number | 'off' {
  return text === 'off' ? text : numberFrom(0, 65_535)(text);
}

function collect(spec: string, before: readonly string[]): readonly string[] {
  return [...before, spec];
}

function numberFrom(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It is not a number from ${min} to ${max}.`);
  };
}
