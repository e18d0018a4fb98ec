// `npm run conformance`: the real Claude Code and Codex, installed from npm, each through a session
// with two rounds of tools while the upstream misbehaves in every way of scenarios.ts.
//   --via gateway|direct    through the gateway (default), or straight at the simulator
//   --url URL               an instance that runs already: one undisturbed session per client
//   --upstream DIALECT      an upstream that speaks anthropic, openai-chat, openai-responses or
//                           salesforce-models, so that calls of other clients are converted
//   --client NAME           claude-code or codex; both by default
//   --scenario TEXT         only scenarios whose name contains TEXT
//   --dir FOLDER            keep the installed clients in FOLDER and use them again
//   --json                  one JSON object instead of the table
// Exit codes: 0 all finished, 1 some did not, 2 wrong usage.

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { runClaudeCode } from './claude-code.ts';
import { runCodex } from './codex.ts';
import { CLIENT_PACKAGES, installClients } from './installation.ts';
import type { ClientName } from './installation.ts';
import { openRoute, SALESFORCE } from './route.ts';
import type { RouteName } from './route.ts';
import { scenarios } from './scenarios.ts';
import type { Scenario } from './scenarios.ts';
import type { SessionReport } from './session.ts';

const PROMPT = 'Run a command twice, then say what it printed. [[rounds=2]]';
/** What the second command prints; only a whole session ends with it. */
const LAST_WORD = 'holdfast-2';
const LIMIT_MS = 120_000;
const runners = { 'claude-code': runClaudeCode, codex: runCodex } as const;
const clientNames: readonly ClientName[] = ['claude-code', 'codex'];

/** One line of the report. */
interface Row extends SessionReport {
  readonly client: ClientName;
  readonly scenario: string;
  readonly passed: boolean;
  /** POSTs that reached the upstream, -1 where it is not in sight. */
  readonly posts: number;
}

interface Wishes {
  readonly via: RouteName;
  readonly url: string | undefined;
  readonly upstream: string | undefined;
  readonly clients: readonly ClientName[];
  readonly chosen: readonly Scenario[];
  readonly dir: string | undefined;
  readonly json: boolean;
}

const dialects: readonly string[] = ['anthropic', 'openai-chat', 'openai-responses', SALESFORCE];

const optionTypes = {
  via: { type: 'string', default: 'gateway' },
  url: { type: 'string' },
  upstream: { type: 'string' },
  client: { type: 'string' },
  scenario: { type: 'string', default: '' },
  dir: { type: 'string' },
  json: { type: 'boolean', default: false },
} as const;

/** What is asked for, or what is wrong with how it was asked. */
function readWishes(args: readonly string[]): Wishes | string {
  let values;
  try {
    ({ values } = parseArgs({ args: [...args], options: optionTypes }));
  } catch (error) {
    return (error as Error).message;
  }
  const { via, url, upstream, client, scenario, dir, json } = values;
  if (via !== 'gateway' && via !== 'direct') return '--via is gateway or direct';
  if (upstream !== undefined && !dialects.includes(upstream)) {
    return `--upstream is one of ${dialects.join(', ')}`;
  }
  const clients = clientNames.filter((name) => client === undefined || client === name);
  if (clients.length === 0) return `--client is one of ${clientNames.join(', ')}`;
  const matching = scenarios.filter((known) => known.name.includes(scenario));
  if (matching.length === 0) return `no scenario contains "${scenario}"`;
  // Faults need an upstream of ours; a running instance has its own.
  const isOwn = url === undefined && upstream !== SALESFORCE;
  const chosen = isOwn ? matching : matching.slice(0, 1);
  return { via, url: url?.replace(/\/$/, ''), upstream, clients, chosen, dir, json };
}

async function runOne(
  wishes: Wishes,
  client: ClientName,
  scenario: Scenario,
  binary: string,
  home: string,
): Promise<Row> {
  const route = await openRoute(wishes.url ?? wishes.via, scenario, wishes.upstream);
  try {
    const model = wishes.url === undefined ? route.models[client] : 'sim-tools';
    const options = { binary, baseUrl: route.url, model, prompt: PROMPT, home, limitMs: LIMIT_MS };
    const report = await runners[client](options);
    const passed = report.finished && report.text.includes(LAST_WORD) && route.verdict() === '';
    const complaint = report.complaint || route.verdict();
    const posts = route.posts();
    return { ...report, complaint, client, scenario: scenario.name, passed, posts };
  } finally {
    await route.close();
  }
}

function lineOf(row: Row): string {
  const posts = row.posts < 0 ? '' : `${row.posts} posts`;
  const seconds = `${(row.tookMs / 1000).toFixed(1)} s`;
  const mark = row.passed ? 'ok  ' : 'FAIL';
  const start = `${mark} ${row.client.padEnd(12)}${row.scenario.padEnd(38)}`;
  const why = row.passed ? '' : `  ${row.complaint || `ended with: ${row.text}`}`;
  return `${start}${posts.padEnd(9)}${seconds.padStart(7)}${why}`;
}

async function runAll(wishes: Wishes, work: string): Promise<Row[]> {
  const say = (text: string): void => {
    if (!wishes.json) console.log(text);
  };
  // The clients are started in folders of their own.
  const dir = resolve(wishes.dir ?? join(work, 'clients'));
  const packages = wishes.clients.map((name) => CLIENT_PACKAGES[name]);
  say(`installing ${packages.join(' and ')} ...`);
  const binaries = await installClients(dir, wishes.clients);
  const rows: Row[] = [];
  for (const client of wishes.clients) {
    for (const scenario of wishes.chosen) {
      const home = join(work, `home-${rows.length}`);
      mkdirSync(home);
      const row = await runOne(wishes, client, scenario, binaries.get(client) ?? '', home);
      rows.push(row);
      say(lineOf(row));
    }
  }
  return rows;
}

/** Clients wait minutes for an address where nobody listens. */
async function answers(url: string): Promise<boolean> {
  try {
    await fetch(url, { method: 'HEAD', signal: AbortSignal.timeout(2000) });
    return true;
  } catch {
    return false;
  }
}

async function main(args: readonly string[]): Promise<number> {
  const wishes = readWishes(args);
  if (typeof wishes === 'string') {
    console.error(wishes);
    return 2;
  }
  if (wishes.url !== undefined && !(await answers(wishes.url))) {
    console.error(`nothing answers at ${wishes.url}: start it first`);
    return 2;
  }
  const work = mkdtempSync(join(tmpdir(), 'holdfast-conformance-'));
  try {
    const rows = await runAll(wishes, work);
    const failed = rows.filter((row) => !row.passed).length;
    if (wishes.json) console.log(JSON.stringify({ via: wishes.url ?? wishes.via, failed, rows }));
    else console.log(`${rows.length - failed} passed, ${failed} failed`);
    return failed === 0 ? 0 : 1;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
