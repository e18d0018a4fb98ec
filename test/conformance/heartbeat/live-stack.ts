// A gateway's stack around the heartbeat layer on real sockets: edge, layers, wire. Its clock runs
// faster than the world's, so that the sweep comes every few milliseconds.

import type { Clock } from '../../../src/core/clock.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { attemptOf } from '../../../src/core/call.ts';
import type { Dialect } from '../../../src/core/dialect.ts';
import { stack } from '../../../src/core/layer.ts';
import { Leases } from '../../../src/core/leases.ts';
import { seededRandom } from '../../../src/core/random.ts';
import type { PhaseLimits } from '../../../src/core/route.ts';
import { Sweep } from '../../../src/core/sweep.ts';
import { heartbeatLayer } from '../../../src/layers/heartbeat/heartbeat.ts';
import { defaultHeartbeatOptions } from '../../../src/layers/heartbeat/options.ts';
import type { HeartbeatOptions } from '../../../src/layers/heartbeat/options.ts';
import { asksForStream } from '../../../src/layers/heartbeat/stream-ask.ts';
import { meaningLayer } from '../../../src/layers/meaning/meaning.ts';
import { timeoutsLayer } from '../../../src/layers/timeouts/timeouts.ts';
import { testEndpoint, testLimits, testRoute } from '../../../src/testing/index.ts';
import { Transport } from '../../../src/transport/transport.ts';
import { defaultTransportOptions } from '../../../src/transport/transport-options.ts';
import { silentObserver } from '../../../src/transport/transport-observer.ts';
import { startEdge } from '../../support/edge-rig.ts';
import type { EdgeKind } from '../../support/edge-rig.ts';

/** What differs from one stack to the next. Times are those of the stack's own clock. */
export interface LiveSettings {
  readonly upstreamPort: number;
  readonly dialect: Dialect;
  readonly heartbeat?: Partial<HeartbeatOptions>;
  readonly limits?: Partial<PhaseLimits>;
  readonly edge?: EdgeKind;
  /** How many times faster than the world its clock runs; default 1. */
  readonly haste?: number;
}

/** A running stack. Ends by `close`. */
export interface LiveStack {
  readonly url: string;
  readonly port: number;
  /** Heartbeats sent and heads committed so far. */
  readonly counts: { sent: number; committed: number };
  readonly leases: Leases;
  close(): Promise<void>;
}

/** Starts edge, heartbeat, timeouts, meaning and wire in front of one upstream. */
export async function startLiveStack(settings: LiveSettings): Promise<LiveStack> {
  const clock = hastened(settings.haste ?? 1);
  const sweep = new Sweep(clock);
  const leases = new Leases(clock);
  const counts = { sent: 0, committed: 0 };
  const heartbeat = heartbeatLayer(
    {
      clock,
      sweep,
      wantsStream: asksForStream,
      observer: {
        sent: () => (counts.sent += 1),
        committed: () => (counts.committed += 1),
      },
    },
    { ...defaultHeartbeatOptions, ...settings.heartbeat },
  );
  const transport = new Transport(
    { clock, random: seededRandom(1), leases },
    defaultTransportOptions,
    silentObserver,
  );
  const service = stack(
    [heartbeat, timeoutsLayer({ sweep }), meaningLayer({ clock, sweep })],
    transport.service,
  );
  const route = testRoute({
    dialect: settings.dialect,
    endpoints: [testEndpoint(settings.upstreamPort)],
    limits: { ...wideLimits, ...settings.limits },
  });
  const edge = await startEdge(
    settings.edge ?? 'own',
    (call, sink) => service(attemptOf(call, 1, call.cancellation, { route }), sink),
    { dialect: settings.dialect },
  );
  return {
    url: `http://127.0.0.1:${edge.port}`,
    port: edge.port,
    counts,
    leases,
    async close() {
      await edge.close();
      transport.destroy();
    },
  };
}

const HOUR_MS = 3_600_000;
const wideLimits: PhaseLimits = {
  ...testLimits,
  connectMs: HOUR_MS,
  firstByteMs: HOUR_MS,
  byteIdleMs: HOUR_MS,
  byteIdleAfterPingMs: HOUR_MS,
  progressIdleMs: HOUR_MS,
  totalMs: HOUR_MS,
};

function hastened(factor: number): Clock {
  return {
    now: () => systemClock.now() * factor,
    wallNow: () => systemClock.wallNow(),
    after: (delayMs, run) => systemClock.after(delayMs / factor, run),
    nextTurn: (run) => systemClock.nextTurn(run),
  };
}
