// Counts what happens at the edge outside of calls, and writes a line for each request that was
// refused before it became one: its id, which the caller has in hand, must be found in the log.

import type { Clock } from '../core/clock.ts';
import type { EdgeObserver, Refusal } from '../edges/http-server/edge-options.ts';
import type { LineWriter } from '../telemetry/access-log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { refusalLine } from '../telemetry/refusal-line.ts';

/** Hears the edge of one gateway. */
export class EdgeWatch implements EdgeObserver {
  /** Open caller connections. */
  connections: number = 0;
  readonly #metrics: Metrics;
  readonly #clock: Clock;
  readonly #lines: LineWriter | undefined;

  /** `lines` takes what is refused; without it nobody wants it. */
  constructor(metrics: Metrics, clock: Clock, lines: LineWriter | undefined) {
    this.#metrics = metrics;
    this.#clock = clock;
    this.#lines = lines;
  }

  connectionOpened(): void {
    this.connections += 1;
  }

  connectionClosed(): void {
    this.connections -= 1;
  }

  /** Counted only: who opens too many connections must not fill the log as well. */
  turnedAway(): void {
    this.#metrics.serverRefused.at('CONNECTIONS').value += 1;
  }

  refused(refusal: Refusal): void {
    this.#metrics.serverRefused.at(refusal.error.code).value += 1;
    this.#lines?.write(refusalLine(refusal, this.#clock.wallNow()));
  }
}
