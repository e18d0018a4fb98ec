// A soak in words: a line while it runs, and a summary at its end. Pure.

import type { CallTally, SoakRun, SoakSample } from './soak-run.ts';
import type { Verdict } from './verdict.ts';

const MIB = 1024 * 1024;

/** Where it stands. */
export function progressLine(sample: SoakSample, calls: CallTally, durationMs: number): string {
  const { atMs, heldBytes, labelSets, leases, loopDelayP99Ms, residentBytes } = sample;
  const done = Math.min(100, Math.floor((100 * atMs) / durationMs));
  return [
    `${String(done).padStart(3)} %`,
    time(atMs),
    `${made(calls)} calls`,
    `${calls.unplanned} not as planned`,
    `RSS ${mib(residentBytes)}`,
    `held ${mib(heldBytes)}`,
    `${labelSets} label sets`,
    `${leases} leases`,
    `loop p99 ${Math.round(loopDelayP99Ms)} ms`,
  ].join('  ');
}

/** What it was and what became of each rule. */
export function reportText(run: SoakRun, verdicts: readonly Verdict[], seed: number): string {
  const { calls, durationMs, samples } = run;
  const most = (read: (sample: SoakSample) => number): number => Math.max(0, ...samples.map(read));
  const perSecond = Math.round((made(calls) * 1_000) / durationMs);
  const facts = [
    `${made(calls)} calls in ${time(durationMs)} (${perSecond} a second, seed ${seed})`,
    `at most ${most(({ leases }) => leases)} leases`,
    `${most(({ callerConnections }) => callerConnections)} caller connections`,
    `${most(({ upstreamConnections }) => upstreamConnections)} upstream connections`,
    `loop p99 ${Math.round(most(({ loopDelayP99Ms }) => loopDelayP99Ms))} ms`,
  ];
  const lines = verdicts.map(({ rule, kept, partial, sentence }) => {
    const mark = kept ? (partial ? 'kept, in part' : 'kept') : 'BROKEN';
    return `  ${mark.padEnd(14)}${rule.padEnd(10)}${sentence}`;
  });
  return `\n${facts.join(', ')}\n${lines.join('\n')}\n`;
}

function made({ planned, unplanned }: CallTally): number {
  return Object.values(planned).reduce((sum, count) => sum + count, unplanned);
}

function mib(bytes: number): string {
  return `${Math.round(bytes / MIB)} MiB`;
}

function time(ms: number): string {
  const seconds = Math.floor(ms / 1_000);
  const parts = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60];
  return parts.map((part) => String(part).padStart(2, '0')).join(':');
}
