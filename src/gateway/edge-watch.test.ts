import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CallError } from '../core/errors.ts';
import { Metrics } from '../telemetry/metrics.ts';
import { VirtualClock } from '../testing/virtual-clock.ts';
import { EdgeWatch } from './edge-watch.ts';

function rig() {
  const clock = new VirtualClock();
  const metrics = new Metrics();
  const lines: string[] = [];
  const watch = new EdgeWatch(metrics, clock, { write: (line) => lines.push(line) });
  const only = (): Record<string, unknown> => {
    assert.equal(lines.length, 1);
    return JSON.parse(lines[0] ?? '') as Record<string, unknown>;
  };
  return { watch, metrics, lines, only };
}

describe('a request that is refused before it becomes a call', () => {
  it('can be found in the log by the id that its caller was given', () => {
    const { watch, metrics, only } = rig();
    const error = new CallError('BAD_REQUEST', { detail: 'A space before the colon.' });
    watch.refused({ callId: 'a1', error, method: '', path: '' });
    const line = only();
    assert.equal(line['msg'], 'refused');
    assert.equal(line['call'], 'a1');
    assert.equal(line['level'], 'warn');
    assert.equal(line['status'], 400);
    assert.equal(line['verdict'], 'BAD_REQUEST');
    assert.match(String(line['why']), /space before the colon/);
    assert.ok(!('path' in line));
    assert.equal(metrics.serverRefused.at('BAD_REQUEST').value, 1);
    metrics.close();
  });

  it('is named by its path, never by its query, which may hold a key', () => {
    const { watch, metrics, only } = rig();
    const error = new CallError('BODY_TOO_LARGE');
    watch.refused({ callId: 'a2', error, method: 'POST', path: '/v1/files?key=secret\n?x' });
    const line = only();
    assert.equal(line['path'], '/v1/files');
    assert.ok(!JSON.stringify(line).includes('secret'));
    metrics.close();
  });

  it('is only counted when it is a connection too many', () => {
    const { watch, metrics, lines } = rig();
    watch.turnedAway();
    assert.deepEqual(lines, []);
    assert.equal(metrics.serverRefused.at('CONNECTIONS').value, 1);
    metrics.close();
  });
});
