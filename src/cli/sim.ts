// `holdfast sim`: the simulated providers on a port of their own, behaving as badly as told.

import { CommanderError } from 'commander';
import type { Command } from 'commander';
import { listenFault } from '../gateway/listen-fault.ts';
import { pointTable } from '../testing/fault-draft.ts';
import { FaultSpecDefect, parseFaultSpec } from '../testing/fault-spec.ts';
import type { FaultRule } from '../testing/fault-spec.ts';
import { faultTable } from '../testing/fault-table.ts';
import { SimServer } from '../testing/sim-server.ts';
import type { SimReport } from '../testing/sim-server.ts';

interface SimFlags {
  readonly port: number;
  readonly fault: readonly FaultRule[];
  readonly seed?: number;
  readonly speed: number;
  readonly listFaults?: boolean;
  readonly json?: boolean;
}

const HOST = '127.0.0.1';

/** Adds the command. */
export function addSim(program: Command, _end: (code: number) => void): void {
  program
    .command('sim')
    .description('run a simulated provider that misbehaves on demand')
    .option('--port <number>', 'where it listens; 0 = any free port', numberFrom(0, 65_535), 8789)
    .option('--fault <spec>', 'a fault, for example rst@event:3,p=0.1; may be repeated', addFault, [])
    .option('--seed <number>', 'repeat the same answers and faults', numberFrom(0, 2 ** 32 - 1))
    .option('--speed <factor>', 'play all pauses faster', numberFrom(0.01, 10_000), 1)
    .option('--list-faults', 'print the faults and exit')
    .option('--json', 'print JSON')
    .helpOption('--help', 'print this help')
    .action(async (flags: SimFlags) => {
      if (flags.listFaults === true) process.stdout.write(faultList(flags.json === true));
      else await serve(flags);
    });
}

async function serve({ port, fault: faults, seed, speed, json }: SimFlags): Promise<void> {
  const server = await listen({ port, host: HOST, faults, speed, ...(seed === undefined ? {} : { seed }) });
  const specs = faults.map(({ spec }) => `\n  fault: ${spec}`).join('');
  process.stderr.write(`Simulated Anthropic and OpenAI on ${server.url}${specs}
  behind a gateway: HOLDFAST_ANTHROPIC_URL=${server.url} HOLDFAST_OPENAI_URL=${server.url} holdfast serve
`);
  if (json === true) process.stdout.write(`${JSON.stringify({ url: server.url })}\n`);
  await new Promise((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
  const report = server.report();
  await server.close();
  process.stdout.write(json === true ? `${JSON.stringify(report)}\n` : reportText(report));
}

async function listen(options: Parameters<typeof SimServer.listen>[0] & { port: number }): Promise<SimServer> {
  try {
    return await SimServer.listen(options);
  } catch (fault) {
    throw listenFault('port', { host: HOST, port: options.port }, fault);
  }
}

function reportText(report: SimReport): string {
  const { requests, answered, aborted, connections, struck } = report;
  const rules = struck.map(({ spec, times }) => `  ${spec}: struck ${times} times\n`).join('');
  return `${requests} requests on ${connections} connections, ${answered} answered, ${aborted} left early\n${rules}`;
}

function addFault(spec: string, before: readonly FaultRule[]): readonly FaultRule[] {
  const rule = parseFaultSpec(spec);
  if (rule instanceof FaultSpecDefect) throw wrongUsage(`--fault ${spec}: ${rule.message}`);
  return [...before, rule];
}

function numberFrom(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && value >= min && value <= max) return value;
    throw wrongUsage(`"${text}" is not a number from ${min} to ${max}`);
  };
}

function wrongUsage(message: string): CommanderError {
  process.stderr.write(`${message}\n`);
  return new CommanderError(2, 'holdfast.usage', message);
}

function faultList(json: boolean): string {
  if (json) return `${JSON.stringify({ groups: faultTable, points: pointTable }, undefined, 2)}\n`;
  const groups = faultTable.map(({ title, rows }) => `${title}\n${table(rows)}`);
  return `${groups.join('\n')}\nPOINT is one of\n${table(pointTable)}`;
}

function table(rows: readonly { readonly form: string; readonly doc: string }[]): string {
  const width = Math.max(...rows.map(({ form }) => form.length));
  return rows.map(({ form, doc }) => `  ${form.padEnd(width)}  ${doc}\n`).join('');
}
