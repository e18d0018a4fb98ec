// Collects what the reads of one turn of the event loop make us say, and says it when they are
// done: one write per caller, all in a row, so that the other side is woken once. One scratch
// buffer serves every connection; whoever closes a socket flushes first.
// Invariant: a buffer handed to a socket is reused only when the kernel has taken all of it.

import type { Socket } from 'node:net';
import type { Clock } from '../../core/clock.ts';

/** A connection that writes through the output. */
export interface OutputOwner {
  readonly socket: Socket;
  /** Told after each write, to hold the upstream back when the socket is full. */
  wrote(): void;
}

/** Several upstream reads (64 KiB) with frames and heads; a fuller turn is written in parts. */
const CAPACITY = 256 * 1024;
/** `10000` hex digits, CRLF before and after: the most a frame adds. */
const FRAME_BYTES = 16;
const HEX = Buffer.from('0123456789abcdef');

/** The shared write side of one HTTP server. */
export class Output {
  #bytes: Buffer = Buffer.allocUnsafeSlow(CAPACITY);
  #used: number = 0;
  /** Who writes what: owner n has the bytes from `#starts[n]` to the next start. */
  #owners: OutputOwner[] = [];
  #starts: number[] = [];
  #armed: boolean = false;
  readonly #clock: Clock;
  readonly #flushLater = (): void => {
    this.#armed = false;
    this.flush();
  };

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Adds latin1 text: a head, an error event, the last chunk. */
  text(owner: OutputOwner, text: string): void {
    if (text.length > CAPACITY) {
      this.flush();
      write(owner, Buffer.from(text, 'latin1'));
      return;
    }
    this.#claim(owner, text.length);
    this.#used += this.#bytes.write(text, this.#used, 'latin1');
  }

  /** Adds payload as it is. */
  raw(owner: OutputOwner, payload: Uint8Array): void {
    if (payload.length > CAPACITY) {
      this.flush();
      write(owner, Buffer.from(payload));
      return;
    }
    this.#claim(owner, payload.length);
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

  /** Writes what is collected. Happens by itself before the event loop waits again. */
  flush(): void {
    if (this.#owners.length === 0) return;
    const owners = this.#owners;
    const starts = this.#starts;
    const bytes = this.#bytes;
    const used = this.#used;
    this.#owners = [];
    this.#starts = [];
    this.#used = 0;
    let kept = false;
    for (let at = 0; at < owners.length; at += 1) {
      const owner = owners[at] as OutputOwner;
      const end = at + 1 < owners.length ? (starts[at + 1] as number) : used;
      if (write(owner, bytes.subarray(starts[at], end))) kept = true;
    }
    if (kept) this.#bytes = Buffer.allocUnsafeSlow(CAPACITY);
  }

  #claim(owner: OutputOwner, room: number): void {
    if (this.#used + room > CAPACITY) this.flush();
    if (this.#owners.at(-1) !== owner) {
      this.#owners.push(owner);
      this.#starts.push(this.#used);
    }
    if (this.#armed) return;
    this.#armed = true;
    this.#clock.nextTurn(this.#flushLater);
  }
}

/** Writes one owner's share; true when the socket has kept the bytes themselves. */
function write(owner: OutputOwner, view: Buffer): boolean {
  const { socket } = owner;
  if (socket.destroyed || socket.writableEnded) return false;
  const backlog = socket.writableLength > 0;
  socket.write(backlog ? Buffer.from(view) : view);
  const kept = !backlog && socket.writableLength > 0;
  owner.wrote();
  return kept;
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
