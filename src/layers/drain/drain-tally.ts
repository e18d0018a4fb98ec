// Counts how the calls of a drain ended, by route. Pure. Bounded by the configured routes.

import type { CallError } from '../../core/errors.ts';

/** How the calls of one route ended. */
export interface DrainedRoute {
  readonly route: string;
  /** Answered whole. */
  readonly finished: number;
  /** Ended badly for reasons of their own, such as a caller who left. */
  readonly failed: number;
  /** Cut by us, because their time was over. */
  readonly cut: number;
  /** Age of the oldest one that was cut, in ms; 0 = none was. */
  readonly oldestCutMs: number;
}

/** What an orderly end came to. */
export interface DrainReport {
  readonly finished: number;
  readonly failed: number;
  readonly cut: number;
  /** Calls that came too late and were told to come back. */
  readonly refused: number;
  /** From the first signal to the last byte, in ms. */
  readonly tookMs: number;
  /** Routes that had calls, those with most cuts first. */
  readonly routes: readonly DrainedRoute[];
}

type Counts = { -readonly [K in keyof DrainedRoute]: DrainedRoute[K] };

/** The account of one drain. */
export class DrainTally {
  readonly #startedAt: number;
  readonly #routes = new Map<string, Counts>();
  refused: number = 0;

  constructor(now: number) {
    this.#startedAt = now;
  }

  /** A call was over. */
  note(route: string, ageMs: number, error: CallError | undefined): void {
    let counts = this.#routes.get(route);
    if (counts === undefined) {
      counts = { route, finished: 0, failed: 0, cut: 0, oldestCutMs: 0 };
      this.#routes.set(route, counts);
    }
    if (error === undefined) counts.finished += 1;
    else if (error.code !== 'DRAINING') counts.failed += 1;
    else {
      counts.cut += 1;
      counts.oldestCutMs = Math.max(counts.oldestCutMs, Math.round(ageMs));
    }
  }

  report(now: number): DrainReport {
    const routes = [...this.#routes.values()];
    return reportOf(routes, this.refused, Math.round(now - this.#startedAt));
  }
}

/** One report of several, for a gateway of several processes. */
export function mergedReports(reports: readonly DrainReport[]): DrainReport {
  const routes = new Map<string, Counts>();
  for (const each of reports.flatMap((report) => report.routes)) {
    const sum = routes.get(each.route);
    if (sum === undefined) {
      routes.set(each.route, { ...each });
      continue;
    }
    sum.finished += each.finished;
    sum.failed += each.failed;
    sum.cut += each.cut;
    sum.oldestCutMs = Math.max(sum.oldestCutMs, each.oldestCutMs);
  }
  const refused = reports.reduce((sum, report) => sum + report.refused, 0);
  const tookMs = reports.reduce((most, report) => Math.max(most, report.tookMs), 0);
  return reportOf([...routes.values()], refused, tookMs);
}

function reportOf(routes: Counts[], refused: number, tookMs: number): DrainReport {
  const sum = (key: 'finished' | 'failed' | 'cut'): number =>
    routes.reduce((total, counts) => total + counts[key], 0);
  return {
    finished: sum('finished'),
    failed: sum('failed'),
    cut: sum('cut'),
    refused,
    tookMs,
    routes: routes.toSorted((a, b) => b.cut - a.cut || b.finished - a.finished),
  };
}
