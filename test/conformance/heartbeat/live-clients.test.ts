// The official clients on real sockets, behind edge, layers and wire, with a heartbeat every few
// milliseconds: what they see must be what they see straight at the upstream.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Dialect } from '../../../src/core/dialect.ts';
import { dialectByName } from '../../../src/dialects/dialects.ts';
import { sampleStreams } from '../../../src/dialects/sample-streams.ts';
import { MisbehavingUpstream } from '../../../src/testing/index.ts';
import type { Behaviour, Trickle } from '../../../src/testing/misbehaving-upstream/behaviour.ts';
import {
  jsonAnswer,
  sseAnswer,
} from '../../../src/testing/misbehaving-upstream/built-in-answers.ts';
import { liveClients } from './live-clients.ts';
import { startLiveStack } from './live-stack.ts';
import type { LiveStack } from './live-stack.ts';

/** With a sweep each millisecond, a heartbeat comes every three or so. */
const HASTE = 100;
const EVERY_MS = 100;
const PAUSE_MS = 8;
const COMMIT_MS = 2_000;

function dialect(name: string): Dialect {
  const found = dialectByName(name);
  assert.ok(found);
  return found;
}

/** The sample of the dialect, with a pause before each event. */
function paused(name: string): Behaviour {
  const text = sampleStreams.find((sample) => sample.dialect === name)?.text ?? '';
  const events = text.split(/(?<=\n\n)/);
  return { answer: sseAnswer(events.map((bytes) => ({ afterMs: PAUSE_MS, bytes }))) };
}

/** Reads of different sizes: 1 and 3 meet every place in every event. */
const readings: readonly (readonly [string, (name: string) => Behaviour])[] = [
  ['event by event', (name) => ({ ...paused(name), writes: 'each' })],
  ['three bytes at a time', (name) => ({ ...paused(name), trickle: piecesOf(3) })],
  ['byte by byte', (name) => ({ ...paused(name), trickle: piecesOf(1) })],
  ['after a long wait for the head', (name) => ({ ...paused(name), thinkMs: 300 })],
];

function piecesOf(bytes: number): Trickle {
  return { bytes, everyMs: 1, part: 'body' };
}

describe('clients whose stream is full of heartbeats', { concurrency: liveClients.length }, () => {
  for (const { name, dialect: dialectName, see } of liveClients) {
    it(`${name}: see nothing of them`, async () => {
      const upstream = await MisbehavingUpstream.listen(paused(dialectName));
      const live = await startLiveStack({
        upstreamPort: upstream.port,
        dialect: dialect(dialectName),
        haste: HASTE,
        heartbeat: { everyMs: EVERY_MS, commitAfterMs: COMMIT_MS },
      });
      try {
        const expected = await see(upstream.url);
        assert.ok(expected.length > 0);
        for (const [how, behaviour] of readings) {
          upstream.use(behaviour(dialectName));
          live.counts.sent = 0;
          assert.deepEqual(await see(live.url), expected, how);
          assert.ok(live.counts.sent > 5, `${live.counts.sent} heartbeats ${how}`);
        }
        assert.ok(live.counts.committed > 0, 'one head was ours');
      } finally {
        await live.close();
        await upstream.close();
      }
    });
  }
});

describe(
  'clients whose call is refused after a head of ours',
  { concurrency: liveClients.length },
  () => {
    const message = 'prompt is too long: 208310 tokens > 200000 maximum';
    const error = {
      type: 'invalid_request_error',
      message,
      param: null,
      code: 'context_length_exceeded',
    };
    let upstream: MisbehavingUpstream;
    const live: Record<string, LiveStack> = {};
    before(async () => {
      upstream = await MisbehavingUpstream.listen({
        thinkMs: 600,
        answer: jsonAnswer(400, { type: 'error', error }),
      });
      for (const { dialect: name } of liveClients) {
        live[name] ??= await startLiveStack({
          upstreamPort: upstream.port,
          dialect: dialect(name),
          heartbeat: { everyMs: 100, commitAfterMs: 50 },
        });
      }
    });
    after(async () => {
      for (const one of Object.values(live)) await one.close();
      await upstream.close();
    });

    for (const { name, dialect: dialectName, see } of liveClients) {
      it(`${name}: throw the words of the upstream`, async () => {
        const stack = live[dialectName];
        assert.ok(stack);
        const before = stack.counts.committed;
        await assert.rejects(see(stack.url), (thrown) => {
          assert.ok(JSON.stringify([String(thrown), thrown]).includes(message), String(thrown));
          return true;
        });
        assert.ok(stack.counts.committed > before);
      });
    }
  },
);
