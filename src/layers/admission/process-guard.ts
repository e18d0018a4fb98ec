// Reads the state of the process once a second and holds what the rules make of it. The readings
// themselves are handed in: the event loop and the heap belong to whoever runs the process.

import type { Clock, Timer } from '../../core/clock.ts';
import { GuardRules, defaultGuardOptions } from './guard-rules.ts';
import type { GuardLevel, GuardOptions, ProcessReading } from './guard-rules.ts';

/** How often the process is looked at, in ms; three looks before the loop counts as late. */
export const READ_EVERY_MS = 1_000;

/** Where readings come from; each call covers the time since the one before. */
export interface ProcessReadings {
  read(): ProcessReading;
}

/** What the guard is given. */
export interface ProcessGuardDeps {
  readonly clock: Clock;
  readonly readings: ProcessReadings;
  readonly observer?: GuardObserver;
}

/** Hears when the guard changes its mind. */
export interface GuardObserver {
  guardChanged(level: GuardLevel, reading: ProcessReading): void;
}

/** Watches the process. Ends by `close`. */
export class ProcessGuard {
  readonly #deps: ProcessGuardDeps;
  readonly #rules: GuardRules;
  #timer: Timer | undefined = undefined;
  #reading: ProcessReading | undefined = undefined;

  constructor(deps: ProcessGuardDeps, options: GuardOptions = defaultGuardOptions) {
    this.#deps = deps;
    this.#rules = new GuardRules(options);
    this.#arm();
  }

  get level(): GuardLevel {
    return this.#rules.level;
  }

  /** The last reading, for gauges; `undefined` before the first. */
  get reading(): ProcessReading | undefined {
    return this.#reading;
  }

  /** Stops watching; the level stays. */
  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #arm(): void {
    this.#timer = this.#deps.clock.after(READ_EVERY_MS, () => this.#look());
  }

  #look(): void {
    // First, so that a failing reader does not end the watch, and an observer may.
    this.#arm();
    const { clock, readings, observer } = this.#deps;
    const before = this.#rules.level;
    this.#reading = readings.read();
    const level = this.#rules.read(this.#reading, clock.now());
    if (level !== before) observer?.guardChanged(level, this.#reading);
  }
}
