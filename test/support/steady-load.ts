// Callers that ask one request after another on kept connections, as long as the connection may be
// kept, and that notice every request which does not get its whole answer.

import { connect } from 'node:net';
import type { Socket } from 'node:net';

/** How the load is made. */
export interface LoadOptions {
  readonly port: number;
  readonly callers: number;
  readonly path?: string;
  /** Between two requests of one caller. */
  readonly pauseMs?: number;
  /** Asked before a connection is opened; `false` ends the caller, as a balancer moves it away. */
  readonly mayOpen?: () => boolean;
}

/** A load under way. */
export interface SteadyLoad {
  readonly answered: number;
  readonly failures: readonly string[];
  /** Connections that were told to close by an answer. */
  readonly toldToClose: number;
  /** Callers that still ask. */
  readonly active: number;
  /** Each caller ends after its request under way. */
  stop(): Promise<void>;
}

/** Starts the load. */
export function startLoad(options: LoadOptions): SteadyLoad {
  const load = new Load(options);
  load.start();
  return load;
}

class Load implements SteadyLoad {
  answered: number = 0;
  toldToClose: number = 0;
  active: number = 0;
  readonly failures: string[] = [];
  readonly #options: LoadOptions;
  #stopped: boolean = false;
  readonly #callers: Promise<void>[] = [];

  constructor(options: LoadOptions) {
    this.#options = options;
  }

  start(): void {
    for (let n = 0; n < this.#options.callers; n += 1) this.#callers.push(this.#call());
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#callers);
  }

  async #call(): Promise<void> {
    const { port, path = '/x', pauseMs = 2, mayOpen } = this.#options;
    this.active += 1;
    const ask = `POST ${path} HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}`;
    while (!this.#stopped && mayOpen?.() !== false) {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true });
      // Between two requests nobody else listens.
      socket.on('error', () => {});
      let keep = true;
      while (keep && !this.#stopped) {
        const answer = await exchange(socket, ask);
        if (answer.fault === undefined) this.answered += 1;
        else this.failures.push(answer.fault);
        if (answer.close) this.toldToClose += 1;
        keep = answer.fault === undefined && !answer.close;
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
        // Closed by the other side while it rested: nothing was lost.
        if (socket.destroyed || socket.readableEnded) keep = false;
      }
      socket.destroy();
    }
    this.active -= 1;
  }
}

interface Answer {
  readonly fault: string | undefined;
  readonly close: boolean;
}

/** Sends one request and reads one answer with a length. */
function exchange(socket: Socket, ask: string): Promise<Answer> {
  return new Promise((resolve) => {
    let text = '';
    const over = (fault: string | undefined): void => {
      socket.off('data', read).off('close', closed).off('error', failed).off('end', closed);
      resolve({ fault, close: /\r\nconnection: close/i.test(text) });
    };
    const read = (bytes: Buffer): void => {
      text += bytes.toString('latin1');
      const head = text.indexOf('\r\n\r\n');
      if (head < 0) return;
      const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? Number.NaN);
      if (text.length < head + 4 + length) return;
      over(text.startsWith('HTTP/1.1 200') ? undefined : text.slice(0, text.indexOf('\r\n')));
    };
    const closed = (): void => over(`closed after ${text.length} bytes`);
    const failed = (fault: Error): void => over(String(fault));
    socket.on('data', read).on('close', closed).on('error', failed).on('end', closed);
    socket.write(ask);
  });
}
