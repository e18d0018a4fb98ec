// A transport with everything it needs, and an observer that keeps what it was told, for the tests
// of this room. Invariant: `end` leaves neither a socket nor a lease, or throws.

import type { Call } from '../core/call.ts';
import { systemClock } from '../core/clock.ts';
import type { Clock } from '../core/clock.ts';
import { Leases } from '../core/leases.ts';
import { seededRandom } from '../core/random.ts';
import { allGivenBack } from '../testing/eventually.fixture.ts';
import { MisbehavingUpstream } from '../testing/misbehaving-upstream/misbehaving-upstream.ts';
import { RecordingSink } from '../testing/recording-sink.ts';
import type { RecordingOptions } from '../testing/recording-sink.ts';
import { testCall, testEndpoint } from '../testing/test-call.ts';
import type { TestCallOptions } from '../testing/test-call.ts';
import type { Connector } from './connector.ts';
import type { CloseReason, LadderLevel, TransportObserver } from './transport-observer.ts';
import type { TransportOptions } from './transport-options.ts';
import { defaultTransportOptions } from './transport-options.ts';
import { Transport } from './transport.ts';

/** Keeps every word. */
export class TransportLog implements TransportObserver {
  opened: number = 0;
  failedDials: number = 0;
  fresh: number = 0;
  reused: number = 0;
  readonly closed: CloseReason[] = [];
  readonly stale: { level: LadderLevel; replayed: boolean }[] = [];
  readonly sentinels: number[] = [];
  readonly budgets: number[] = [];

  connectionOpened(): void {
    this.opened += 1;
  }

  connectionClosed(_endpoint: string, reason: CloseReason): void {
    this.closed.push(reason);
  }

  dialFailed(): void {
    this.failedDials += 1;
  }

  requestSent(_endpoint: string, reused: boolean): void {
    if (reused) this.reused += 1;
    else this.fresh += 1;
  }

  staleFailure(_endpoint: string, level: LadderLevel, replayed: boolean): void {
    this.stale.push({ level, replayed });
  }

  sentinelClosed(_endpoint: string, idleMs: number): void {
    this.sentinels.push(idleMs);
  }

  idleBudget(_endpoint: string, budgetMs: number): void {
    this.budgets.push(budgetMs);
  }
}

/** A transport under test. */
export interface TransportRig {
  readonly transport: Transport;
  readonly log: TransportLog;
  readonly leases: Leases;
  /** Destroys the transport and waits until its sockets are gone. */
  readonly end: () => Promise<void>;
}

/** What a test may change; the rest is as by default. */
export interface RigOptions extends Partial<TransportOptions> {
  readonly clock?: Clock;
  readonly connector?: Connector;
}

/** Starts a transport. */
export function startTransport(rigOptions: RigOptions = {}): TransportRig {
  const { clock = systemClock, connector, ...options } = rigOptions;
  const leases = new Leases(clock);
  const log = new TransportLog();
  const transport = new Transport(
    { clock, random: seededRandom(7), leases, ...(connector === undefined ? {} : { connector }) },
    { ...defaultTransportOptions, ...options },
    log,
  );
  return { transport, log, leases, end: () => ended(transport, leases) };
}

/** A transport and the one upstream it calls. */
export interface UpstreamRig extends TransportRig {
  readonly upstream: MisbehavingUpstream;
  /** Sends one call to the upstream. */
  readonly send: (options?: TestCallOptions, recording?: RecordingOptions) => SentCall;
}

/** One call and what has come of it. */
export interface SentCall {
  readonly call: Call;
  readonly sink: RecordingSink;
}

/** Starts both; `end` ends both. */
export async function startWithUpstream(): Promise<UpstreamRig> {
  const upstream = await MisbehavingUpstream.listen({});
  const rig = startTransport();
  return {
    ...rig,
    upstream,
    send: (options = {}, recording = {}) => {
      const call = testCall({ ...options, route: { endpoints: [testEndpoint(upstream.port)] } });
      const sink = new RecordingSink(recording);
      rig.transport.service(call, sink);
      return { call, sink };
    },
    end: async () => {
      await rig.end();
      await upstream.close();
    },
  };
}

async function ended(transport: Transport, leases: Leases): Promise<void> {
  transport.destroy();
  await allGivenBack(leases);
}
