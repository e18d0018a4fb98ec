// `npm run bench`: gateways side by side, the same load, the same upstream, interleaved rounds.
// See README.md beside this file for what each column means.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { judge } from './budgets.ts';
import { readCommandLine, usage, type BenchOptions } from './command-line.ts';
import { measureConversions, type ConversionRow } from './conversions.ts';
import { measureLayers, type LayerResult } from './layers.ts';
import { readMachine, type Machine } from './machine.ts';
import { measureIdle, measureLoad, type Tell } from './measure.ts';
import { buildNative } from './native-build.ts';
import { endAllOnExit } from './processes.ts';
import {
  budgetText,
  conversionsText,
  layersText,
  openingText,
  outcomeText,
  overviewText,
} from './report.ts';
import { chooseScenarios, type Scenario } from './scenarios.ts';
import { summarize, type Outcome } from './summary.ts';
import type { Target } from './target.ts';
import { chooseTargets } from './targets/catalogue.ts';

const say = (text: string): void => void process.stdout.write(`${text}\n`);

function clearProgress(): void {
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[2K');
}

/** Progress goes to the terminal only, so that a redirected report stays clean; trouble always. */
const tell: Tell = {
  progress(line) {
    clearProgress();
    if (process.stderr.isTTY) process.stderr.write(line);
  },
  trouble(line) {
    clearProgress();
    process.stderr.write(`${line}\n`);
    process.exitCode = 1;
  },
};

function availableTargets(options: BenchOptions): readonly Target[] {
  return chooseTargets(options.only, options.quick).filter((target) => {
    const reason = target.missing();
    if (reason !== undefined) say(`${target.name} is left out: ${reason}`);
    return reason === undefined;
  });
}

async function measure(
  scenario: Scenario,
  targets: readonly Target[],
  options: BenchOptions,
): Promise<Outcome> {
  tell.progress(`${scenario.name}: starting`);
  if (scenario.kind === 'idle') {
    return { scenario, idle: await measureIdle(scenario, targets, options, tell) };
  }
  const rounds = await measureLoad(scenario, targets, options, tell);
  return { scenario, rounds, rows: summarize(scenario, rounds) };
}

function jsonOf(
  machine: Machine,
  options: BenchOptions,
  targets: readonly Target[],
  outcomes: readonly Outcome[],
  layers: LayerResult | undefined,
  conversions: readonly ConversionRow[],
): string {
  const described = targets.map((target) => ({
    name: target.name,
    version: target.version(),
    does: target.does,
  }));
  const scenarios = outcomes.map((outcome) =>
    'idle' in outcome
      ? { ...outcome.scenario, targets: Object.fromEntries(outcome.idle) }
      : {
          ...outcome.scenario,
          targets: Object.fromEntries(outcome.rows.map((row) => [row.target, row])),
          rounds: Object.fromEntries(outcome.rounds),
        },
  );
  const budgets = judge(outcomes);
  const result = { machine, options, layers, conversions, targets: described, budgets, scenarios };
  return `${JSON.stringify(result, null, 2)}\n`;
}

function save(json: string, machine: Machine, options: BenchOptions): void {
  const folder = join(import.meta.dirname, 'results');
  mkdirSync(folder, { recursive: true });
  const when = machine.date.slice(0, 19).replaceAll(':', '').replace('T', '-');
  const name = options.name ?? `${when}-${machine.commit}${options.quick ? '-quick' : ''}`;
  const file = join(folder, `${name}.json`);
  for (const path of options.json === undefined ? [file] : [file, options.json]) {
    writeFileSync(path, json);
    say(`written: ${path}`);
  }
}

async function measureAll(
  scenarios: readonly Scenario[],
  targets: readonly Target[],
  options: BenchOptions,
): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const scenario of scenarios) {
    const outcome = await measure(scenario, targets, options);
    outcomes.push(outcome);
    clearProgress();
    say(`${outcomeText(outcome)}\n`);
  }
  const names = targets.map((target) => target.name);
  say(`${overviewText(outcomes, names)}\n`);
  say(`${budgetText(judge(outcomes))}\n`);
  return outcomes;
}

async function main(): Promise<void> {
  const options = readCommandLine(process.argv.slice(2));
  if (options === 'help') {
    say(usage);
    return;
  }
  const scenarios = chooseScenarios(options.scenarios, options.quick);
  const targets = options.gateways ? availableTargets(options) : [];
  if (options.gateways && targets.length === 0) throw new Error('nothing to measure');
  endAllOnExit();
  // `| head` has seen enough.
  process.stdout.on('error', () => process.exit(1));
  const machine = readMachine();
  if (machine.cores < 2) say('Only one core: load and gateway disturb each other; read nothing.');
  say(`${openingText(machine, targets)}\n`);
  let layers: LayerResult | undefined;
  let conversions: readonly ConversionRow[] = [];
  if (options.layers) {
    layers = await measureLayers(options, tell);
    clearProgress();
    say(`${layersText(layers)}\n`);
    conversions = measureConversions(options.quick);
    say(`${conversionsText(conversions)}\n`);
  }
  let outcomes: readonly Outcome[] = [];
  if (options.gateways) {
    buildNative();
    outcomes = await measureAll(scenarios, targets, options);
  }
  save(jsonOf(machine, options, targets, outcomes, layers, conversions), machine, options);
}

try {
  await main();
} catch (problem) {
  process.stderr.write(`bench: ${(problem as Error).message}\n`);
  process.exitCode = 2;
}
