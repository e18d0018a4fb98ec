// The run of `holdfast sim`: start, what to do next, signal, report. Prints; the server itself
// lives in the testing room.

import { exitCodes } from '../gateway/exit-codes.ts';
import { StartFault, listenFault } from '../gateway/listen-fault.ts';
import { pointTable } from '../testing/fault-draft.ts';
import { FaultSpecDefect, parseFaultSpec } from '../testing/fault-spec.ts';
import type { FaultRule } from '../testing/fault-spec.ts';
import { faultTable } from '../testing/fault-table.ts';
import { SimServer } from '../testing/sim-server.ts';
import type { SimReport, SimServerOptions } from '../testing/sim-server.ts';

const HOST = '127.0.0.1';

/** How a simulated provider is run. */
export interface SimOptions {
  readonly port: number;
  readonly faults: readonly string[];
  readonly seed?: number;
  readonly speed: number;
  readonly json: boolean;
}

/** Runs a simulated provider until a signal ends it. Answers the exit code. */
export async function runSim({ json, faults: specs, ...rest }: SimOptions): Promise<number> {
  const faults = specs.map(ruleOf);
  const server = await listen({ ...rest, host: HOST, faults });
  process.stderr.write(startText(server.url, specs));
  if (json) process.stdout.write(`${JSON.stringify({ url: server.url })}\n`);
  await new Promise((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
  const report = server.report();
  await server.close();
  process.stdout.write(json ? `${JSON.stringify(report)}\n` : reportText(report));
  return exitCodes.ok;
}

function ruleOf(spec: string): FaultRule {
  const rule = parseFaultSpec(spec);
  if (!(rule instanceof FaultSpecDefect)) return rule;
  throw new StartFault(
    [`--fault ${spec}: ${rule.message}`, 'see holdfast sim --list-faults'],
    true,
  );
}

async function listen(options: SimServerOptions & { readonly port: number }): Promise<SimServer> {
  try {
    return await SimServer.listen(options);
  } catch (fault) {
    throw listenFault('port', { host: HOST, port: options.port }, fault);
  }
}

function startText(url: string, specs: readonly string[]): string {
  const faults = specs.map((spec) => `  fault: ${spec}\n`).join('');
  const variables = `HOLDFAST_ANTHROPIC_URL=${url} HOLDFAST_OPENAI_URL=${url}`;
  return `Simulated Anthropic and OpenAI on ${url}
${faults}  behind a gateway: ${variables} holdfast serve
  end it with Ctrl-C to see what it saw
`;
}

function reportText(report: SimReport): string {
  const { requests, answered, aborted, connections, struck } = report;
  const rules = struck.map(({ spec, times }) => `  ${spec}: struck ${times} times\n`).join('');
  const callers = `${answered} answered, ${aborted} left early`;
  return `${requests} requests on ${connections} connections, ${callers}\n${rules}`;
}

/** The language of `--fault`, for a person or as JSON. */
export function faultList(json: boolean): string {
  if (json) return `${JSON.stringify({ groups: faultTable, points: pointTable }, undefined, 2)}\n`;
  const groups = faultTable.map(({ title, rows }) => `${title}\n${table(rows)}`);
  return `${groups.join('\n')}\nPOINT is one of\n${table(pointTable)}`;
}

function table(rows: readonly { readonly form: string; readonly doc: string }[]): string {
  const width = Math.max(...rows.map(({ form }) => form.length));
  return rows.map(({ form, doc }) => `  ${form.padEnd(width)}  ${doc}\n`).join('');
}
