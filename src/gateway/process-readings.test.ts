import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { systemClock } from '../core/clock.ts';
import { OwnReadings } from './process-readings.ts';

describe('readings of the process', () => {
  it('tell a busy and late loop from one at rest', async () => {
    const readings = new OwnReadings();
    const rest = async (ms: number): Promise<void> => {
      const { promise, resolve } = Promise.withResolvers<void>();
      setTimeout(resolve, ms);
      await promise;
    };
    await rest(100);
    readings.read();
    await rest(100);
    const idle = readings.read();
    // The monitor measures from its first tick after a reading on.
    await rest(60);
    const until = systemClock.now() + 300;
    while (systemClock.now() < until);
    await rest(30);
    const busy = readings.read();
    readings.close();
    assert.ok(idle.loopUtilization < 0.5, `${idle.loopUtilization}`);
    assert.ok(busy.loopUtilization > idle.loopUtilization);
    assert.ok(busy.loopDelayP99Ms > 200, `${busy.loopDelayP99Ms} ms`);
    assert.ok(busy.heapShare > 0 && busy.heapShare < 1);
  });
});
