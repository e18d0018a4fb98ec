// From rounds to figures: medians, ratios to nginx taken within each round, differences to direct.
// Ratios are made round by round because the machine drifts: what ran side by side is compared.

import type { LoadResult, Quantiles } from './load.ts';
import type { IdleResult, Round, Rounds } from './measure.ts';
import type { IdleScenario, LoadScenario } from './scenarios.ts';

/** The figures of one target in one load scenario; times in microseconds. */
export interface LoadRow {
  readonly target: string;
  /** CPU of the whole process tree for each unit; NaN for `direct`. */
  readonly cpuPerUnit: number;
  /** `cpuPerUnit` as a multiple of nginx's in the same round. */
  readonly ratio: number;
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  /** What the gateway adds to `direct` in the same round. */
  readonly addedP50: number;
  readonly addedP99: number;
  /** Share of one core that the gateway used. */
  readonly busy: number;
  /** CPU of origin and load for each unit, and the share of their core. */
  readonly harnessPerUnit: number;
  readonly harnessBusy: number;
  /** Connections opened to the upstream in one round, warm-up included. */
  readonly upstreamConnects: number;
  readonly errors: number;
  /** An open loop that could not keep up: its times say nothing but that. */
  readonly overloaded: boolean;
}

/** All that was found out in one scenario. */
export type Outcome =
  | { readonly scenario: LoadScenario; readonly rows: readonly LoadRow[]; readonly rounds: Rounds }
  | { readonly scenario: IdleScenario; readonly idle: ReadonlyMap<string, IdleResult> };

/** The middle of some numbers, those that are not numbers left out; NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = values.filter((value) => Number.isFinite(value)).toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  const upper = sorted[half] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[half - 1] ?? Number.NaN)) / 2;
}

function units(scenario: LoadScenario, result: LoadResult): number {
  return scenario.unit === 'call' ? result.calls : result.events;
}

function cpuPerUnit(scenario: LoadScenario, result: LoadResult | undefined): number {
  if (result === undefined || result.cpu.target === 0) return Number.NaN;
  return result.cpu.target / units(scenario, result);
}

function timesOf(scenario: LoadScenario, result: LoadResult | undefined): Quantiles | undefined {
  return result?.[scenario.timing] ?? undefined;
}

/** More than a twentieth of a second's calls still waited when the window ended. */
function isOverloaded(scenario: LoadScenario, result: LoadResult): boolean {
  return scenario.rate > 0 && (result.unsent > 0 || result.backlog > scenario.rate / 20);
}

function rowOf(scenario: LoadScenario, target: string, rounds: Rounds): LoadRow {
  const results = rounds.get(target) ?? [];
  const middle = (of: (result: Round, round: number) => number): number => median(results.map(of));
  const added = (result: LoadResult, round: number, quantile: 'p50' | 'p99'): number => {
    const direct = timesOf(scenario, rounds.get('direct')?.[round])?.[quantile];
    const own = timesOf(scenario, result)?.[quantile];
    return (own ?? Number.NaN) - (direct ?? Number.NaN);
  };
  const harness = (result: LoadResult): number => result.cpu.origin + result.cpu.load;
  return {
    target,
    cpuPerUnit: middle((result) => cpuPerUnit(scenario, result)),
    ratio: middle((result, round) => {
      const nginx = cpuPerUnit(scenario, rounds.get('nginx')?.[round]);
      return cpuPerUnit(scenario, result) / nginx;
    }),
    perSecond: middle((result) => units(scenario, result) / result.seconds),
    p50: middle((result) => timesOf(scenario, result)?.p50 ?? Number.NaN),
    p99: middle((result) => timesOf(scenario, result)?.p99 ?? Number.NaN),
    addedP50: middle((result, round) => added(result, round, 'p50')),
    addedP99: middle((result, round) => added(result, round, 'p99')),
    busy: middle((result) => result.cpu.target / result.seconds / 1e6),
    harnessPerUnit: middle((result) => harness(result) / units(scenario, result)),
    harnessBusy: middle((result) => harness(result) / result.seconds / 1e6),
    upstreamConnects: middle((result) => result.upstreamConnects),
    errors: results.reduce((sum, result) => sum + result.errors.total, 0),
    overloaded: results.filter((each) => isOverloaded(scenario, each)).length * 2 > results.length,
  };
}

/** The figures of every target that took part. */
export function summarize(scenario: LoadScenario, rounds: Rounds): readonly LoadRow[] {
  return [...rounds.keys()].map((target) => rowOf(scenario, target, rounds));
}
