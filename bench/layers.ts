// What each layer costs: the real stack over an upstream in the same process, one layer more at a
// time, each stack in a process of its own, in interleaved rounds.

import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

import { systemClock } from '../src/core/clock.ts';
import type { BenchOptions } from './command-line.ts';
import { chunksFew, chunksMany } from './layer-ends.ts';
import { layerStacks } from './layer-stacks.ts';
import { summarizeLayers } from './layer-summary.ts';
import type { LayerReport, StackRound, StackSamples } from './layer-summary.ts';
import type { LayerAnswer, LayerTask } from './layer-worker.ts';
import type { Tell } from './measure.ts';
import { start, stop } from './processes.ts';

/** How much is measured. */
interface LayerPlan {
  readonly rounds: number;
  /** CPU of one window. */
  readonly cpuMs: number;
  /** CPU of the warm-up of each kind of call; V8 takes tens of thousands of calls to settle. */
  readonly warmMs: number;
  /** Readings of memory. */
  readonly readings: number;
  readonly streams: number;
}

const whole: LayerPlan = { rounds: 15, cpuMs: 60, warmMs: 1000, readings: 3, streams: 5000 };
const quick: LayerPlan = { rounds: 7, cpuMs: 30, warmMs: 500, readings: 2, streams: 5000 };

/** Everything that was measured; the JSON holds it whole. */
export interface LayerResult extends LayerReport {
  readonly plan: LayerPlan;
  readonly stacks: readonly StackSamples[];
}

/** Measures the layers of the stack that the bench configuration of Holdfast has. */
export async function measureLayers(options: BenchOptions, tell: Tell): Promise<LayerResult> {
  const plan = options.quick ? quick : whole;
  const names = stackNames();
  const workers: Worker[] = names.map((_, index) => startWorker(index, options.cores[0]));
  try {
    const stacks = await measureStacks(names, workers, plan, tell);
    return { plan, stacks, ...summarizeLayers(stacks, { chunksFew, chunksMany }) };
  } finally {
    await Promise.all(workers.map(({ child }) => stop(child, 500)));
  }
}

function stackNames(): readonly string[] {
  const { stacks, close } = layerStacks(systemClock, () => {});
  close();
  return stacks.map(({ name }) => name);
}

async function measureStacks(
  names: readonly string[],
  workers: readonly Worker[],
  plan: LayerPlan,
  tell: Tell,
): Promise<StackSamples[]> {
  const samples = names.map((name) => ({
    name,
    rounds: [] as StackRound[],
    retained: [] as number[],
  }));
  for (const [at, worker] of workers.entries()) {
    tell.progress(`layers: warming up ${names[at]}`);
    await roundOf(worker, plan.warmMs);
  }
  for (let round = 0; round < plan.rounds; round += 1) {
    tell.progress(`layers: round ${round + 1}/${plan.rounds}`);
    for (const [at, worker] of workers.entries()) {
      samples[at]?.rounds.push(await roundOf(worker, plan.cpuMs));
    }
  }
  // Last of all, because V8 drops compiled code when it is made to collect.
  for (const [at, worker] of workers.entries()) {
    tell.progress(`layers: memory of ${names[at]}`);
    for (let reading = 0; reading < plan.readings; reading += 1) {
      samples[at]?.retained.push(await worker.ask({ streams: plan.streams }));
    }
  }
  return samples;
}

async function roundOf(worker: Worker, cpuMs: number): Promise<StackRound> {
  return {
    unary: await worker.ask({ answer: 'document', cpuMs }),
    few: await worker.ask({ answer: 'few', cpuMs }),
    many: await worker.ask({ answer: 'many', cpuMs }),
  };
}

/** The process of one stack. */
interface Worker {
  readonly child: ChildProcess;
  /** One task at a time; rejects when it fails or the process ends. */
  ask(task: LayerTask): Promise<number>;
}

function startWorker(index: number, core: number): Worker {
  const script = join(import.meta.dirname, 'layer-worker.ts');
  const words = ['--expose-gc', '--max-semi-space-size=4', script, String(index)];
  const child = start({ file: process.execPath, words }, core, [
    'ignore',
    'ignore',
    'inherit',
    'ipc',
  ]);
  const ended = once(child, 'exit').then(() => {
    throw new Error(`the process of stack ${index} has ended`);
  });
  ended.catch(() => {});
  return {
    child,
    async ask(task) {
      child.send(task);
      const [answer] = (await Promise.race([once(child, 'message'), ended])) as [LayerAnswer];
      if ('problem' in answer) throw new Error(`stack ${index}: ${answer.problem}`);
      return answer.value;
    },
  };
}
