// For checks that are true only while this process runs in time: races of tens of milliseconds
// between sockets of its own. On a machine that is busy with other things a failure of theirs
// proves nothing, so they are run again; one that fails in time fails at once.

import { monitorEventLoopDelay } from 'node:perf_hooks';

/** How often the event loop is looked at, in ms; this is part of each reading. */
const RESOLUTION_MS = 5;
/** An event loop that was this late has seen closes and answers late, in ms. */
const LATE_MS = 10;
const RUNS_MAX = 5;

/** Runs a check until it holds, or fails although the event loop was never late. */
export async function whenTimely(check: () => Promise<void>): Promise<void> {
  for (let run = 1; ; run += 1) {
    const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
    delay.enable();
    try {
      await check();
      return;
    } catch (failure) {
      const lateMs = delay.max / 1_000_000 - RESOLUTION_MS;
      if (run === RUNS_MAX || lateMs < LATE_MS) throw failure;
    } finally {
      delay.disable();
    }
  }
}
