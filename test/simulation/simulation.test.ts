// The promises of the product under every weather that these seeds bring. Fresh seeds:
// `npm run simulate`; one of them again: `npm run simulate -- --seed N`.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { attemptOf } from '../../src/core/call.ts';
import { Cancellation } from '../../src/core/cancellation.ts';
import type { Service } from '../../src/core/layer.ts';
import type { Sink } from '../../src/core/sink.ts';
import { simulate } from './world.ts';

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

const sabotages: Record<string, { promise: RegExp; sabotage: (service: Service) => Service }> = {
  'a cut stream that is ended politely': {
    promise: /^1: a cut answer looks finished/,
    sabotage: (service) => (call, sink) => {
      let started = false;
      const polite = changed(sink, {
        start: (head, flow) => {
          started = true;
          sink.start(head, flow);
        },
        fail: (error) => (started ? sink.end() : sink.fail(error)),
      });
      service(call, polite);
    },
  },
  'a gateway that does not hear callers leave': {
    promise: /^5: the caller left and the call went on/,
    sabotage: (service) => (call, sink) => {
      service(attemptOf(call, 1, new Cancellation()), sink);
    },
  },
  'an attempt too many': {
    promise: /^4: call-\d+ ran \d+ times/,
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
};

describe('a simulated day', () => {
  for (let seed = 1; seed <= 12; seed += 1) {
    it(`keeps every promise: seed ${seed}`, () => {
      const report = simulate({ seed, calls: CALLS });
      assert.deepEqual(report.broken, []);
      assert.ok(report.arrived <= 1.2 * CALLS + 100, `${report.arrived} attempts`);
      // A stall is found out after a minute, and one place in nine has nobody to stand in for it.
      assert.ok(report.answered > 0.5 * CALLS, `${report.answered} answered`);
    });
  }

  it('is the same again with the same seed, and another with another', () => {
    const digests = [7, 7, 8].map((seed) => simulate({ seed, calls: 300 }).digest);
    assert.equal(digests[0], digests[1]);
    assert.notEqual(digests[0], digests[2]);
  });

  for (const [what, { promise, sabotage }] of Object.entries(sabotages)) {
    it(`finds out ${what}`, () => {
      const broken: string[] = [];
      for (let seed = 1; seed <= 6; seed += 1) {
        broken.push(...simulate({ seed, calls: CALLS, sabotage }).broken);
      }
      assert.ok(
        broken.some((line) => promise.test(line)),
        broken.slice(0, 3).join('\n'),
      );
    });
  }
});
