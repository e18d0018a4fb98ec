// A TCP relay on 127.0.0.1 that stands for distance: what enters on one side leaves on the other
// `oneWayMs` later, data, FIN and RST alike and in order. It can also become a black hole.
// Refuses to model loss or a limited rate. Note: connecting to the relay itself takes no time,
// because the kernel answers; `DistantSocket` (distant-socket.ts) delays that on the caller's side.
// Invariant: each direction delivers exactly what it took, in order, holding a bounded number of
// bytes.

import type { AddressInfo, Server } from 'node:net';
import { Socket, createServer } from 'node:net';
import { performance } from 'node:perf_hooks';
import { dropPackets } from './packet-filter.ts';

/** Distance of a relay. */
export interface RelayOptions {
  /** Added in each direction; a round trip takes twice as long. */
  readonly oneWayMs: number;
}

/** Bytes one direction holds before it stops reading; four times a default socket buffer. */
const HELD_HIGH_BYTES = 4 * 1024 * 1024;

type Parcel =
  | { readonly kind: 'connect' | 'fin' | 'rst'; readonly dueAt: number }
  | { readonly kind: 'data'; readonly dueAt: number; readonly bytes: Buffer };

/** A relay. Ends by `close`. */
export class DelayRelay {
  /** Port on 127.0.0.1 to connect to. */
  port: number = 0;
  oneWayMs: number;
  /** Connections accepted so far. */
  accepted: number = 0;
  /** The kernel drops packets while black-holed; without it probes and ACKs are still answered. */
  dropsPackets: boolean = false;
  readonly targetPort: number;
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  #blackhole: boolean = false;

  private constructor(targetPort: number, options: RelayOptions) {
    this.targetPort = targetPort;
    this.oneWayMs = options.oneWayMs;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
      this.#accept(near);
    });
  }

  /** Opens a relay to `targetPort` on 127.0.0.1. */
  static async listen(targetPort: number, options: RelayOptions): Promise<DelayRelay> {
    const relay = new DelayRelay(targetPort, options);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    relay.#server.once('error', reject);
    relay.#server.listen(0, '127.0.0.1', resolve);
    await promise;
    relay.port = (relay.#server.address() as AddressInfo).port;
    return relay;
  }

  /** Connections that live on at least one side. */
  get open(): number {
    return this.#pairs.size;
  }

  get isBlackhole(): boolean {
    return this.#blackhole;
  }

  /**
   * Swallows everything silently (`true`) or heals (`false`). Healed, connections go on where they
   * stopped, as after retransmission. Connecting to a black hole hangs where `dropsPackets` holds.
   */
  blackhole(on: boolean): void {
    if (this.#blackhole === on) return;
    this.#blackhole = on;
    this.dropsPackets = dropPackets(this.#server, on) && on;
    for (const pair of this.#pairs) pair.deafen(on);
  }

  /** Destroys every connection and stops listening. */
  async close(): Promise<void> {
    for (const pair of this.#pairs) pair.destroy();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    await promise;
  }

  #accept(near: Socket): void {
    this.accepted += 1;
    const pair = new Pair(near, this, () => this.#pairs.delete(pair));
    this.#pairs.add(pair);
    if (this.#blackhole) pair.deafen(true);
  }
}

/** Both sockets of one relayed connection and the lanes between them. */
class Pair {
  readonly #near: Socket;
  readonly #far: Socket;
  readonly #outward: Lane;
  readonly #inward: Lane;
  #closed: number = 0;

  constructor(near: Socket, relay: DelayRelay, onGone: () => void) {
    this.#near = near;
    this.#far = new Socket({ allowHalfOpen: true });
    this.#far.setNoDelay(true);
    this.#outward = new Lane(near, this.#far, relay);
    this.#inward = new Lane(this.#far, near, relay);
    this.#outward.send({ kind: 'connect', dueAt: performance.now() + relay.oneWayMs });
    for (const socket of [this.#near, this.#far]) {
      socket.on('close', () => {
        this.#closed += 1;
        if (this.#closed === 2) onGone();
      });
    }
  }

  deafen(on: boolean): void {
    dropPackets(this.#near, on);
    dropPackets(this.#far, on);
    if (on) return;
    this.#outward.deliver();
    this.#inward.deliver();
  }

  destroy(): void {
    this.#outward.stop();
    this.#inward.stop();
    this.#near.destroy();
    this.#far.destroy();
  }
}

/** One direction of one connection. */
class Lane {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #relay: DelayRelay;
  #parcels: Parcel[] = [];
  #heldBytes: number = 0;
  #timer: NodeJS.Timeout | undefined = undefined;
  #blocked: boolean = false;

  constructor(from: Socket, to: Socket, relay: DelayRelay) {
    this.#from = from;
    this.#to = to;
    this.#relay = relay;
    from.on('data', (bytes: Buffer) => this.#take(bytes));
    from.on('end', () => this.#send('fin'));
    from.on('error', () => this.#send('rst'));
    to.on('drain', () => {
      this.#blocked = false;
      this.deliver();
    });
  }

  send(parcel: Parcel): void {
    this.#parcels.push(parcel);
    if (this.#parcels.length === 1) this.#arm(parcel);
  }

  /** Hands over all that is due, and waits for the rest. */
  deliver(): void {
    const now = performance.now();
    while (!this.#blocked && !this.#relay.isBlackhole) {
      const next = this.#parcels[0];
      if (next === undefined) return;
      if (next.dueAt > now) {
        this.#arm(next);
        return;
      }
      this.#parcels.shift();
      this.#hand(next);
    }
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#parcels = [];
  }

  #take(bytes: Buffer): void {
    this.#heldBytes += bytes.length;
    if (this.#heldBytes > HELD_HIGH_BYTES) this.#from.pause();
    this.send({ kind: 'data', dueAt: performance.now() + this.#relay.oneWayMs, bytes });
  }

  #send(kind: 'fin' | 'rst'): void {
    this.send({ kind, dueAt: performance.now() + this.#relay.oneWayMs });
  }

  #arm(next: Parcel): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.deliver(), Math.max(0, next.dueAt - performance.now()));
  }

  #hand(parcel: Parcel): void {
    switch (parcel.kind) {
      case 'connect':
        this.#to.connect(this.#relay.targetPort, '127.0.0.1', () => {
          if (this.#relay.isBlackhole) dropPackets(this.#to, true);
        });
        return;
      case 'data':
        this.#heldBytes -= parcel.bytes.length;
        if (this.#heldBytes <= HELD_HIGH_BYTES / 2 && this.#from.isPaused()) this.#from.resume();
        if (this.#to.writable) this.#blocked = !this.#to.write(parcel.bytes);
        return;
      case 'fin':
        if (this.#to.writable) this.#to.end();
        return;
      case 'rst':
        if (!this.#to.destroyed) this.#to.resetAndDestroy();
    }
  }
}
