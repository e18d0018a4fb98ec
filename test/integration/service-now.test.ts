// What becomes of calls to a ServiceNow instance that fails in the ways it has: the dialect, the
// meaning of its answers and the attempts together, on virtual time.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checked } from '../../src/core/checked.ts';
import { stack } from '../../src/core/layer.ts';
import { seededRandom } from '../../src/core/random.ts';
import { Sweep } from '../../src/core/sweep.ts';
import { serviceNowDialect } from '../../src/dialects/service-now/service-now.ts';
import { meaningLayer } from '../../src/layers/meaning/meaning.ts';
import { defaultRetryOptions } from '../../src/layers/retry/options.ts';
import { RetryBudgets } from '../../src/layers/retry/retry-budgets.ts';
import { retryLayer } from '../../src/layers/retry/retry.ts';
import { RecordingSink } from '../../src/testing/recording-sink.ts';
import { ScriptedService } from '../../src/testing/scripted-service.ts';
import type { CallScript } from '../../src/testing/scripted-service.ts';
import { testCall } from '../../src/testing/test-call.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';

const JSON_TYPE = { 'content-type': 'application/json;charset=UTF-8' };
const PAGE_TYPE = { 'content-type': 'text/html' };
const whole: CallScript = { headers: JSON_TYPE, chunks: ['{"result":[]}'] };
const failure = '"error":{"message":"Transaction cancelled: maximum execution time exceeded"}';
const partial: CallScript = {
  headers: JSON_TYPE,
  chunks: ['{"result":[{"number":"INC1"}],', `${failure},"status":"failure"}`],
};
const odd: CallScript = { headers: JSON_TYPE, chunks: ['{"result":[],"status":"failure"}'] };
const page: CallScript = { headers: PAGE_TYPE, chunks: ['<html>asleep</html>'] };
const pageUnavailable: CallScript = { ...page, status: 503 };
const dropped: CallScript = { status: 202, headers: JSON_TYPE, chunks: ['{}'] };
const busy: CallScript = { status: 429, headers: JSON_TYPE, chunks: ['{"status":"failure"}'] };
const reset: CallScript = { failBeforeHead: 'RESET' };

/** What a caller hears when the instance answers like this, one script for each attempt. */
function outcome(method: string, ...scripts: CallScript[]): { story: string; attempts: number } {
  const clock = new VirtualClock();
  const sweep = new Sweep(clock);
  const upstream = new ScriptedService(clock, scripts);
  const budgets = new RetryBudgets();
  const service = stack(
    [
      retryLayer({ clock, random: seededRandom(3), sweep, budgets }),
      meaningLayer({ clock, sweep }),
    ],
    upstream.service,
    { between: checked },
  );
  const sink = new RecordingSink({ now: () => clock.now() });
  service(testCall({ method, route: { dialect: serviceNowDialect, kind: 'other' } }), sink);
  clock.advance(60_000);
  assert.equal(sweep.size, 0);
  return { story: sink.story.join(', '), attempts: upstream.calls.length };
}

const good = 'start 200, chunk 13, end';

describe('a read at an instance in trouble', () => {
  for (const [name, script] of Object.entries({ partial, page, dropped, busy, reset })) {
    it(`is made again, and nobody notices: ${name}`, () => {
      assert.deepEqual(outcome('GET', script, whole), { story: good, attempts: 2 });
    });
  }

  it('fails in the end where a page or nothing comes, and is never taken for done', () => {
    for (const script of [page, pageUnavailable]) {
      const story = 'fail INSTANCE_UNAVAILABLE';
      assert.deepEqual(outcome('GET', script), { story, attempts: 3 });
    }
    assert.deepEqual(outcome('GET', dropped), { story: 'fail READ_DROPPED', attempts: 3 });
  });

  it('fails in the end where its answer says itself that it failed', () => {
    const story = 'fail TRANSACTION_CANCELLED';
    assert.deepEqual(outcome('GET', partial), { story, attempts: 3 });
    assert.deepEqual(outcome('GET', odd), { story: 'fail REPORTED_FAILURE', attempts: 3 });
  });

  it('never ends well where its answer was too long to be held until it said so', () => {
    const page = 'x'.repeat(defaultRetryOptions.gateBytes);
    const long = { headers: JSON_TYPE, chunks: [`{"result":["${page}",`, '"y"],', `${failure}}`] };
    const { story, attempts } = outcome('GET', long);
    // The failure itself is not passed on: the document stays open, and its connection breaks.
    assert.match(story, /^start 200, chunk \d+, chunk 5, fail TRANSACTION_CANCELLED$/);
    assert.equal(attempts, 1);
  });
});

describe('a write at an instance in trouble', () => {
  for (const method of ['POST', 'PATCH', 'PUT', 'DELETE']) {
    it(`is made again only where it was not done: ${method}`, () => {
      assert.deepEqual(outcome(method, busy, whole), { story: good, attempts: 2 });
      assert.deepEqual(outcome(method, pageUnavailable, whole), { story: good, attempts: 2 });
      for (const script of [page, partial, reset]) {
        const { story, attempts } = outcome(method, script, whole);
        assert.match(story, /^fail [A-Z_]+$/);
        assert.equal(attempts, 1);
      }
    });

    it(`is not taken for done where its answer says that it failed: ${method}`, () => {
      assert.equal(outcome(method, partial).story, 'fail TRANSACTION_CANCELLED');
      assert.equal(outcome(method, { ...odd, status: 201 }).story, 'fail REPORTED_FAILURE');
    });

    it(`may be put off: ${method}`, () => {
      assert.equal(outcome(method, dropped).story, 'start 202, chunk 2, end');
    });
  }
});
