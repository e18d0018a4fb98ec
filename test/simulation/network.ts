// A network on virtual time between a transport and simulated peers: every byte takes its way,
// every connection can be refused, delayed, closed or reset at either end, and nothing happens but
// by the clock and the seed. Invariant: bytes of one direction arrive in the order they were sent.

import type { Socket } from 'node:net';
import type { Clock } from '../../src/core/clock.ts';
import { CallError } from '../../src/core/errors.ts';
import type { Endpoint } from '../../src/core/route.ts';
import type { ConnectionEvents, Connector, Dial } from '../../src/transport/connector.ts';

/** One accepted connection, as the peer sees it. */
export interface PeerLine {
  /** Bytes of a request arrived. */
  received(text: string): void;
  /** The other side is gone. */
  left(): void;
}

/** A machine on the network. */
export interface Machine {
  readonly oneWayMs: number;
  /** How fast it takes what is sent to it; `Infinity` = at once. */
  readonly takesBytesPerMs: number;
  /** What it does with a new connection. */
  welcome(): 'accept' | 'refuse' | 'silence';
  accepted(link: Link): PeerLine;
}

/** All machines and the ways to them. */
export class SimulatedNetwork implements Connector {
  readonly clock: Clock;
  readonly #machines = new Map<string, Machine>();
  /** Connections that neither side has given up. */
  open: number = 0;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  add(endpointKey: string, machine: Machine): void {
    this.#machines.set(endpointKey, machine);
  }

  dial(endpoint: Endpoint, events: ConnectionEvents): Dial {
    const machine = this.#machines.get(endpoint.key);
    if (machine === undefined) throw new Error(`nobody at ${endpoint.key}`);
    return new Link(this, machine, events);
  }
}

/** One connection; to the transport also as much of a socket as it uses. */
export class Link implements Dial {
  /** Bytes that were written and are not on their way yet. */
  writableLength: number = 0;
  readonly #network: SimulatedNetwork;
  readonly #machine: Machine;
  readonly #events: ConnectionEvents;
  #line: PeerLine | undefined = undefined;
  /** The transport's side is gone, and has been told so. */
  #gone: boolean = false;
  /** The peer has sent its FIN or RST: what still arrives there is answered by a reset. */
  #peerClosed: boolean = false;
  #paused: boolean = false;
  /** When the last byte that was written is on its way. */
  #flushedAt: number = 0;
  /** What arrived while the transport did not read. */
  readonly #waiting: (() => void)[] = [];

  constructor(network: SimulatedNetwork, machine: Machine, events: ConnectionEvents) {
    this.#network = network;
    this.#machine = machine;
    this.#events = events;
    network.open += 1;
    const { oneWayMs } = machine;
    const welcome = machine.welcome();
    if (welcome === 'silence') return;
    network.clock.after(2 * oneWayMs, () => {
      if (this.#gone) return;
      if (welcome === 'refuse') {
        this.#events.dialFailed(new CallError('CONNECT_FAILED', { detail: 'ECONNREFUSED' }));
        this.destroy();
        return;
      }
      this.#line = machine.accepted(this);
      this.#events.tcpConnected('192.0.2.1', 2 * oneWayMs, 2 * oneWayMs);
      // As much of a socket as the transport uses.
      if (!this.#gone) this.#events.ready(this as unknown as Socket, 0);
    });
  }

  get destroyed(): boolean {
    return this.#gone;
  }

  /** The transport sends. The bytes must not change before they are on their way. */
  write(bytes: Uint8Array | string, then?: string | (() => void)): boolean {
    const { clock } = this.#network;
    const { length } = bytes;
    const { takesBytesPerMs } = this.#machine;
    if (length > 0 && takesBytesPerMs === Number.POSITIVE_INFINITY) {
      this.#send(bytes);
    } else if (length > 0) {
      this.writableLength += length;
      this.#flushedAt = Math.max(clock.now(), this.#flushedAt) + length / takesBytesPerMs;
      clock.after(this.#flushedAt - clock.now(), () => {
        this.writableLength -= length;
        this.#send(bytes);
      });
    }
    // Also told of a socket that is gone, as Node does.
    if (typeof then === 'function') clock.after(Math.max(0, this.#flushedAt - clock.now()), then);
    return this.writableLength === 0;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    while (!this.#paused && this.#waiting.length > 0) this.#waiting.shift()?.();
  }

  /** The transport gives up its side. */
  destroy(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#network.open -= 1;
    this.#waiting.length = 0;
    this.#later(() => this.#line?.left());
    this.#network.clock.nextTurn(() => this.#events.closed());
  }

  resetAndDestroy(): void {
    this.destroy();
  }

  /** The peer sends. */
  say(text: string): void {
    if (this.#peerClosed) return;
    this.#arrive(() => {
      const bytes = Buffer.from(text, 'latin1');
      this.#events.bytes(bytes, bytes.length);
    });
  }

  /** The peer closes: all it said arrives first. */
  fin(): void {
    if (this.#peerClosed) return;
    this.#peerClosed = true;
    this.#arrive(() => this.#events.ended());
  }

  /** The peer resets. */
  reset(): void {
    if (this.#peerClosed) return;
    this.#peerClosed = true;
    this.#arrive(() => this.#break());
  }

  #send(bytes: Uint8Array | string): void {
    if (this.#gone) return;
    const text = typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('latin1');
    this.#later(() => {
      if (!this.#peerClosed) this.#line?.received(text);
      else this.#arrive(() => this.#break());
    });
  }

  #break(): void {
    this.#events.failed(Object.assign(new Error('ECONNRESET'), { code: 'ECONNRESET' }));
  }

  #later(run: () => void): void {
    this.#network.clock.after(this.#machine.oneWayMs, run);
  }

  /** Something reaches the transport, now or when it reads again. */
  #arrive(run: () => void): void {
    this.#later(() => {
      const act = (): void => {
        if (!this.#gone) run();
      };
      if (this.#paused || this.#waiting.length > 0) this.#waiting.push(act);
      else act();
    });
  }
}
