// A ServiceNow instance to try things out with: Table API and token endpoint over generated rows,
// and the habits of the real one that clients stumble over: few places that close the connections
// of those who find none, sessions that run one call at a time, rules, pages in place of data.
// On `node:http`: alone by `listen`, or within another server by `handle`.

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../../core/clock.ts';
import { systemClock } from '../../core/clock.ts';
import type { Random } from '../../core/random.ts';
import { systemRandom } from '../../core/random.ts';
import { Accounts } from './accounts.ts';
import { defaultInstanceOptions } from './instance-options.ts';
import type { InstanceOptions } from './instance-options.ts';
import { InstanceExchange } from './instance-exchange.ts';
import type { InstanceParts } from './instance-exchange.ts';
import { RateRules } from './rate-rules.ts';
import { Semaphore } from './semaphore.ts';
import { Sessions } from './sessions.ts';
import { TableApi } from './table-api.ts';
import { Tables } from './tables.ts';

/** What the instance needs from outside, and what is different from the usual. */
export interface ServiceNowDeps extends Partial<InstanceOptions> {
  readonly clock?: Clock;
  /** For ids, tokens and odds; the rows come from `seed`. */
  readonly random?: Random;
}

/** What an instance has seen and done. */
export interface InstanceReport {
  /** All requests, those for tokens included. */
  readonly requests: number;
  /** The most that were there at a time, and the most of them that ran. */
  readonly atOnceMost: number;
  readonly runningMost: number;
  /** Connections closed on calls: those that found no place, and those that wished for it. */
  readonly closed: number;
  /** Calls answered 429. */
  readonly refused: number;
  /** Calls answered 202 and dropped. */
  readonly dropped: number;
  readonly sessions: number;
  /** Access tokens made. */
  readonly tokens: number;
  /** Rows inserted, changed or removed. */
  readonly writes: number;
}

/** Where an instance listens. */
export interface InstanceAddress {
  readonly port: number;
  /** `http://127.0.0.1:port` and the path in front of everything. */
  readonly url: string;
}

/** Makes an instance. */
export function serviceNowInstance(deps: ServiceNowDeps = {}): ServiceNowInstance {
  return new ServiceNowInstance(deps);
}

/** One instance. Ends by `close`, where it listens. */
export class ServiceNowInstance {
  /** The instance sleeps: every call is answered by a page. */
  sleeps: boolean = false;
  readonly #parts: InstanceParts;
  #server: Server | undefined = undefined;

  constructor({ clock = systemClock, random = systemRandom, ...own }: ServiceNowDeps) {
    const options: InstanceOptions = { ...defaultInstanceOptions, ...own };
    const tables = new Tables(options.seed, options.rows);
    this.#parts = {
      clock,
      random,
      options,
      isAsleep: () => this.sleeps,
      accounts: new Accounts(options, clock, random),
      api: new TableApi({ tables, clock, random }),
      rules: new RateRules(options.rateRules),
      places: new Semaphore(options),
      sessions: new Sessions(options.sessionQueue, random),
      struck: new Map(),
      present: new Set(),
      counts: { requests: 0, atOnceMost: 0, closed: 0, refused: 0, dropped: 0 },
    };
  }

  get report(): InstanceReport {
    const { counts, places, sessions, accounts, api } = this.#parts;
    return {
      ...counts,
      runningMost: places.runningMost,
      sessions: sessions.given,
      tokens: accounts.issued,
      writes: api.writes,
    };
  }

  /** Makes all access tokens worthless. */
  revokeTokens(): void {
    this.#parts.accounts.revoke();
  }

  /** Answers one request, or closes its connection. */
  handle(request: IncomingMessage, response: ServerResponse): void {
    new InstanceExchange(this.#parts, request, response).begin();
  }

  /** Serves on this machine; port 0 = any free one. */
  async listen(port: number = 0): Promise<InstanceAddress> {
    const server = createServer((request, response) => this.handle(request, response));
    this.#server = server;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
    await promise;
    const { port: bound } = server.address() as AddressInfo;
    return { port: bound, url: `http://127.0.0.1:${bound}${this.#parts.options.mount}` };
  }

  /** Stops serving and closes every connection. */
  async close(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    const { promise, resolve } = Promise.withResolvers<void>();
    server.close(() => resolve());
    server.closeAllConnections();
    await promise;
  }
}
