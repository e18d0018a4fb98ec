// What a caller gets of a stream when the layer puts in a heartbeat wherever it may: on virtual
// time, so that it has the chance after every single piece.

import { stack } from '../../../src/core/layer.ts';
import { Sweep } from '../../../src/core/sweep.ts';
import type { Dialect } from '../../../src/core/dialect.ts';
import { heartbeatLayer } from '../../../src/layers/heartbeat/heartbeat.ts';
import { defaultHeartbeatOptions } from '../../../src/layers/heartbeat/options.ts';
import type { HeartbeatOptions } from '../../../src/layers/heartbeat/options.ts';
import { meaningLayer } from '../../../src/layers/meaning/meaning.ts';
import {
  RecordingSink,
  ScriptedService,
  VirtualClock,
  byHand,
  testCall,
  testHead,
} from '../../../src/testing/index.ts';

/** The pieces as they went to the caller, ours among them. */
export interface BeatenStream {
  readonly pieces: readonly Buffer[];
  readonly beats: number;
  readonly whole: boolean;
}

const EVERY_MS = 100;
/** Enough for the sweep to see the last bytes and then the silence. */
const PAUSE_MS = 400;

/** Sends `bytes` cut at `cuts` (ascending), with a silence before, between and after the pieces. */
export function beatenStream(
  dialect: Dialect,
  bytes: Uint8Array,
  cuts: readonly number[],
  options: Partial<HeartbeatOptions> = {},
  fields: Record<string, string> = { 'content-type': 'text/event-stream' },
): BeatenStream {
  const clock = new VirtualClock();
  const sweep = new Sweep(clock);
  let beats = 0;
  const heartbeat = heartbeatLayer(
    {
      clock,
      sweep,
      wantsStream: () => true,
      observer: { sent: () => (beats += 1), committed() {} },
    },
    { ...defaultHeartbeatOptions, everyMs: EVERY_MS, ...options },
  );
  const upstream = new ScriptedService(clock, byHand);
  const service = stack([heartbeat, meaningLayer({ clock, sweep })], upstream.service);
  const sink = new RecordingSink();
  service(testCall({ route: { dialect, limits: noLimits } }), sink);
  clock.advance(PAUSE_MS);
  upstream.last.start(testHead(200, fields));
  // The head is held for its first byte, a second at most.
  clock.advance(1_000 + PAUSE_MS);
  let from = 0;
  for (const cut of [...cuts, bytes.length]) {
    if (cut <= from) continue;
    upstream.last.chunk(bytes.subarray(from, cut));
    from = cut;
    clock.advance(PAUSE_MS);
  }
  upstream.last.end();
  const pieces = sink.events.flatMap((event) => (event.type === 'chunk' ? [event.bytes] : []));
  return { pieces, beats, whole: sink.ended };
}

const noLimits = {
  queueMs: Infinity,
  connectMs: Infinity,
  tlsMs: Infinity,
  uploadMs: Infinity,
  firstByteMs: Infinity,
  byteIdleMs: Infinity,
  byteIdleAfterPingMs: Infinity,
  progressIdleMs: Infinity,
  totalMs: Infinity,
  writeStallMs: Infinity,
};
