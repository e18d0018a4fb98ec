// What every pool and connection of one transport shares. Owns the shared scratch buffer, the
// turnstile and the count of idle connections; decides nothing.

import type { Clock } from '../core/clock.ts';
import type { Leases } from '../core/leases.ts';
import type { Random } from '../core/random.ts';
import type { Connector } from './connector.ts';
import { Scratch } from './request-writer.ts';
import type { TransportObserver } from './transport-observer.ts';
import type { TransportOptions } from './transport-options.ts';
import { Turnstile } from './turnstile.ts';

/** The transport, as its pools see it. */
export interface PoolHost {
  /** Something has to be looked at regularly from now on. */
  keepScanning(): void;
  /** There are more idle connections than all endpoints together may have. */
  closeOldestIdle(): void;
}

/** Shared by all connections of one transport. */
export class TransportContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly leases: Leases;
  readonly connector: Connector;
  readonly options: TransportOptions;
  readonly observer: TransportObserver;
  readonly host: PoolHost;
  readonly scratch: Scratch = new Scratch();
  readonly turnstile: Turnstile;
  /** Idle connections of all endpoints. */
  idleTotal: number = 0;

  constructor(
    deps: {
      readonly clock: Clock;
      readonly random: Random;
      readonly leases: Leases;
      readonly connector: Connector;
    },
    options: TransportOptions,
    observer: TransportObserver,
    host: PoolHost,
  ) {
    this.clock = deps.clock;
    this.random = deps.random;
    this.leases = deps.leases;
    this.connector = deps.connector;
    this.options = options;
    this.observer = observer;
    this.host = host;
    this.turnstile = new Turnstile(deps.clock);
  }
}
