// A transport with everything it needs, and an observer that keeps what it was told, for the tests
// of this room. Invariant: `end` leaves neither a socket nor a lease, or throws.

import { systemClock } from '../core/clock.ts';
import type { Clock } from '../core/clock.ts';
import { Leases } from '../core/leases.ts';
import { seededRandom } from '../core/random.ts';
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

async function ended(transport: Transport, leases: Leases): Promise<void> {
  transport.destroy();
  // Descriptors are given back a few turns after their sockets were destroyed.
  for (let turn = 0; turn < 200 && leases.size > 0; turn += 1) {
    const { promise, resolve } = Promise.withResolvers<void>();
    systemClock.nextTurn(resolve);
    await promise;
  }
  if (leases.size > 0) throw new Error(`left: ${JSON.stringify(leases.oldest(5))}`);
}

/** Resolves once the claim holds; rejects with its text after `withinMs`. */
export async function eventually(claim: () => boolean, withinMs: number = 3_000): Promise<void> {
  const until = systemClock.now() + withinMs;
  while (!claim()) {
    if (systemClock.now() > until) throw new Error(`never came true: ${claim.toString()}`);
    const { promise, resolve } = Promise.withResolvers<void>();
    systemClock.nextTurn(resolve);
    await promise;
  }
}
