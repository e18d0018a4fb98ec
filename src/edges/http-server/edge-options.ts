// What an HTTP edge is given: its limits, and the parts of the gateway it works with.

import type { Clock } from '../../core/clock.ts';
import type { CallError } from '../../core/errors.ts';
import type { Leases } from '../../core/leases.ts';
import type { Random } from '../../core/random.ts';
import type { BufferBudget } from '../../core/replay-body.ts';
import type { Sweep } from '../../core/sweep.ts';
import type { HeadLimits } from '../../http1/head.ts';
import type { CallIds } from './call-ids.ts';
import type { UpgradeHandler } from './upgrade.ts';

/** Limits of one edge; times in ms, sizes in bytes. */
export interface EdgeOptions {
  readonly head: HeadLimits;
  /** Largest request body; above it 413. */
  readonly bodyBytes: number;
  /** From the first byte of a head to its last. */
  readonly headMs: number;
  /** Without a byte of a request body while we are reading. */
  readonly bodyStallMs: number;
  /** Between requests. Above the 118 s of curl and the 90 s of Go, hyper and reqwest. */
  readonly keepAliveMs: number;
  /** Without the caller taking any of the bytes that wait for it. */
  readonly writeStallMs: number;
  /** After which a connection is closed at the next response, spread by ten per cent. */
  readonly connectionAgeMs: number;
  /** Open caller connections; further ones are refused at once. */
  readonly connections: number;
}

/** Defaults of resilience reference sections 2, 5, 9 and 11. */
export const defaultEdgeOptions: EdgeOptions = {
  head: { headBytes: 65_536, fields: 128 },
  bodyBytes: 512 * 1024 * 1024,
  headMs: 30_000,
  bodyStallMs: 30_000,
  keepAliveMs: 125_000,
  writeStallMs: 30_000,
  connectionAgeMs: 600_000,
  connections: 20_000,
};

/**
 * A connection that had a request this recently, in ms, is not closed from our side for resting:
 * the next one may be on its way. It is told to close with its next answer.
 */
export const RESTED_MS = 1_000;

/** A request that was refused before it became a call. */
export interface Refusal {
  /** As in the answer, if one could be given. */
  readonly callId: string;
  readonly error: CallError;
  /** Empty where the head could not be read. */
  readonly method: string;
  readonly path: string;
}

/** Told what happens at the edge outside of calls. */
export interface EdgeObserver {
  connectionOpened(): void;
  connectionClosed(): void;
  /** A connection too many was closed without a word. */
  turnedAway(): void;
  refused(refusal: Refusal): void;
}

/** The parts of the gateway an edge works with. */
export interface EdgeDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly sweep: Sweep;
  readonly leases: Leases;
  readonly bodyBudget: BufferBudget;
  readonly callIds: CallIds;
  readonly observer: EdgeObserver;
  /** Asked for each answer: should its connection take no further request? Default: never. */
  readonly closeSoon?: () => boolean;
  /** Takes over connections that change their protocol; without it none does. */
  readonly upgrades?: UpgradeHandler;
}
