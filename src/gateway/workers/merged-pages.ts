// The debug views of several workers as one. Lists are joined, each entry naming its worker, but
// what all workers have (an endpoint) is added up.

import type { AdminPage } from '../admin.ts';

/** What one worker shows on one page. */
export interface WorkerPage {
  readonly worker: number;
  /** `undefined` when it did not answer. */
  readonly value: unknown;
}

type Entry = Readonly<Record<string, unknown>>;

/** Fields of an endpoint that are no counts. */
const endpointFields: Readonly<Record<string, 'least' | 'most'>> = {
  idleBudgetMs: 'least',
  rttMinMs: 'least',
  sentinelAgeMs: 'most',
};

/** One page of all workers. */
export function mergedPage(page: AdminPage, parts: readonly WorkerPage[]): unknown {
  const entries = parts.flatMap(({ worker, value }) =>
    (Array.isArray(value) ? value : []).map((entry: Entry) => ({ worker, entry })),
  );
  if (page === 'endpoints') return addedUp(entries.map(({ entry }) => entry));
  const all = entries.map(({ worker, entry }) => ({ worker, ...entry }));
  return page === 'leases' ? all.toSorted((a, b) => ageOf(b) - ageOf(a)) : all;
}

function ageOf(entry: Entry): number {
  return Number(entry['ageMs'] ?? 0);
}

function addedUp(entries: readonly Entry[]): Entry[] {
  const sums = new Map<unknown, Record<string, unknown>>();
  for (const entry of entries) {
    const sum = sums.get(entry['key']);
    if (sum === undefined) sums.set(entry['key'], { ...entry });
    else for (const [name, value] of Object.entries(entry)) add(sum, name, value);
  }
  return [...sums.values()];
}

function add(sum: Record<string, unknown>, name: string, value: unknown): void {
  const before = sum[name];
  if (typeof before !== 'number' || typeof value !== 'number') return;
  const how = endpointFields[name];
  if (how === undefined) sum[name] = before + value;
  // 0 and less stand for "not known".
  else if (before <= 0 || value <= 0) sum[name] = Math.max(before, value);
  else sum[name] = how === 'least' ? Math.min(before, value) : Math.max(before, value);
}
