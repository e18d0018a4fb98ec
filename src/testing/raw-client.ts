// A caller on a raw socket, for tests that must see exactly which bytes came and how it ended.
// Refuses to understand HTTP beyond splitting off the head. Invariant: `received` is every byte.

import type { Socket } from 'node:net';
import { connect } from 'node:net';

/** How the other side ended the connection. */
export type Ending = 'open' | 'fin' | 'rst';

/** One raw connection. Ends by `destroy` or the other side. */
export class RawClient {
  readonly socket: Socket;
  ending: Ending = 'open';
  /** Times of arrival, ms on the performance clock, one per read. */
  readonly reads: { readonly at: number; readonly bytes: number }[] = [];
  #received: Buffer[] = [];
  readonly #wake: (() => void)[] = [];

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (bytes: Buffer) => {
      this.#received.push(bytes);
      this.reads.push({ at: performance.now(), bytes: bytes.length });
      this.#stir();
    });
    socket.on('end', () => this.#over('fin'));
    socket.on('error', () => this.#over('rst'));
    socket.on('close', () => this.#stir());
  }

  /** Connects to a port on 127.0.0.1, or takes an existing (TLS) socket; a failure is an ending. */
  static async connect(target: number | Socket): Promise<RawClient> {
    const socket =
      typeof target === 'number'
        ? connect({ port: target, host: '127.0.0.1', allowHalfOpen: true })
        : target;
    const client = new RawClient(socket);
    if (socket.connecting) {
      const { promise, resolve } = Promise.withResolvers<void>();
      socket.once('connect', resolve);
      socket.once('error', () => resolve());
      await promise;
    }
    return client;
  }

  get received(): Buffer {
    return Buffer.concat(this.#received);
  }

  get text(): string {
    return this.received.toString('latin1');
  }

  /** What follows the first blank line. */
  get body(): string {
    const end = this.text.indexOf('\r\n\r\n');
    return end < 0 ? '' : this.text.slice(end + 4);
  }

  send(bytes: string | Uint8Array): void {
    this.socket.write(bytes);
  }

  /** Sends a request with a length; `id` becomes its `x-request-id`. */
  request(
    options: {
      readonly method?: string;
      readonly path?: string;
      readonly id?: string;
      readonly body?: string;
      readonly headers?: Readonly<Record<string, string>>;
    } = {},
  ): void {
    const { method = 'POST', path = '/', id, body = '', headers = {} } = options;
    let head = `${method} ${path} HTTP/1.1\r\nhost: test\r\n`;
    if (id !== undefined) head += `x-request-id: ${id}\r\n`;
    for (const [name, value] of Object.entries(headers)) head += `${name}: ${value}\r\n`;
    if (method !== 'GET') head += `content-length: ${Buffer.byteLength(body)}\r\n`;
    this.send(`${head}\r\n${body}`);
  }

  /** Resolves when `claim` holds; rejects after `withinMs`, telling what came. */
  async until(claim: (client: this) => boolean, withinMs: number = 5_000): Promise<void> {
    const deadline = performance.now() + withinMs;
    while (!claim(this)) {
      const leftMs = deadline - performance.now();
      if (leftMs <= 0) throw new Error(`not received: ${this.ending}, ${this.text}`);
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake.push(resolve);
      const timer = setTimeout(resolve, Math.min(leftMs, 250));
      await promise;
      clearTimeout(timer);
    }
  }

  /** Resolves with how the connection ended. */
  async ended(withinMs?: number): Promise<Ending> {
    await this.until((client) => client.ending !== 'open', withinMs);
    return this.ending;
  }

  /** Forgets what came so far, to read the next answer apart. */
  clear(): void {
    this.#received = [];
    this.reads.length = 0;
  }

  destroy(): void {
    this.socket.destroy();
  }

  #over(ending: Ending): void {
    if (this.ending === 'open') this.ending = ending;
    this.#stir();
  }

  #stir(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
}
