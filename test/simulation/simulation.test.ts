// The promises of the product under every weather that these seeds bring. Fresh seeds:
// `npm run simulate`; one of them again: `npm run simulate -- --seed N`.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { attemptOf } from '../../src/core/call.ts';
import { Cancellation } from '../../src/core/cancellation.ts';
import type { Clock } from '../../src/core/clock.ts';
import { CallError } from '../../src/core/errors.ts';
import type { Sink } from '../../src/core/sink.ts';
import { simulate } from './world.ts';
import type { RunOptions } from './world.ts';

const CALLS = 1_500;

/** Passes on to `sink` all but what `own` takes over. */
function changed(sink: Sink, own: Partial<Sink>): Sink {
  return {
    interim: (head) => sink.interim(head),
    start: (head, flow) => sink.start(head, flow),
    chunk: (bytes) => sink.chunk(bytes),
    end: (trailers) => sink.end(trailers),
    fail: (error) => sink.fail(error),
    ...own,
  };
}

/** Plays tricks on the answer of every call. */
function answersAs(trick: (sink: Sink, clock: Clock) => Partial<Sink>): Partial<RunOptions> {
  return {
    sabotage: (service, clock) => (call, sink) => {
      service(call, changed(sink, trick(sink, clock)));
    },
  };
}

/** What breaks which promise. */
const sabotages: Record<string, { promise: RegExp; options: Partial<RunOptions> }> = {
  'a cut stream that is ended politely': {
    promise: /^1: a cut answer looks finished/,
    options: answersAs((sink) => {
      let started = false;
      return {
        start: (head, flow) => {
          started = true;
          sink.start(head, flow);
        },
        fail: (error) => (started ? sink.end() : sink.fail(error)),
      };
    }),
  },
  'a total limit on living streams': {
    promise: /^2: a living stream was cut/,
    options: {
      sabotage: (service, clock) => (call, sink) => {
        const scope = new Cancellation(call.cancellation);
        clock.after(5_000, () => scope.cancel(new CallError('DEADLINE_EXCEEDED')));
        service(attemptOf(call, 1, scope), sink);
      },
    },
  },
  'a stale connection that is not replaced': {
    promise: /^3: a stale connection has reached the caller/,
    options: answersAs((sink) => ({
      fail: (error) =>
        sink.fail(error.code === 'RESET' ? new CallError('STALE_CONNECTION') : error),
    })),
  },
  'an attempt too many': {
    promise: /^4: it ran \d+ times/,
    options: {
      sabotage: (service) => (call, sink) => {
        const again = changed(sink, {
          fail: (error) => {
            if (error.origin === 'upstream') service(call, sink);
            else sink.fail(error);
          },
        });
        service(call, again);
      },
    },
  },
  'a gateway that does not hear callers leave': {
    promise: /^5: the caller left and the call went on/,
    options: {
      sabotage: (service) => (call, sink) => {
        service(attemptOf(call, 1, new Cancellation()), sink);
      },
    },
  },
  'tokens that are renewed all the time': {
    promise: /^6: renewed without need/,
    options: { tokenLife: { advisoryShare: 0.9 } },
  },
  'a body that is never let go': {
    promise: /^10: \d+ bytes kept/,
    options: {
      sabotage: (service) => (call, sink) => {
        if (call.id === 'call-7') call.body.release = () => {};
        service(call, sink);
      },
    },
  },
  'a refusal that does not say when to come again': {
    promise: /^8: [A-Z_]+ does not say when to come again/,
    options: answersAs((sink) => ({ fail: (error) => sink.fail(new CallError(error.code)) })),
  },
  'a verdict that is not what the caller heard': {
    promise: /^9: the verdict is not what the caller heard/,
    options: answersAs((sink) => ({
      fail: (error) =>
        sink.fail(error.origin === 'upstream' ? new CallError('CONNECT_FAILED') : error),
    })),
  },
};

describe('a simulated day', () => {
  for (let seed = 1; seed <= 12; seed += 1) {
    it(`keeps every promise: seed ${seed}`, async () => {
      const report = await simulate({ seed, calls: CALLS });
      assert.deepEqual(report.broken, []);
      assert.ok(report.arrived <= 1.2 * CALLS + 100, `${report.arrived} attempts`);
      // A stall is found out after a minute, and one place in nine has nobody to stand in for it.
      assert.ok(report.answered > 0.5 * CALLS, `${report.answered} answered`);
    });
  }

  it('is the same again with the same seed, and another with another', async () => {
    const digest = async (seed: number) => (await simulate({ seed, calls: 300 })).digest;
    const first = await digest(7);
    assert.equal(await digest(7), first);
    assert.notEqual(await digest(8), first);
  });

  for (const [what, { promise, options }] of Object.entries(sabotages)) {
    it(`finds out ${what}`, async () => {
      const broken: string[] = [];
      for (let seed = 1; seed <= 6 && !broken.some((line) => promise.test(line)); seed += 1) {
        broken.push(...(await simulate({ seed, calls: CALLS, ...options })).broken);
      }
      assert.ok(
        broken.some((line) => promise.test(line)),
        broken.slice(0, 3).join('\n'),
      );
    });
  }
});
