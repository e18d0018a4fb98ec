// Time that moves only when a test says so. Owns a list of timers and of turns; refuses to run
// away (a callback that re-arms itself without end throws instead of hanging the test).
// Invariant: callbacks run in the order of their due time, then of their setting, and `now()`
// inside a callback is exactly its due time.

import type { Clock, Timer } from '../core/clock.ts';

/** Callbacks one `advance` or `runTurns` may run before it is taken for an endless loop. */
const RUNAWAY_CALLBACKS = 1_000_000;

class VirtualTimer implements Timer {
  readonly dueAt: number;
  readonly order: number;
  run: (() => void) | undefined;

  constructor(dueAt: number, order: number, run: () => void) {
    this.dueAt = dueAt;
    this.order = order;
    this.run = run;
  }

  cancel(): void {
    this.run = undefined;
  }
}

/** A clock for tests and simulation; starts at `startMs` and `wallStartMs`. */
export class VirtualClock implements Clock {
  readonly #startMs: number;
  readonly #wallStartMs: number;
  #now: number;
  #order: number = 0;
  // Earliest last, so that the next one is popped.
  readonly #timers: VirtualTimer[] = [];
  #turns: (() => void)[] = [];

  constructor(startMs: number = 1_000, wallStartMs: number = Date.UTC(2026, 0, 1)) {
    this.#startMs = startMs;
    this.#wallStartMs = wallStartMs;
    this.#now = startMs;
  }

  now(): number {
    return this.#now;
  }

  wallNow(): number {
    return this.#wallStartMs + Math.floor(this.#now - this.#startMs);
  }

  after(delayMs: number, run: () => void): Timer {
    this.#order += 1;
    const timer = new VirtualTimer(this.#now + Math.max(0, delayMs), this.#order, run);
    let at = this.#timers.length;
    // Equal due times keep the order in which they were set: the newer one goes further from the
    // end.
    while (at > 0 && (this.#timers[at - 1] as VirtualTimer).dueAt <= timer.dueAt) at -= 1;
    this.#timers.splice(at, 0, timer);
    return timer;
  }

  nextTurn(run: () => void): void {
    this.#turns.push(run);
  }

  /** Timers and turns that have neither run nor been cancelled. */
  get pending(): number {
    return this.#timers.filter((timer) => timer.run !== undefined).length + this.#turns.length;
  }

  /** Milliseconds until the next timer, `undefined` when none is set. */
  get nextTimerInMs(): number | undefined {
    const next = this.#timers.findLast((timer) => timer.run !== undefined);
    return next === undefined ? undefined : next.dueAt - this.#now;
  }

  /**
   * Runs what `nextTurn` queued, turn by turn: what a turn queues belongs to the following one.
   * Without `turns` it goes on until nothing is queued.
   */
  runTurns(turns: number = Number.POSITIVE_INFINITY): void {
    let ran = 0;
    for (let turn = 0; turn < turns && this.#turns.length > 0; turn += 1) {
      const batch = this.#turns;
      this.#turns = [];
      for (const run of batch) {
        run();
        ran = this.#count(ran);
      }
    }
  }

  /** Moves time by `ms`, running on the way all turns and every timer that comes due. */
  advance(ms: number): void {
    const until = this.#now + ms;
    let ran = 0;
    this.runTurns();
    for (;;) {
      const next = this.#timers.at(-1);
      if (next === undefined || next.dueAt > until) break;
      this.#timers.pop();
      const run = next.run;
      if (run === undefined) continue;
      next.run = undefined;
      this.#now = next.dueAt;
      run();
      this.runTurns();
      ran = this.#count(ran);
    }
    this.#now = until;
  }

  #count(ran: number): number {
    if (ran >= RUNAWAY_CALLBACKS) throw new Error('virtual clock: callbacks re-arm without end');
    return ran + 1;
  }
}
