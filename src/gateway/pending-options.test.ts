import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startGateway } from './gateway.ts';
import type { RunningOption } from './snapshot.ts';

describe('the debug view of the configuration', () => {
  it('shows what the process runs with, and what waits for its next start', async () => {
    const config = (failures: number): Readonly<Record<string, unknown>> => ({
      listen: '127.0.0.1:0',
      admin: 'off',
      guard: false,
      log: { level: 'silent' },
      breaker: { failures },
    });
    const gateway = await startGateway({ config: config(5), env: {} });
    try {
      assert.deepEqual(gateway.reload({ ...config(2), drain: { lag: '1s' } }), []);
      const shown = gateway.views.pages.config() as RunningOption[];
      const at = (path: string): unknown => {
        const option = shown.find((each) => each.path === path);
        return option && [option.value, option.atNextStart];
      };
      assert.deepEqual(at('breaker.failures'), ['5', '2']);
      assert.deepEqual(at('drain.lag'), ['1s', undefined]);
    } finally {
      gateway.destroy();
    }
  });
});
