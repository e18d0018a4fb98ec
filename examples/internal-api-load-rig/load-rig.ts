// Callers of a service, and what they get to see. Each one calls, thinks and calls again; in the
// middle of it a rush of others comes for one call each. Nobody tries twice: what is seen is what
// the service, or whoever stands in front of it, makes of each call.

import { pause } from '../stage/program.ts';

/** Times from the start of the run, in ms. */
const RUN_MS = 3_600;
const RUSH_AT_MS = 3_000;
const CALLERS = 32;
const RUSH_CALLERS = 120;
const THINK_MS = 40;
/** A caller gives up after this. */
const PATIENCE_MS = 1_000;
/** One call in so many places an order; often enough that some of them meet each trouble. */
const ORDERS_EVERY = 3;

/** How one call ended. */
interface Ending {
  readonly kind: 'ok' | 'shed' | 'failed';
  /** Of failures: status, or what happened to the connection. */
  readonly why: string;
  readonly ms: number;
  /** Of shed calls: how long they are asked to stay away. */
  readonly waitMs: number;
}

/** What all callers saw together. Latencies in ms. */
export interface LoadReport {
  readonly calls: number;
  readonly ok: number;
  /** Told politely to come back later: 429 or 503 with Retry-After. */
  readonly shed: number;
  readonly failed: number;
  /** Share of good ones among the calls that were not shed. */
  readonly successRate: number;
  readonly p50: number;
  readonly p99: number;
  /** The 99th percentile of what a shed call took. */
  readonly shedP99: number;
  /** How often each failure was seen. */
  readonly failures: ReadonlyMap<string, number>;
}

/** Runs the load against these addresses, which the callers take in turns. */
export async function runLoad(urls: readonly string[]): Promise<LoadReport> {
  const startedAt = performance.now();
  const endings: Ending[] = [];
  let calls = 0;
  const callOnce = async (): Promise<Ending> => {
    calls += 1;
    const url = `${urls[calls % urls.length]}/orders/${calls}`;
    const ending = await call(url, calls % ORDERS_EVERY === 0 ? 'POST' : 'GET');
    endings.push(ending);
    return ending;
  };
  const caller = async (): Promise<void> => {
    await pause(Math.random() * THINK_MS);
    while (performance.now() - startedAt < RUN_MS) {
      const { waitMs } = await callOnce();
      await pause(Math.max(THINK_MS, waitMs));
    }
  };
  const rush = async (): Promise<void> => {
    await pause(RUSH_AT_MS);
    await Promise.all(Array.from({ length: RUSH_CALLERS }, callOnce));
  };
  await Promise.all([...Array.from({ length: CALLERS }, caller), rush()]);
  return reportOf(endings);
}

async function call(url: string, method: string): Promise<Ending> {
  const startedAt = performance.now();
  const ended = (kind: Ending['kind'], why: string, waitMs: number): Ending => {
    return { kind, why, ms: performance.now() - startedAt, waitMs };
  };
  try {
    const answer = await fetch(url, { method, signal: AbortSignal.timeout(PATIENCE_MS) });
    await answer.arrayBuffer();
    if (answer.ok) return ended('ok', '', 0);
    const after = answer.headers.get('retry-after');
    const isPolite = after !== null && (answer.status === 429 || answer.status === 503);
    if (isPolite) return ended('shed', '', Number(after) * 1_000);
    return ended('failed', `${method} ${answer.status}`, 0);
  } catch (thrown) {
    return ended('failed', `${method} ${reasonOf(thrown)}`, 0);
  }
}

/** `fetch` hides what happened to the connection in the cause. */
function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const { cause } = thrown as { readonly cause?: { readonly code?: string } };
  return cause?.code ?? thrown.name;
}

function reportOf(endings: readonly Ending[]): LoadReport {
  const ok = endings.filter(({ kind }) => kind === 'ok');
  const shed = endings.filter(({ kind }) => kind === 'shed');
  const failed = endings.filter(({ kind }) => kind === 'failed');
  const served = [...ok, ...failed];
  const failures = new Map<string, number>();
  for (const { why } of failed) failures.set(why, (failures.get(why) ?? 0) + 1);
  return {
    calls: endings.length,
    ok: ok.length,
    shed: shed.length,
    failed: failed.length,
    successRate: served.length === 0 ? 0 : ok.length / served.length,
    p50: quantile(served, 0.5),
    p99: quantile(served, 0.99),
    shedP99: quantile(shed, 0.99),
    failures,
  };
}

function quantile(endings: readonly Ending[], share: number): number {
  const times = endings.map(({ ms }) => ms).toSorted((a, b) => a - b);
  return Math.round(times[Math.ceil(times.length * share) - 1] ?? 0);
}
