// An upstream on raw sockets that does exactly what a script says, wrong things above all, and
// records what it saw. An HTTP server cannot misbehave well, hence `node:net`.
// Owns its listener and connections. Invariant: after `close` it holds no socket and no timer.

import type { AddressInfo, Server } from 'node:net';
import { createServer } from 'node:net';
import type { SecureContext } from 'node:tls';
import { createSecureContext } from 'node:tls';
import type { Clock } from '../../core/clock.ts';
import { systemClock } from '../../core/clock.ts';
import { itemAt } from '../item-at.ts';
import type {
  Behaviour,
  ConnectionBehaviour,
  ConnectionScript,
  FaultAction,
  IdleClose,
  Script,
} from './behaviour.ts';
import { testCertificate, testKey } from './certificate.ts';
import type { ConnectionHost } from './connection-host.ts';
import { UpstreamConnection } from './connection.ts';
import type { KeepLimits, SeenConnection, SeenRequest } from './seen.ts';
import { Seen } from './seen.ts';

/** How an upstream listens. */
export interface UpstreamOptions {
  readonly connections?: ConnectionScript;
  /** What idle connections come to unless a behaviour says otherwise; default: they stay open. */
  readonly idle?: IdleClose;
  /** Speak TLS with `testCertificate`. */
  readonly tls?: boolean;
  /** Header that names a request, lower case; executions are counted by it. */
  readonly idHeader?: string;
  /** Default 0: any free port. */
  readonly port?: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  readonly clock?: Clock;
  /** What the records keep; default: everything. */
  readonly keep?: KeepLimits;
}

interface Waiter {
  readonly claim: (seen: Seen) => boolean;
  readonly resolve: () => void;
}

/** A scripted upstream. Ends by `close`. */
export class MisbehavingUpstream implements ConnectionHost {
  readonly seen: Seen;
  readonly clock: Clock;
  readonly idHeader: string;
  readonly idle: IdleClose | undefined;
  readonly secureContext: SecureContext | undefined;
  readonly host: string;
  port: number = 0;
  #script: Script;
  #served: number = 0;
  readonly #connectionScript: ConnectionScript;
  readonly #server: Server;
  readonly #connections = new Map<SeenConnection, UpstreamConnection>();
  #waiters: Waiter[] = [];

  private constructor(script: Script, options: UpstreamOptions) {
    this.#script = script;
    this.seen = new Seen(options.keep);
    this.#connectionScript = options.connections ?? {};
    this.clock = options.clock ?? systemClock;
    this.idHeader = options.idHeader ?? 'x-request-id';
    this.idle = options.idle;
    this.host = options.host ?? '127.0.0.1';
    this.secureContext = options.tls
      ? createSecureContext({ cert: testCertificate, key: testKey })
      : undefined;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      const record = this.seen.connectionOpened(this.clock.now());
      const rules = this.#rulesFor(record);
      this.#connections.set(record, new UpstreamConnection(socket, record, rules, this));
      this.changed();
    });
  }

  /** Starts an upstream; `{}` answers everything with 200. */
  static async listen(
    script: Script = {},
    options: UpstreamOptions = {},
  ): Promise<MisbehavingUpstream> {
    const upstream = new MisbehavingUpstream(script, options);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    upstream.#server.once('error', reject);
    upstream.#server.listen(options.port ?? 0, upstream.host, 4_096, resolve);
    await promise;
    upstream.port = (upstream.#server.address() as AddressInfo).port;
    return upstream;
  }

  /** `http://127.0.0.1:port`, or https. */
  get url(): string {
    return `http${this.secureContext === undefined ? '' : 's'}://${this.host}:${this.port}`;
  }

  /** Follows another script from the next request on; lists begin at their first item. */
  use(script: Script): void {
    this.#script = script;
    this.#served = 0;
  }

  /** Does `action` to every connection that is idle now, as a restart would. */
  actOnIdle(action: FaultAction): void {
    for (const connection of this.#connections.values()) {
      if (connection.isIdle) connection.act(action);
    }
  }

  /** Does `action` to every connection. */
  actOnAll(action: FaultAction): void {
    for (const connection of this.#connections.values()) connection.act(action);
  }

  /** Resolves when `claim` holds; rejects after `withinMs` (default 5 s) with what was seen. */
  async until(claim: (seen: Seen) => boolean, withinMs: number = 5_000): Promise<void> {
    if (claim(this.seen)) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter: Waiter = { claim, resolve };
    this.#waiters.push(waiter);
    const timer = setTimeout(() => reject(new Error(this.#unmet(claim))), withinMs);
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      this.#waiters = this.#waiters.filter((other) => other !== waiter);
    }
  }

  /** Destroys every connection and stops listening. */
  async close(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    for (const connection of this.#connections.values()) connection.shut();
    await promise;
  }

  behaviourFor(request: SeenRequest): Behaviour {
    const script = this.#script;
    const index = this.#served;
    this.#served += 1;
    if (typeof script === 'function') return script(request);
    return itemAt(script, index);
  }

  changed(): void {
    for (const waiter of this.#waiters) if (waiter.claim(this.seen)) waiter.resolve();
  }

  gone(record: SeenConnection): void {
    this.#connections.delete(record);
    this.seen.connectionClosed(record);
  }

  #rulesFor(record: SeenConnection): ConnectionBehaviour {
    const script = this.#connectionScript;
    if (typeof script === 'function') return script(record);
    return itemAt(script, record.index);
  }

  #unmet(claim: (seen: Seen) => boolean): string {
    const { connections, requests, open } = this.seen;
    const last = requests.at(-1);
    const told = last === undefined ? '' : `, the last at "${last.point}"`;
    const counts = `${connections.length} connections, ${open} open, ${requests.length} requests`;
    return `not seen: ${claim.toString()} (${counts}${told})`;
  }
}
