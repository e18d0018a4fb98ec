// Runs the load generator once and reads its line of JSON (bench/native/measure.h writes it).

import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { buildFolder } from './native-build.ts';
import { start, stop } from './processes.ts';
import type { IdleScenario, LoadScenario } from './scenarios.ts';

/** Microseconds. */
export interface Quantiles {
  readonly count: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** One measuring window, as the load generator saw it. CPU in microseconds. */
export interface LoadResult {
  readonly seconds: number;
  readonly calls: number;
  readonly callsPerSecond: number;
  readonly events: number;
  readonly bytes: number;
  readonly connects: number;
  readonly unsent: number;
  readonly backlog: number;
  readonly oldestMs: number;
  readonly errors: Readonly<Record<string, number>> & { readonly total: number };
  readonly latency: Quantiles | null;
  readonly firstByte: Quantiles | null;
  readonly delay: Quantiles | null;
  readonly cpu: { readonly target: number; readonly origin: number; readonly load: number };
}

/** Where a run of the load generator aims, and whose CPU it reads. */
export interface Aim {
  readonly port: number;
  readonly core: number;
  readonly pids: readonly number[];
  readonly originPid: number;
  readonly words: readonly string[];
}

function aimWords(aim: Aim): string[] {
  const words = ['--child', '--port', String(aim.port), '--origin-pid', String(aim.originPid)];
  if (aim.pids.length > 0) words.push('--pids', aim.pids.join(','));
  return [...words, ...aim.words];
}

function scenarioWords(scenario: LoadScenario): string[] {
  const words = ['--conns', String(scenario.connections), '--body', String(scenario.bodyBytes)];
  if (scenario.events > 0) words.push('--events', String(scenario.events));
  if (scenario.gapMs > 0) words.push('--gap', String(scenario.gapMs));
  if (scenario.rampMs > 0) words.push('--ramp', String(scenario.rampMs));
  if (scenario.rate > 0) words.push('--rate', String(scenario.rate));
  if (scenario.burst) words.push('--burst');
  return words;
}

function spawnLoad(words: readonly string[], core: number, input: 'pipe' | 'ignore'): ChildProcess {
  const file = join(buildFolder, 'load');
  return start({ file, words }, core, [input, 'pipe', 'inherit']);
}

/** Lines of JSON from the load generator; the last one is the result. */
function lastLine(child: ChildProcess, onLine: (line: string) => void): Promise<LoadResult> {
  return new Promise((resolve, reject) => {
    let last = '';
    if (child.stdout !== null) {
      createInterface({ input: child.stdout }).on('line', (line) => {
        last = line;
        onLine(line);
      });
    }
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0 && last.includes('"cpu"')) resolve(JSON.parse(last) as LoadResult);
      else reject(new Error(`the load generator ended with ${code ?? 'a signal'}`));
    });
  });
}

/** One warm-up and one measuring window. */
export async function runLoad(
  scenario: LoadScenario,
  aim: Aim,
  warm: number,
  seconds: number,
): Promise<LoadResult> {
  const times = ['--warm', String(warm), '--seconds', String(seconds)];
  const words = [...aimWords(aim), ...scenarioWords(scenario), ...times];
  const child = spawnLoad(words, aim.core, 'ignore');
  const limit = setTimeout(() => void stop(child, 500), (warm + seconds + 15) * 1000);
  try {
    return await lastLine(child, () => {});
  } finally {
    clearTimeout(limit);
  }
}

/** Idle streams that stay open until `close`. */
export interface OpenStreams {
  /** All of them have shown their first event. */
  readonly opened: boolean;
  close(): Promise<LoadResult>;
}

/** Opens idle streams and waits until all are there, at most `waitMs`. */
export async function openStreams(
  scenario: IdleScenario,
  aim: Aim,
  waitMs: number,
): Promise<OpenStreams> {
  const times = ['--idle', '--seconds', '60', '--conns', String(scenario.streams)];
  const child = spawnLoad([...aimWords(aim), ...times], aim.core, 'pipe');
  let told: (opened: boolean) => void = () => {};
  const opened = new Promise<boolean>((resolve) => {
    told = resolve;
  });
  const result = lastLine(child, (line) => {
    if (line.includes('"ready"')) told(true);
  });
  result.catch(() => told(false));
  const limit = setTimeout(() => told(false), waitMs);
  const all = await opened;
  clearTimeout(limit);
  return {
    opened: all,
    close: () => {
      child.stdin?.end();
      return result;
    },
  };
}
