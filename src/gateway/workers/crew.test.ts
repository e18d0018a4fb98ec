import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Clock } from '../../core/clock.ts';
import { systemClock } from '../../core/clock.ts';
import { eventually } from '../../testing/eventually.fixture.ts';
import { silentLog } from '../process-log.ts';
import { Crew } from './crew.ts';

/** The clock of the machine, and how many timers were cancelled: one for each answer. */
class CountingClock implements Clock {
  answers: number = 0;
  readonly now = systemClock.now;
  readonly wallNow = systemClock.wallNow;
  readonly nextTurn = systemClock.nextTurn;

  after(delayMs: number, run: () => void): { cancel(): void } {
    const timer = systemClock.after(delayMs, run);
    return {
      cancel: () => {
        this.answers += 1;
        timer.cancel();
      },
    };
  }
}

function callsIn(text: string): number {
  const rows = text.matchAll(/^http_server_request_duration_seconds_count\{[^}]*\} (\d+)$/gm);
  return [...rows].reduce((sum, row) => sum + Number(row[1]), 0);
}

describe('a crew', () => {
  it('counts a worker once that dies between its answer and that of a slower one', async () => {
    const pids: number[] = [];
    const deaths: string[] = [];
    const log = {
      ...silentLog,
      info: (facts: { pid: number }) => void pids.push(facts.pid),
      error: (_facts: unknown, message: string) => void deaths.push(message),
    } as typeof silentLog;
    const clock = new CountingClock();
    const crew = new Crew(2, { clock, env: process.env, log, lines: () => {}, overrides: {} });
    try {
      const { port } = await crew.start({ host: '127.0.0.1', port: 0 }, undefined);
      const [slow = 0, victim = 0] = pids;
      // Enough that each of the two has had some.
      for (let n = 0; n < 40; n += 1) {
        const headers = { connection: 'close' };
        await (await fetch(`http://127.0.0.1:${port}/nowhere`, { headers })).text();
      }
      assert.equal(callsIn(await crew.metrics()), 40);
      process.kill(slow, 'SIGSTOP');
      const before = clock.answers;
      const scrape = crew.metrics();
      await eventually(() => clock.answers > before, 'the answer of one worker');
      process.kill(victim, 'SIGKILL');
      await eventually(() => deaths.length > 0, 'the other worker to die');
      process.kill(slow, 'SIGCONT');
      assert.equal(callsIn(await scrape), 40);
    } finally {
      crew.kill();
    }
  });
});
