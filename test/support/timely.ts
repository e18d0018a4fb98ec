// For checks that are true only while this process runs in time: races of tens of milliseconds
// between sockets of its own. On a machine that is busy with other things a failure of theirs
// proves nothing, so they are run again; one that fails in time fails at once.

import { monitorEventLoopDelay } from 'node:perf_hooks';

/** An event loop that was this late has seen closes and answers late, in ms. */
const LATE_MS = 25;
const RUNS_MAX = 5;

/** Runs a check until it holds, or fails although the event loop was never late. */
export async function whenTimely(check: () => Promise<void>): Promise<void> {
  for (let run = 1; ; run += 1) {
    const delay = monitorEventLoopDelay({ resolution: 5 });
    delay.enable();
    try {
      await check();
      return;
    } catch (failure) {
      const lateMs = delay.max / 1_000_000;
      if (run === RUNS_MAX || lateMs < LATE_MS) throw failure;
    } finally {
      delay.disable();
    }
  }
}
