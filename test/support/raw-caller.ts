// A caller on a plain socket: says exactly these bytes, and records exactly what comes back.

import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { once } from 'node:events';
import { eventually } from '../../src/testing/eventually.fixture.ts';

/** One raw connection. */
export class RawCaller {
  readonly socket: Socket;
  text: string = '';
  ended: boolean = false;
  reset: boolean = false;
  closed: boolean = false;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (bytes) => {
      this.text += bytes.toString('latin1');
    });
    socket.on('end', () => {
      this.ended = true;
    });
    socket.on('error', () => {
      this.reset = true;
    });
    socket.on('close', () => {
      this.closed = true;
    });
  }

  static async open(port: number): Promise<RawCaller> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    return new RawCaller(socket);
  }

  /** Opens, says `text` and waits until the other side has closed. */
  static async tell(port: number, text: string): Promise<RawCaller> {
    const caller = await RawCaller.open(port);
    caller.say(text);
    await caller.untilClosed();
    return caller;
  }

  say(text: string | Uint8Array): void {
    if (typeof text === 'string') this.socket.write(text, 'latin1');
    else this.socket.write(text);
  }

  /** Waits until what came back satisfies `test`; fails after five seconds. */
  async until(test: (text: string) => boolean, what: string = 'the expected text'): Promise<void> {
    await eventually(
      () => test(this.text),
      () => `${what}; got ${JSON.stringify(this.text.slice(-400))}`,
    );
  }

  async untilClosed(): Promise<void> {
    await eventually(
      () => this.closed,
      () => `a close; got ${JSON.stringify(this.text.slice(-400))}`,
    );
  }

  destroy(): void {
    this.socket.destroy();
  }
}
