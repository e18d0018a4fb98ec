// A TCP socket whose connecting takes a round trip, for callers of a `DelayRelay`: the kernel
// accepts a connection to the relay at once, so the distance of the handshake is added on this
// side. Owns nothing but the moment at which `connect` and `ready` are told; writes wait for them
// as well.

import { Socket } from 'node:net';

/** A socket that says `connect` `roundTripMs` later than the kernel does. */
export class DistantSocket extends Socket {
  readonly #roundTripMs: number;

  constructor(roundTripMs: number) {
    super();
    this.#roundTripMs = roundTripMs;
  }

  override emit(event: string | symbol, ...args: unknown[]): boolean {
    if (event !== 'connect' && event !== 'ready') return super.emit(event as string, ...args);
    setTimeout(() => {
      if (!this.destroyed) super.emit(event as string, ...args);
    }, this.#roundTripMs);
    return true;
  }
}

/** Connects to `port` on 127.0.0.1 as if it were `roundTripMs` away. */
export function connectFromAfar(port: number, roundTripMs: number): Socket {
  const socket = new DistantSocket(roundTripMs);
  socket.setNoDelay(true);
  return socket.connect(port, '127.0.0.1');
}
