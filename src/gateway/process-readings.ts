// How the process is doing: how busy and how late its event loop is, how full its heap. Each
// reading covers the time since the one before. A monitor of its own, because scrapes reset theirs.

import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import type { ProcessReading } from '../layers/admission/guard-rules.ts';
import type { ProcessReadings } from '../layers/admission/process-guard.ts';

/** Finer than any mark that is compared with it, coarse enough to cost nothing. */
const RESOLUTION_MS = 20;

/** Readings of this process. Ends by `close`. */
export class OwnReadings implements ProcessReadings {
  readonly #delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  #last = performance.eventLoopUtilization();

  constructor() {
    this.#delay.enable();
  }

  read(): ProcessReading {
    const now = performance.eventLoopUtilization();
    const since = performance.eventLoopUtilization(now, this.#last);
    this.#last = now;
    // Timers are late by their own resolution even in an idle process.
    const lateMs = Math.max(0, this.#delay.percentile(99) / 1e6 - RESOLUTION_MS);
    this.#delay.reset();
    const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
    return {
      loopUtilization: since.utilization,
      loopDelayP99Ms: Number.isFinite(lateMs) ? lateMs : 0,
      heapShare: used / limit,
    };
  }

  close(): void {
    this.#delay.disable();
  }
}
