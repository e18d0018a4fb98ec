// One session of a real coding agent through a gateway: installs the agent, lets it run two
// commands and say what they printed, and shows what the gateway saw of it.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { CLIENT_PACKAGES, installClients } from '../../test/conformance/cli/installation.ts';
import type { ClientName } from '../../test/conformance/cli/installation.ts';
import type { SessionOptions, SessionReport } from '../../test/conformance/cli/session.ts';
import { startGateway } from './gateway.ts';
import type { CallLine } from './gateway.ts';
import { startSimulator } from './simulator.ts';
import type { Simulator } from './simulator.ts';
import { textTable } from './text-table.ts';

/** Kept from run to run; git ignores it. */
const CLIENTS = resolve(import.meta.dirname, '../../.holdfast/clients');

/** Real models read the sentence; the words in brackets tell simulated ones to use tools twice. */
const PROMPT =
  'Run `echo holdfast-1` and then `echo holdfast-2`, each as a command of its own, ' +
  'and say what they printed. [[rounds=2]]';
const LAST_WORD = 'holdfast-2';
/** Two calls that end in a command, and one that tells the outcome. */
const CALLS_LEAST = 3;
const LIMIT_MS = 180_000;

/** What differs from agent to agent. */
export interface AgentExample {
  /** With `holdfast.yaml`. */
  readonly folder: string;
  readonly client: ClientName;
  readonly run: (options: SessionOptions) => Promise<SessionReport>;
  /** As the agent calls it. */
  readonly model: string;
  /** Variables of the file that lead to the real service; one that is set keeps it real. */
  readonly real: string;
  /** The variables that lead to the simulated one. */
  readonly simulated: (simulator: Simulator) => Readonly<Record<string, string>>;
}

/** Runs an example to its end. Answers the exit code. */
export async function agentSession(example: AgentExample): Promise<number> {
  const binary = await installed(example.client);
  if (binary === undefined) return 1;
  const isReal = (process.env[example.real] ?? '') !== '';
  const simulator = isReal ? undefined : await startSimulator();
  const env = simulator === undefined ? {} : example.simulated(simulator);
  const gateway = await startGateway(example.folder, env);
  console.log(`${example.client} -> ${gateway.url} -> ${isReal ? example.real : 'simulator'}`);
  const report = await session(example, binary, gateway.url);
  const calls = await gateway.end();
  await simulator?.end();
  show(report, calls);
  const fault = faultOf(report, calls);
  console.log(fault === undefined ? 'ok: finished, with tools' : `FAILED: ${fault}`);
  return fault === undefined ? 0 : 1;
}

/** In a home of its own: no setting or key of a person gets into it. */
async function session(
  { model, run }: AgentExample,
  binary: string,
  baseUrl: string,
): Promise<SessionReport> {
  const home = mkdtempSync(join(tmpdir(), 'holdfast-example-'));
  try {
    return await run({ binary, baseUrl, model, prompt: PROMPT, home, limitMs: LIMIT_MS });
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

async function installed(client: ClientName): Promise<string | undefined> {
  try {
    return (await installClients(CLIENTS, [client])).get(client);
  } catch (fault) {
    const reason = fault instanceof Error ? fault.message : String(fault);
    console.error(
      `This example needs ${CLIENT_PACKAGES[client]}, which could not be installed: ${reason}.\n` +
        'It comes from the registry of npm, without install scripts, into a folder of its own.\n' +
        `Try: npm install --prefix .holdfast/clients/${client} ${CLIENT_PACKAGES[client]}`,
    );
    return undefined;
  }
}

function show(report: SessionReport, calls: readonly CallLine[]): void {
  console.log(`\nLast words after ${(report.tookMs / 1000).toFixed(1)} s:\n  ${report.text}\n`);
  console.log('What the gateway logged:');
  const rows = calls.map((call) => [
    `${call.method} ${call.path}`,
    call.upstream,
    call.status,
    call.verdict,
    call.attempts,
    call.tokensIn ?? 0,
    call.tokensOut ?? 0,
    Math.round(call.ms.total),
  ]);
  const titles = ['call', 'upstream', 'status', 'verdict', 'attempts', 'in', 'out', 'ms'];
  console.log(textTable(titles, rows));
}

/** Why this was no whole session with tools; `undefined` = it was one. */
function faultOf(report: SessionReport, calls: readonly CallLine[]): string | undefined {
  if (!report.finished) return `the agent did not finish: ${report.complaint || 'it was ended'}`;
  if (!report.text.includes(LAST_WORD)) return `the last words do not tell of ${LAST_WORD}`;
  const complete = calls.filter(({ verdict }) => verdict === 'complete').length;
  if (complete >= CALLS_LEAST) return undefined;
  return `${complete} complete calls; a session with two commands takes ${CALLS_LEAST}`;
}
