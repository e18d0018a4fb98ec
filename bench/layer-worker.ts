// A process of its own for one stack, so that its code is compiled for that stack alone, as it is
// in a gateway. Measures when it is told to and answers with one number.

import { setImmediate as turn } from 'node:timers/promises';

import { systemClock } from '../src/core/clock.ts';
import { Callers, InstantUpstream, type AnswerKind } from './layer-ends.ts';
import { layerStacks, type LayerStacks, type PartialStack } from './layer-stacks.ts';

/** What a worker is asked for. */
export type LayerTask =
  /** CPU of one call with this answer, in ns; the window ends after `cpuMs` of CPU. */
  | { readonly answer: Exclude<AnswerKind, 'resting'>; readonly cpuMs: number }
  /** Heap that each of so many resting streams keeps, in bytes. */
  | { readonly streams: number };

/** What it answers. */
export type LayerAnswer = { readonly value: number } | { readonly problem: string };

const callsAtOnce = 32;

class Bench {
  readonly #upstream = new InstantUpstream(systemClock);
  readonly #callers = new Callers(systemClock);
  readonly #all: LayerStacks;
  readonly #stack: PartialStack;

  constructor(index: number) {
    this.#all = layerStacks(systemClock, this.#upstream.service);
    const stack = this.#all.stacks[index];
    if (stack === undefined) throw new Error(`there is no stack ${index}`);
    this.#stack = stack;
  }

  async run(task: LayerTask): Promise<number> {
    const value =
      'streams' in task ? await this.#rest(task.streams) : this.#time(task.answer, task.cpuMs);
    this.#callers.check(0);
    if (this.#all.held() !== 0) throw new Error(`${this.#all.held()} things are held after calls`);
    return value;
  }

  #time(answer: AnswerKind, cpuMs: number): number {
    const { service, route } = this.#stack;
    this.#upstream.answer = answer;
    const start = process.cpuUsage();
    let calls = 0;
    for (;;) {
      for (let n = 0; n < callsAtOnce; n += 1) this.#callers.call(service, route);
      calls += callsAtOnce;
      const used = process.cpuUsage(start);
      const us = used.user + used.system;
      if (us >= cpuMs * 1000) return (us * 1000) / calls;
    }
  }

  async #rest(streams: number): Promise<number> {
    const { service, route } = this.#stack;
    this.#upstream.answer = 'resting';
    const before = await collected();
    for (let n = 0; n < streams; n += 1) this.#callers.call(service, route);
    const until = performance.now() + restWithinMs;
    // Some may stand in the queue of their upstream for a moment.
    while (this.#upstream.resting < streams && performance.now() < until) await turn();
    this.#callers.check(streams);
    const held = await collected();
    this.#upstream.endAll();
    return (held - before) / streams;
  }
}

const restWithinMs = 5_000;

/** Bytes in use after a full collection, buffers included. */
async function collected(): Promise<number> {
  const { gc } = globalThis;
  if (gc === undefined) throw new Error('start it with --expose-gc');
  for (let times = 0; times < 3; times += 1) {
    await turn();
    gc();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const bench = new Bench(Number(process.argv[2]));
process.on('message', (task: LayerTask) => {
  const answer = (answered: LayerAnswer): void => void process.send?.(answered);
  bench.run(task).then(
    (value) => answer({ value }),
    (problem: unknown) => answer({ problem: (problem as Error).message }),
  );
});
process.on('disconnect', () => process.exit(0));
