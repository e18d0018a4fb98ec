// A network made of method calls, for tests of the pool on virtual time: every connect waits until
// the test settles it, every connection says what the test makes it say.
// Invariant: each line tells its listener the grammar of `ConnectionEvents` and ends with `closed`.

import type { Socket } from 'node:net';
import type { Clock } from '../core/clock.ts';
import { CallError } from '../core/errors.ts';
import type { Endpoint } from '../core/route.ts';
import type { ConnectionEvents, Connector, Dial } from './connector.ts';

/** Hands out lines and remembers them. */
export class VirtualNetwork implements Connector {
  readonly lines: VirtualLine[] = [];
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  dial(_endpoint: Endpoint, events: ConnectionEvents): Dial {
    const line = new VirtualLine(this.#clock, events, this.lines.length);
    this.lines.push(line);
    return line;
  }

  /** The connects nobody has settled. */
  get dialling(): VirtualLine[] {
    return this.lines.filter(({ state }) => state === 'dialling');
  }

  get open(): VirtualLine[] {
    return this.lines.filter(({ state }) => state === 'open');
  }
}

/** One connection, dialled or open. Also as much of a socket as the transport uses. */
export class VirtualLine implements Dial {
  readonly index: number;
  state: 'dialling' | 'open' | 'closed' = 'dialling';
  /** Everything the transport wrote. */
  written: string = '';
  wasReset: boolean = false;
  paused: boolean = false;
  /** What the socket says it could not pass on yet. */
  writableLength: number = 0;
  readonly #clock: Clock;
  readonly #events: ConnectionEvents;

  constructor(clock: Clock, events: ConnectionEvents, index: number) {
    this.#clock = clock;
    this.#events = events;
    this.index = index;
  }

  get destroyed(): boolean {
    return this.state === 'closed';
  }

  /** Requests written so far. */
  get requests(): number {
    return this.written.split(' HTTP/1.1\r\n').length - 1;
  }

  /** The connect succeeds. */
  connect(tookMs: number = 20): this {
    this.#events.tcpConnected('192.0.2.1', tookMs, tookMs);
    this.state = 'open';
    this.#events.ready(this as unknown as Socket, 0); // As much of it as the transport uses.
    return this;
  }

  /** The connect fails. */
  refuse(): void {
    this.state = 'closed';
    this.#events.dialFailed(new CallError('CONNECT_FAILED', { detail: 'ECONNREFUSED' }));
    this.#closed();
  }

  /** The peer sends this. */
  say(text: string): void {
    const bytes = Buffer.from(text, 'latin1');
    this.#events.bytes(bytes, bytes.length);
  }

  /** The peer answers the running request. */
  answer(fields: string = ''): void {
    this.say(`HTTP/1.1 200 OK\r\n${fields}Content-Length: 2\r\n\r\nok`);
  }

  /** The peer's FIN arrives. */
  fin(): void {
    if (this.state === 'open') this.#events.ended();
  }

  /** The connection breaks. */
  break(code: string): void {
    if (this.state !== 'open') return;
    this.#events.failed(Object.assign(new Error(code), { code }));
  }

  write(bytes: Uint8Array | string): boolean {
    this.written += typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('latin1');
    return true;
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }

  destroy(): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.#closed();
  }

  resetAndDestroy(): void {
    this.wasReset = true;
    this.destroy();
  }

  #closed(): void {
    this.#clock.nextTurn(() => this.#events.closed());
  }
}
