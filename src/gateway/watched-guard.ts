// The guard of this process with everybody who should know of it: the log, the gauge and whoever
// asks for readiness. Readiness stays given while the guard refuses calls: an instance that is
// taken out for being busy leaves its load to the others, and they are next.

import type { Clock } from '../core/clock.ts';
import type { GuardLevel, ProcessReading } from '../layers/admission/guard-rules.ts';
import { ProcessGuard } from '../layers/admission/process-guard.ts';
import type { ProcessReadings } from '../layers/admission/process-guard.ts';
import { formatPercent } from './config/units.ts';
import { PacedLog } from './paced-log.ts';
import type { LogPace } from './paced-log.ts';
import type { ProcessLog } from './process-log.ts';

/** A change of the guard is worth a line at once; one that flaps, a line a minute in the end. */
const pace: LogPace = { quietMs: 10_000, quietMsMax: 60_000 };

/** Levels in the order of the gauge. */
const levels: readonly GuardLevel[] = ['open', 'no-batch', 'closed'];

const texts: Readonly<Record<GuardLevel, string>> = {
  open: 'this process has room again: all calls are taken',
  'no-batch': 'this process is near its limits: calls of class batch are refused',
  closed: 'this process is at its limits: all calls are refused',
};

/** What the guard is given. */
export interface WatchedGuardDeps {
  readonly clock: Clock;
  readonly log: Pick<ProcessLog, 'warn'>;
  /** Ended with the guard. */
  readonly readings: ProcessReadings & { close(): void };
}

/** A guard that is watched. Ends by `close`. */
export class WatchedGuard {
  readonly #guard: ProcessGuard;
  readonly #readings: WatchedGuardDeps['readings'];
  readonly #log: PacedLog;

  constructor({ clock, log, readings }: WatchedGuardDeps) {
    this.#readings = readings;
    this.#log = new PacedLog(clock, log, pace);
    this.#guard = new ProcessGuard({
      clock,
      readings,
      observer: { guardChanged: (level, reading) => this.#changed(level, reading) },
    });
  }

  get level(): GuardLevel {
    return this.#guard.level;
  }

  /** The level as a number: 0 all calls are taken, 1 none of class batch, 2 none. */
  get gauge(): number {
    return levels.indexOf(this.level);
  }

  /** What somebody should know who asks for readiness; `undefined` = nothing. */
  get note(): string | undefined {
    const { level, reading } = this.#guard;
    if (level === 'open' || reading === undefined) return undefined;
    const { loopUtilization, loopDelayP99Ms, heapShare } = factsOf(reading);
    const loop = `event loop at work ${formatPercent(loopUtilization)}, ${loopDelayP99Ms} ms late`;
    return `ready, but ${texts[level]} (${loop}, heap ${formatPercent(heapShare)} full)`;
  }

  close(): void {
    this.#guard.close();
    this.#readings.close();
    this.#log.close();
  }

  #changed(level: GuardLevel, reading: ProcessReading): void {
    const facts = { level, ...factsOf(reading) };
    this.#log.warn({ about: 'guard', rank: levels.indexOf(level), facts, text: texts[level] });
  }
}

/** As many digits as a person reads. */
function factsOf({ loopUtilization, loopDelayP99Ms, heapShare }: ProcessReading): ProcessReading {
  const share = (value: number): number => Math.round(value * 100) / 100;
  return {
    loopUtilization: share(loopUtilization),
    loopDelayP99Ms: Math.round(loopDelayP99Ms),
    heapShare: share(heapShare),
  };
}
