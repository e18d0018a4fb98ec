import { equal, match, ok } from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runExample } from './example-run.ts';

/** The columns of a line of the table: calls, ok, failed, shed. */
function counts(text: string, name: string): { calls: number; good: number; shed: number } {
  const line = new RegExp(`^ +${name} +(\\d+) +(\\d+) +(\\d+) +(\\d+) `, 'm').exec(text);
  ok(line !== null, `no line of ${name} in:\n${text}`);
  const [calls = 0, good = 0, failed = 0, shed = 0] = line.slice(1).map(Number);
  equal(good + failed + shed, calls, 'every call ended in one way');
  return { calls, good, shed };
}

describe('the example of a load on an internal service', () => {
  it('loses calls without the gateway; with it, some are only told to come back', async () => {
    const { code, output } = await runExample('internal-api-load-rig');
    equal(code, 0, output);
    const straight = counts(output, 'straight');
    const gateway = counts(output, 'through the gateway');
    equal(straight.shed, 0);
    ok(straight.good < straight.calls * 0.9, output);
    ok(gateway.shed > 0, output);
    match(output, /circuits opened [1-9]/);
    match(output, /through the gateway: placed \d+ orders, 0 of them twice/);
  });
});
