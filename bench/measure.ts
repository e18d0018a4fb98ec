// Runs one scenario over all targets: interleaved rounds for loads, one reading for idle streams.

import { setTimeout as sleep } from 'node:timers/promises';

import type { BenchOptions } from './command-line.ts';
import { openStreams, runLoad, type LoadResult } from './load.ts';
import { memoryOf } from './processes.ts';
import { baseLoad, type IdleScenario, type LoadScenario } from './scenarios.ts';
import {
  acceptedBy,
  aimAt,
  startOrigin,
  startTarget,
  strike,
  type Origin,
  type Running,
} from './stage.ts';
import type { Target } from './target.ts';

/** One window, and how many connections the target opened to the upstream, warm-up included. */
export interface Round extends LoadResult {
  readonly upstreamConnects: number;
}

/** Everything that was measured of one target in one load scenario, round by round. */
export type Rounds = Map<string, Round[]>;

/** Memory of a process tree in KiB. */
export interface Memory {
  readonly rss: number;
  readonly pss: number;
}

/** What idle streams cost one target. */
export interface IdleResult {
  readonly opened: boolean;
  readonly atRest: Memory;
  readonly held: Memory;
  /** KiB for each stream. */
  readonly rssPerStream: number;
  readonly pssPerStream: number;
  readonly errors: number;
}

/** Told in single lines how far we are and what went wrong. */
export interface Tell {
  progress(line: string): void;
  trouble(line: string): void;
}

async function startAll(
  targets: readonly Target[],
  origin: Origin,
  options: BenchOptions,
  tell: Tell,
): Promise<Running[]> {
  const running: Running[] = [];
  for (const target of targets) {
    try {
      running.push(await startTarget(target, origin, options.cores));
    } catch (problem) {
      tell.trouble(`left out: ${(problem as Error).message}`);
    }
  }
  return running;
}

/** The list beginning at another place each round, so that no target always runs first. */
function rotated<Item>(items: readonly Item[], by: number): readonly Item[] {
  const at = items.length === 0 ? 0 : by % items.length;
  return [...items.slice(at), ...items.slice(0, at)];
}

function hasEnded({ child }: Running): boolean {
  return child !== undefined && (child.exitCode !== null || child.signalCode !== null);
}

/** Interleaved rounds: every target once a round, in another order each time. */
export async function measureLoad(
  scenario: LoadScenario,
  targets: readonly Target[],
  options: BenchOptions,
  tell: Tell,
): Promise<Rounds> {
  const origin = await startOrigin(options.cores);
  const running = await startAll(targets, origin, options, tell);
  const results: Rounds = new Map(running.map((each) => [each.target.name, []]));
  try {
    for (let round = 0; round < options.rounds; round += 1) {
      for (const each of rotated(running, round)) {
        tell.progress(`${scenario.name} ${round + 1}/${options.rounds} ${each.target.name}`);
        const warm = round === 0 ? options.firstWarm : options.warm;
        const aim = aimAt(each, scenario, origin, options.cores);
        const before = await acceptedBy(origin);
        const result = await runLoad(scenario, aim, warm, options.seconds);
        const upstreamConnects = (await acceptedBy(origin)) - before;
        results.get(each.target.name)?.push({ ...result, upstreamConnects });
        if (hasEnded(each)) {
          tell.trouble(`${each.target.name} ended during ${scenario.name}; see ${each.log}`);
        }
        await sleep(100);
      }
    }
  } finally {
    await strike(origin, running);
  }
  return results;
}

const settleMs = 1500;
const openWithinMs = 30_000;

/** A little of everything first, so that code and pools that any use needs are not counted. */
const warmUp: LoadScenario = {
  ...baseLoad,
  name: 'warm-up',
  title: '',
  connections: 32,
  events: 3,
};

async function measureIdleOf(
  scenario: IdleScenario,
  target: Target,
  options: BenchOptions,
): Promise<IdleResult> {
  const origin = await startOrigin(options.cores);
  const running: Running[] = [];
  try {
    const each = await startTarget(target, origin, options.cores);
    running.push(each);
    const pid = each.child?.pid ?? 0;
    await runLoad(warmUp, aimAt(each, warmUp, origin, options.cores), 0.2, options.quick ? 0.8 : 2);
    await sleep(settleMs);
    const atRest = memoryOf(pid);
    const aim = aimAt(each, scenario, origin, options.cores);
    const streams = await openStreams(scenario, aim, openWithinMs);
    await sleep(settleMs);
    const held = memoryOf(pid);
    const result = await streams.close();
    return {
      opened: streams.opened,
      atRest,
      held,
      rssPerStream: (held.rss - atRest.rss) / scenario.streams,
      pssPerStream: (held.pss - atRest.pss) / scenario.streams,
      errors: result.errors.total,
    };
  } finally {
    await strike(origin, running);
  }
}

/** Each target alone, in a fresh process: rest, then all streams open, then the difference. */
export async function measureIdle(
  scenario: IdleScenario,
  targets: readonly Target[],
  options: BenchOptions,
  tell: Tell,
): Promise<Map<string, IdleResult>> {
  const results = new Map<string, IdleResult>();
  for (const target of targets) {
    if (target.name === 'direct') continue;
    tell.progress(`${scenario.name} ${target.name}`);
    try {
      results.set(target.name, await measureIdleOf(scenario, target, options));
    } catch (problem) {
      tell.trouble(`left out: ${(problem as Error).message}`);
    }
  }
  return results;
}
