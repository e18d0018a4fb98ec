// Looks at endpoints that were given up, so that a long ejection can end early. Off unless wired.
// A look never takes an endpoint back by itself: it allows the next call to try, because a place
// that accepts connections may still fail every call. And it never is a call: that may be billed.

import type { Clock, Timer } from '../../core/clock.ts';
import type { Random } from '../../core/random.ts';
import { CheckSchedule, defaultCheckOptions } from './check-schedule.ts';
import type { CheckOptions } from './check-schedule.ts';

/** What a look shows: nothing good, that a connection stands, that a request is answered well. */
export type CheckResult = 'nothing' | 'connects' | 'answers';

/** Makes the looks; owned by whoever may open sockets, who also ends each in good time. */
export interface Prober {
  /** Looks at an endpoint. A rejection counts as `nothing`. */
  probe(endpointKey: string): Promise<CheckResult>;
}

/** Who has given endpoints up. */
export interface Ejections {
  /** The endpoint is given up and its time is not over. */
  isEjected(endpointKey: string): boolean;
  /** The next call may try it. */
  mayProbeNow(endpointKey: string, proof: Exclude<CheckResult, 'nothing'>): void;
}

/** What the checks are given. */
export interface HealthChecksDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly prober: Prober;
  readonly ejections: Ejections;
}

/** Runs the looks. Rests while nothing is ejected; ends by `close`. */
export class HealthChecks {
  readonly #clock: Clock;
  readonly #prober: Prober;
  readonly #ejections: Ejections;
  readonly #schedule: CheckSchedule;
  readonly #looking = new Set<string>();
  #timer: Timer | undefined = undefined;
  #closed: boolean = false;

  constructor(deps: HealthChecksDeps, options: CheckOptions = defaultCheckOptions) {
    this.#clock = deps.clock;
    this.#prober = deps.prober;
    this.#ejections = deps.ejections;
    this.#schedule = new CheckSchedule(options, deps.random);
  }

  /** Endpoints that are looked at. */
  get size(): number {
    return this.#schedule.size;
  }

  /** Told when an endpoint was given up; may be repeated. */
  ejected(endpointKey: string): void {
    if (this.#closed) return;
    this.#schedule.add(endpointKey, this.#clock.now());
    this.#arm();
  }

  close(): void {
    this.#closed = true;
    this.#schedule.clear();
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #arm(): void {
    const { nextAt } = this.#schedule;
    this.#timer?.cancel();
    this.#timer = undefined;
    if (nextAt === undefined) return;
    this.#timer = this.#clock.after(nextAt - this.#clock.now(), () => this.#tick());
  }

  #tick(): void {
    for (const key of this.#schedule.takeDue(this.#clock.now())) {
      if (!this.#ejections.isEjected(key)) this.#schedule.remove(key);
      // A look that hangs is not joined by a second one.
      else if (!this.#looking.has(key)) void this.#look(key);
    }
    this.#arm();
  }

  async #look(key: string): Promise<void> {
    this.#looking.add(key);
    let result: CheckResult = 'nothing';
    try {
      result = await this.#prober.probe(key);
    } catch {
      // The same as not being there.
    } finally {
      this.#looking.delete(key);
    }
    if (result !== 'nothing' && this.#schedule.has(key)) {
      this.#ejections.mayProbeNow(key, result);
    }
  }
}
