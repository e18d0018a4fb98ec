// `node bench/profile.ts --scenario unary`: where Holdfast's CPU goes under one scenario of the
// bench. Prints self time by file and by function, and writes a .cpuprofile for a flame graph
// (open it in the performance panel of Chromium's developer tools, or in an editor).

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';

import { byFile, byFunction, profileWhile, type CpuProfile, type SelfTime } from './cpu-profile.ts';
import { runLoad, type LoadResult } from './load.ts';
import { buildFolder, buildNative } from './native-build.ts';
import { endAllOnExit, freePort, type Command } from './processes.ts';
import { chooseScenarios, type LoadScenario } from './scenarios.ts';
import { aimAt, startOrigin, startTarget, strike, type Cores, type Running } from './stage.ts';
import type { Target } from './target.ts';
import { chooseTargets } from './targets/catalogue.ts';

const tree = dirname(import.meta.dirname);
const cores: Cores = [0, 1];
// Sampling five times as often doubles the CPU of what is sampled.
const sampleEveryUs = 500;
const warmSeconds = 2;
const plainSeconds = 2;

const usage = `node bench/profile.ts [--scenario unary] [--seconds 5] [--top 40] [--out FILE]
                       [--target holdfast | any target written in JavaScript]
`;

/** The same target with Node's inspector open. */
function inspected(target: Target, port: number): Target {
  return {
    ...target,
    command(ports, folder): Command | undefined {
      const command = target.command(ports, folder);
      if (command === undefined) return undefined;
      return { ...command, words: [`--inspect=127.0.0.1:${port}`, ...command.words] };
    },
  };
}

function loadScenario(name: string): LoadScenario {
  const [scenario] = chooseScenarios([name], false);
  if (scenario?.kind !== 'load') throw new Error(`${name} is no load`);
  return scenario;
}

async function profileUnderLoad(
  scenario: LoadScenario,
  target: Target,
  seconds: number,
): Promise<{ profile: CpuProfile; plain: LoadResult; sampled: LoadResult }> {
  const port = await freePort();
  const origin = await startOrigin(cores);
  const running: Running[] = [];
  try {
    const each = await startTarget(inspected(target, port), origin, cores);
    running.push(each);
    const load = (warm: number, time: number): Promise<LoadResult> =>
      runLoad(scenario, aimAt(each, scenario, origin, cores), warm, time);
    const plain = await load(warmSeconds, plainSeconds);
    let sampled = plain;
    const profile = await profileWhile(port, sampleEveryUs, async () => {
      sampled = await load(0.1, seconds);
    });
    return { profile, plain, sampled };
  } finally {
    await strike(origin, running);
  }
}

function cpuOf(scenario: LoadScenario, result: LoadResult): number {
  return result.cpu.target / (scenario.unit === 'call' ? result.calls : result.events);
}

function print(title: string, times: readonly SelfTime[], top: number, perUnit: number): void {
  const total = times.reduce((sum, each) => sum + each.microseconds, 0);
  process.stdout.write(`\n${title}\n`);
  for (const { place, microseconds } of times.slice(0, top)) {
    const share = ((microseconds / total) * 100).toFixed(1).padStart(5);
    const each = ((microseconds / total) * perUnit).toFixed(3).padStart(9);
    process.stdout.write(`  ${share} %  ${each} us  ${place}\n`);
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      scenario: { type: 'string', default: 'unary' },
      target: { type: 'string', default: 'holdfast' },
      seconds: { type: 'string', default: '5' },
      top: { type: 'string', default: '40' },
      out: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  const scenario = loadScenario(values.scenario);
  const [target] = chooseTargets([values.target], false);
  const reason = target?.missing();
  if (target === undefined || reason !== undefined) throw new Error(reason ?? 'no target');
  endAllOnExit();
  buildNative();
  const seconds = Number(values.seconds);
  const { profile, plain, sampled } = await profileUnderLoad(scenario, target, seconds);
  const perUnit = cpuOf(scenario, plain);
  process.stdout.write(
    `${target.name}, ${scenario.title}\n` +
      `${perUnit.toFixed(3)} us CPU a ${scenario.unit} (${cpuOf(scenario, sampled).toFixed(3)} ` +
      `while sampled), ${plain.errors.total + sampled.errors.total} errors\n`,
  );
  print(`self time by file (us of a ${scenario.unit})`, byFile(profile, tree), 25, perUnit);
  print('self time by function', byFunction(profile, tree), Number(values.top), perUnit);
  const out = values.out ?? join(buildFolder, `${target.name}-${scenario.name}.cpuprofile`);
  mkdirSync(dirname(out), { recursive: true });
  writeFileSync(out, JSON.stringify(profile));
  process.stdout.write(`\nwritten: ${out}\n`);
}

try {
  await main();
} catch (problem) {
  process.stderr.write(`profile: ${(problem as Error).message}\n`);
  process.exitCode = 2;
}
