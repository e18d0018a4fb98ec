import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CallError } from '../core/errors.ts';
import { serviceNowDialect } from '../dialects/service-now/service-now.ts';
import { testCall } from '../testing/index.ts';
import { WatchedCalls } from './watched-calls.ts';

/** What is written down of a call that took this long, in ms. */
function written(tookMs: number, dialect = serviceNowDialect): unknown[] {
  const heard: string[] = [];
  const log: unknown[] = [];
  const calls = new WatchedCalls(
    {
      callStarted: () => heard.push('started'),
      callAnswered: () => heard.push('answered'),
      callEnded: (_call, error) => heard.push(error?.code ?? 'ended'),
    },
    { warn: (facts: unknown) => void log.push(facts) },
  );
  const path = '/api/now/table/incident?sysparm_query=caller=Mrs+Smith';
  const call = testCall({ method: 'GET', path, route: { dialect } });
  call.timeline.firstWriteAt = 1_000;
  call.timeline.endedAt = 1_000 + tookMs;
  calls.callStarted(call);
  calls.callAnswered(call);
  calls.callEnded(call, new CallError('RESET'));
  assert.deepEqual(heard, ['started', 'answered', 'RESET']);
  return log;
}

describe('a query that takes long', () => {
  it('is written down with what to change in it, and without its values', () => {
    const [slow] = written(12_000) as { tookMs: number; query: string; advice: string[] }[];
    assert.equal(slow?.tookMs, 12_000);
    assert.match(slow?.query ?? '', /incident/);
    assert.doesNotMatch(JSON.stringify(slow), /Smith/);
    assert.ok((slow?.advice.length ?? 0) > 0);
  });

  it('is nothing to speak of below ten seconds, or at another kind of service', () => {
    assert.deepEqual(written(9_000), []);
    assert.deepEqual(written(12_000, testCall().route.dialect), []);
  });
});
