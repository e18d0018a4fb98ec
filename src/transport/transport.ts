// The service that ends a stack: takes a call, finds it a connection to one of its route's
// endpoints, and feeds its sink from the wire. Owns the pools and the one timer that looks after
// them. Invariant: without calls, idle connections and connects under way it holds no timer.

import type { Clock, Timer } from '../core/clock.ts';
import { CallError } from '../core/errors.ts';
import type { Service } from '../core/layer.ts';
import type { Leases } from '../core/leases.ts';
import type { Random } from '../core/random.ts';
import type { Endpoint, Route } from '../core/route.ts';
import type { Connector } from './connector.ts';
import type { EndpointView } from './endpoint-pool.ts';
import { EndpointPool } from './endpoint-pool.ts';
import { Exchange } from './exchange.ts';
import { NetConnector } from './net-connector.ts';
import { TransportContext } from './transport-context.ts';
import type { PoolHost } from './transport-context.ts';
import type { TransportObserver } from './transport-observer.ts';
import { silentObserver } from './transport-observer.ts';
import type { TransportOptions } from './transport-options.ts';

/** What a transport is given. */
export interface TransportDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly leases: Leases;
  /** Where connections come from; real sockets unless given. */
  readonly connector?: Connector;
}

/** Precision of idle limits; a connection is checked once more when it is taken. */
const SCAN_EVERY_MS = 250;
/** Pools without a connection are forgotten beyond this many. */
const POOLS_MAX = 1_024;

/** Sends calls to their endpoints. Ends by `close` or `destroy`. */
export class Transport implements PoolHost {
  /** The service that ends a stack. */
  readonly service: Service;
  readonly #context: TransportContext;
  readonly #pools = new Map<string, EndpointPool>();
  /** Pools that were replaced or are no longer wanted, until their last connection is gone. */
  readonly #leaving = new Set<EndpointPool>();
  /** Pools whose endpoint is that of the present configuration. */
  readonly #inForce = new WeakSet<EndpointPool>();
  readonly #turns = new WeakMap<Route, { next: number }>();
  readonly #onScan: () => void;
  #timer: Timer | undefined = undefined;
  #closing: boolean = false;
  #destroyed: boolean = false;

  constructor(
    deps: TransportDeps,
    options: TransportOptions,
    observer: TransportObserver = silentObserver,
  ) {
    const { clock, random, leases } = deps;
    const connector = deps.connector ?? new NetConnector(clock, options);
    this.#context = new TransportContext(
      { clock, random, leases, connector },
      options,
      observer,
      this,
    );
    this.#onScan = () => this.#scan();
    this.service = (call, sink) => {
      const endpoint = this.#choose(call.route);
      if (this.#destroyed) sink.fail(new CallError('DRAINING'));
      else if (endpoint === undefined) sink.fail(noEndpoint());
      else new Exchange(call, sink, this.#poolFor(endpoint)).start(clock.now());
    };
  }

  /** What each endpoint is doing now. */
  endpoints(): EndpointView[] {
    const now = this.#context.clock.now();
    return [...this.#pools.values()].map((pool) => pool.view(now));
  }

  /**
   * Puts an endpoint in force, and keeps this many unused connections to it ready while it has
   * traffic; 0 = none. Calls with another endpoint of this key, which began before, do not change
   * that any more.
   */
  warm(endpoint: Endpoint, spares: number): void {
    if (this.#closing) return;
    const known = this.#pools.get(endpoint.key);
    if (known !== undefined && !isSame(known.endpoint, endpoint)) {
      this.#dismiss(endpoint.key, known);
    }
    const pool = this.#poolFor(endpoint);
    this.#inForce.add(pool);
    pool.warm(spares);
  }

  /**
   * Drains every pool whose endpoint key is not among these, as after a change of configuration.
   */
  retain(keys: ReadonlySet<string>): void {
    for (const [key, pool] of this.#pools) if (!keys.has(key)) this.#dismiss(key, pool);
  }

  /** Idle connections close now, busy ones after their call. Calls are still served. */
  close(): void {
    this.#closing = true;
    for (const pool of [...this.#pools.values(), ...this.#leaving]) pool.drain();
  }

  /** Everything ends now; running calls fail. */
  destroy(): void {
    this.#closing = true;
    this.#destroyed = true;
    this.#timer?.cancel();
    this.#timer = undefined;
    const reason = new CallError('DRAINING');
    for (const pool of [...this.#pools.values(), ...this.#leaving]) pool.destroy(reason);
  }

  keepScanning(): void {
    if (this.#timer !== undefined || this.#destroyed) return;
    this.#timer = this.#context.clock.after(SCAN_EVERY_MS, this.#onScan);
  }

  closeOldestIdle(): void {
    const now = this.#context.clock.now();
    let oldest: EndpointPool | undefined;
    let oldestMs = -1;
    for (const pool of this.#pools.values()) {
      const ageMs = pool.oldestIdleMs(now);
      if (ageMs > oldestMs) {
        oldest = pool;
        oldestMs = ageMs;
      }
    }
    oldest?.closeOldestIdle();
  }

  /** One endpoint of a route, in turn. A layer that balances hands down routes with only one. */
  #choose(route: Route): Endpoint | undefined {
    const { endpoints } = route;
    if (endpoints.length < 2) return endpoints[0];
    let turn = this.#turns.get(route);
    if (turn === undefined) {
      turn = { next: 0 };
      this.#turns.set(route, turn);
    }
    const chosen = endpoints[turn.next % endpoints.length];
    turn.next += 1;
    return chosen;
  }

  #poolFor(endpoint: Endpoint): EndpointPool {
    const known = this.#pools.get(endpoint.key);
    if (known !== undefined && (known.endpoint === endpoint || isSame(known.endpoint, endpoint))) {
      return known;
    }
    if (known !== undefined && this.#inForce.has(known)) return this.#formerPool(endpoint);
    if (known !== undefined) this.#dismiss(endpoint.key, known);
    else if (this.#pools.size >= POOLS_MAX) this.#forgetEmpty();
    const pool = new EndpointPool(this.#context, endpoint);
    pool.isDraining = this.#closing;
    this.#pools.set(endpoint.key, pool);
    return pool;
  }

  /** For calls that still go the old way to a place: its connections close behind them. */
  #formerPool(endpoint: Endpoint): EndpointPool {
    for (const pool of this.#leaving) {
      if (pool.endpoint.key === endpoint.key && isSame(pool.endpoint, endpoint)) return pool;
    }
    const pool = new EndpointPool(this.#context, endpoint);
    pool.isDraining = true;
    this.#leaving.add(pool);
    this.keepScanning();
    return pool;
  }

  #dismiss(key: string, pool: EndpointPool): void {
    this.#pools.delete(key);
    pool.drain();
    if (pool.isEmpty) return;
    this.#leaving.add(pool);
    this.keepScanning();
  }

  #forgetEmpty(): void {
    for (const [key, pool] of this.#pools) if (pool.isEmpty) this.#pools.delete(key);
  }

  #scan(): void {
    this.#timer = undefined;
    const now = this.#context.clock.now();
    let again = false;
    for (const pool of this.#pools.values()) if (pool.scan(now)) again = true;
    for (const pool of this.#leaving) {
      if (pool.isEmpty) this.#leaving.delete(pool);
      else pool.scan(now);
    }
    if (again || this.#leaving.size > 0) this.keepScanning();
  }
}

function noEndpoint(): CallError {
  return new CallError('CONNECT_FAILED', { detail: 'The route has no endpoint.' });
}

/** The same service reached in the same way, so that its connections may be shared. */
function isSame(a: Endpoint, b: Endpoint): boolean {
  const sameWay = a.ca === b.ca && a.proxy === b.proxy && a.secure === b.secure;
  const samePlace = a.host === b.host && a.port === b.port;
  return sameWay && samePlace && a.authority === b.authority && a.basePath === b.basePath;
}
