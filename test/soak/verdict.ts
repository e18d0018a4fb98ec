// What a soak has shown, as sentences. Pure: judges recorded readings, so that its own tests can
// show it runs that leak. A run that is too short for a claim does not make it, and says so.

import type { SoakRun, SoakSample } from './soak-run.ts';
import { lowest, robustSlope, scatter } from './trend.ts';

/** One rule and what became of it. */
export interface Verdict {
  readonly rule: 'resident' | 'held' | 'series' | 'calls' | 'leases' | 'end';
  readonly kept: boolean;
  /** The run was too short to say all that the rule is about. */
  readonly partial: boolean;
  readonly sentence: string;
}

const MIB = 1024 * 1024;
const HOUR_MS = 3_600_000;

/**
 * Resident memory that is too much at any time. Under this load the process moves between 130 and
 * 255 MiB with its collections.
 */
export const RESIDENT_MAX_BYTES = 400 * MIB;
/**
 * Memory is judged by its low marks, those just after a full collection, which comes every minute
 * or two: the lowest reading of each stretch of this length ...
 */
const STRETCH_MIN_MS = 150_000;
/** ... or of a longer one, since the work grows with the square of their number. */
const STRETCHES_MAX = 120;
/** Below this the second half of a run holds too few low marks to be a trend. */
export const TREND_MIN_MS = 15 * 60_000;
/**
 * Growth over the second half that is taken for noise, at least: resident memory depends on what
 * the allocator gives back, what V8 counts itself hardly moves.
 */
export const RESIDENT_NOISE_BYTES = 16 * MIB;
export const HELD_NOISE_BYTES = 6 * MIB;
/** Growth that the scatter of the low marks explains by itself: so many standard errors. */
const ERRORS = 3;
/** Label sets that may turn up late: a rare status or error of each of a few metrics. */
export const LATE_SETS_SHARE = 0.1;
export const LATE_SETS_MIN = 60;
/** So many label values must have been tried before the number of series means anything. */
export const VALUES_MIN = 10_000;

/** Judges a run by every rule. */
export function judge(run: SoakRun): Verdict[] {
  return [
    judgeResident(run),
    judgeHeld(run),
    judgeSeries(run),
    judgeCalls(run),
    judgeLeases(run),
    judgeEnd(run),
  ];
}

/** Whether every rule was kept. */
export function isKept(verdicts: readonly Verdict[]): boolean {
  return verdicts.every(({ kept }) => kept);
}

function judgeResident(run: SoakRun): Verdict {
  const rule = 'resident';
  const most = Math.max(...run.samples.map(({ residentBytes }) => residentBytes), 0);
  const ceiling = `at most ${mib(most)} of ${mib(RESIDENT_MAX_BYTES)} were resident`;
  const isBelow = most > 0 && most <= RESIDENT_MAX_BYTES;
  const trend = growth(run, RESIDENT_NOISE_BYTES, ({ residentBytes }) => residentBytes);
  if (trend === undefined) {
    const sentence = `${ceiling}; ${tooShort()}`;
    return { rule, kept: isBelow, partial: true, sentence };
  }
  const sentence = `${ceiling}, and ${trend.sentence}`;
  return { rule, kept: isBelow && trend.isFlat, partial: false, sentence };
}

/** What JavaScript holds, buffers included: the sharper look, blind only to native memory. */
function judgeHeld(run: SoakRun): Verdict {
  const rule = 'held';
  const trend = growth(run, HELD_NOISE_BYTES, ({ heldBytes }) => heldBytes);
  if (trend === undefined) return { rule, kept: true, partial: true, sentence: tooShort() };
  return { rule, kept: trend.isFlat, partial: false, sentence: trend.sentence };
}

function judgeSeries({ samples, warmUpMs }: SoakRun): Verdict {
  const rule = 'series';
  const partial = false;
  const warm = samples.find(({ atMs }) => atMs >= warmUpMs);
  const last = samples.at(-1);
  if (warm === undefined || last === undefined || warm === last) {
    return { rule, kept: false, partial, sentence: 'there are too few readings of the series' };
  }
  const overflowed = new Set(samples.flatMap((sample) => sample.overflowed));
  if (overflowed.size > 0) {
    const names = [...overflowed].join(', ');
    return { rule, kept: false, partial, sentence: `${names} ran out of series` };
  }
  const tried = last.valuesTried;
  const most = warm.labelSets + Math.max(LATE_SETS_MIN, warm.labelSets * LATE_SETS_SHARE);
  const counts = `${warm.labelSets} label sets after the warm-up, ${last.labelSets} at the end`;
  const sentence = `${counts} (at most ${Math.floor(most)}), with ${tried} label values tried`;
  if (tried < VALUES_MIN) {
    const needed = `too few: ${VALUES_MIN} are needed, so run it longer`;
    return { rule, kept: false, partial, sentence: `${sentence}; ${needed}` };
  }
  return { rule, kept: last.labelSets <= most, partial, sentence };
}

function judgeCalls({ calls }: SoakRun): Verdict {
  const { examples, heldBack, planned, unplanned } = calls;
  const total = Object.values(planned).reduce((sum, count) => sum + count, unplanned);
  const missing = Object.keys(planned).filter((kind) => planned[kind] === 0);
  let sentence = `${total - unplanned} of ${total} calls ended as planned`;
  if (heldBack > 0) sentence += `; ${heldBack} were not begun, as too many were under way`;
  if (missing.length > 0) sentence += `; no call of the kind ${missing.join(', ')} came to its end`;
  if (examples.length > 0) sentence += `; the first others: ${examples.join(' | ')}`;
  const kept = total > 0 && unplanned === 0 && missing.length === 0;
  return { rule: 'calls', kept, partial: false, sentence };
}

function judgeLeases({ atRest }: SoakRun): Verdict {
  const { callerConnections, held, underWay } = atRest;
  const left: string[] = [...held];
  if (callerConnections > 0) left.push(`${callerConnections} caller connections`);
  if (underWay > 0) left.push(`${underWay} requests that upstreams work on for nobody`);
  const kept = left.length === 0;
  const sentence = kept
    ? 'nothing was held after the last call'
    : `after the last call there were still ${left.join(', ')}`;
  return { rule: 'leases', kept, partial: false, sentence };
}

function judgeEnd({ atRest }: SoakRun): Verdict {
  const { cut, exitCode, faults } = atRest;
  const wrong: string[] = [];
  if (exitCode !== 0) wrong.push(`the process ended with ${exitCode ?? 'nothing but a kill'}`);
  if (cut > 0) wrong.push(`its drain cut ${cut} calls`);
  if (faults.length > 0) wrong.push(`its log has ${faults.length} faults: ${faults.join(' | ')}`);
  const kept = wrong.length === 0;
  const sentence = kept ? 'the process logged no fault and ended with 0' : wrong.join('; ');
  return { rule: 'end', kept, partial: false, sentence };
}

/**
 * How much the low marks of the second half grew by their slope, and whether that is more than
 * noise. `undefined` when the half is too short for a trend.
 */
function growth(
  { durationMs, samples }: SoakRun,
  noiseMinBytes: number,
  read: (sample: SoakSample) => number,
): { isFlat: boolean; sentence: string } | undefined {
  const halfMs = durationMs / 2;
  if (halfMs < TREND_MIN_MS) return undefined;
  const half = samples.filter(({ atMs }) => atMs >= halfMs);
  const points = half.map((sample) => ({ atMs: sample.atMs, value: read(sample) }));
  const stretchMs = Math.max(STRETCH_MIN_MS, halfMs / STRETCHES_MAX);
  const marks = lowest(points, stretchMs);
  const spanMs = (marks.at(-1)?.atMs ?? 0) - (marks[0]?.atMs ?? 0);
  if (spanMs < halfMs - 2 * stretchMs) {
    return { isFlat: false, sentence: 'readings are missing in the second half' };
  }
  const slope = robustSlope(marks);
  const grownBytes = slope * halfMs;
  // The standard error of a slope over n even points, times their span.
  const errorBytes = scatter(marks, slope) * Math.sqrt(12 / marks.length);
  const noise = Math.max(noiseMinBytes, ERRORS * errorBytes);
  const rate = `${signed((slope * HOUR_MS) / MIB)} MiB an hour over the last ${hours(halfMs)}`;
  const most = `up to ${signed((noise * HOUR_MS) / halfMs / MIB)} may be noise`;
  return { isFlat: grownBytes <= noise, sentence: `its low marks grew by ${rate} (${most})` };
}

function tooShort(): string {
  const minutes = (2 * TREND_MIN_MS) / 60_000;
  return `the run was too short to say whether memory is flat, which takes ${minutes} minutes`;
}

function mib(bytes: number): string {
  return `${Math.round(bytes / MIB)} MiB`;
}

function signed(value: number): string {
  return `${value < 0 ? '' : '+'}${value.toFixed(Math.abs(value) < 10 ? 2 : 0)}`;
}

function hours(ms: number): string {
  return ms < HOUR_MS ? `${Math.round(ms / 60_000)} min` : `${(ms / HOUR_MS).toFixed(1)} h`;
}
