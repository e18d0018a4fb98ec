// Collects what one read of an upstream makes us say, and says it in one write: head, frames and
// last chunk together. One scratch buffer serves every caller connection, because everything is
// flushed before the event loop moves on to the next socket.
// Invariant: a buffer handed to a socket is reused only when the kernel has taken all of it.

import type { Socket } from 'node:net';

/** A connection that writes through the output. */
export interface OutputOwner {
  readonly socket: Socket;
  /** Told after each write, to hold the upstream back when the socket is full. */
  wrote(): void;
}

/** One upstream read (64 KiB) with its frame, and a head in front of it. */
const CAPACITY = 128 * 1024;
/** `10000` hex digits, CRLF before and after: the most a frame adds. */
const FRAME_BYTES = 16;
const HEX = Buffer.from('0123456789abcdef');

/** The shared write side of one HTTP server. */
export class Output {
  #bytes: Buffer = Buffer.allocUnsafeSlow(CAPACITY);
  #used: number = 0;
  #owner: OutputOwner | undefined = undefined;
  readonly #flushLater = (): void => this.flush();

  /** Adds latin1 text: a head, an error event, the last chunk. */
  text(owner: OutputOwner, text: string): void {
    this.#claim(owner, text.length);
    if (text.length > CAPACITY) {
      owner.socket.write(text, 'latin1');
      return;
    }
    this.#used += this.#bytes.write(text, this.#used, 'latin1');
  }

  /** Adds payload as it is. */
  raw(owner: OutputOwner, payload: Uint8Array): void {
    this.#claim(owner, payload.length);
    if (payload.length > CAPACITY) {
      owner.socket.write(Buffer.from(payload));
      return;
    }
    this.#bytes.set(payload, this.#used);
    this.#used += payload.length;
  }

  /** Adds payload as one chunk of the chunked coding. */
  frame(owner: OutputOwner, payload: Uint8Array): void {
    const room = payload.length + FRAME_BYTES;
    if (room > CAPACITY) {
      this.text(owner, `${payload.length.toString(16)}\r\n`);
      this.raw(owner, payload);
      this.text(owner, '\r\n');
      return;
    }
    this.#claim(owner, room);
    const bytes = this.#bytes;
    let at = writeHex(bytes, this.#used, payload.length);
    bytes[at] = 13;
    bytes[at + 1] = 10;
    at += 2;
    bytes.set(payload, at);
    at += payload.length;
    bytes[at] = 13;
    bytes[at + 1] = 10;
    this.#used = at + 2;
  }

  /** Writes what is collected. Happens by itself before the event loop goes on. */
  flush(): void {
    const owner = this.#owner;
    const used = this.#used;
    this.#owner = undefined;
    this.#used = 0;
    if (owner === undefined || used === 0) return;
    const { socket } = owner;
    if (socket.destroyed || socket.writableEnded) return;
    const view = this.#bytes.subarray(0, used);
    if (socket.writableLength > 0) {
      socket.write(Buffer.from(view));
    } else {
      socket.write(view);
      if (socket.writableLength > 0) this.#bytes = Buffer.allocUnsafeSlow(CAPACITY);
    }
    owner.wrote();
  }

  #claim(owner: OutputOwner, room: number): void {
    if (this.#owner !== owner) {
      this.flush();
      this.#owner = owner;
      queueMicrotask(this.#flushLater);
    } else if (this.#used + room > CAPACITY) {
      this.flush();
      this.#owner = owner;
      queueMicrotask(this.#flushLater);
    }
  }
}

function writeHex(bytes: Buffer, at: number, value: number): number {
  let shift = 0;
  while (value >>> (shift + 4) > 0) shift += 4;
  let to = at;
  for (; shift >= 0; shift -= 4) {
    bytes[to] = HEX[(value >>> shift) & 15] as number;
    to += 1;
  }
  return to;
}
