// What waits for one peer: messages in order, handed to the kernel piece by piece, so that progress
// is seen and a ping or a close frame never stands behind megabytes. Long messages go out in
// fragments (RFC 6455 5.4 lets an intermediary do that while no extension is in use).
// Invariant: the pieces of a message are never mixed with those of another.

import type { WebSocket } from 'ws';

/**
 * What one waiting message costs beside its bytes: its place in the queue, its frames and their
 * write requests. Without it a megabyte of empty messages would hold hundreds of megabytes.
 */
const MESSAGE_BYTES = 256;

interface Waiting {
  readonly data: Buffer;
  readonly binary: boolean;
  /** Bytes of it that were handed over. */
  sent: number;
}

/** The bytes that wait in all sessions of one gateway together. */
export class HeldBytes {
  total: number = 0;
}

/** Told when something has left. */
export interface OutflowOwner {
  flushed(): void;
}

/** The sending side of one connection. */
export class Outflow {
  /** Pieces that have left so far. */
  flushes: number = 0;
  readonly #ws: WebSocket;
  readonly #owner: OutflowOwner;
  readonly #pieceBytes: number;
  readonly #held: HeldBytes;
  readonly #queue: Waiting[] = [];
  #queuedBytes: number = 0;
  #writing: number = 0;
  /** What was added to the total for this connection. */
  #counted: number = 0;
  #dropped: boolean = false;
  readonly #onWritten = (): void => {
    // A destroyed socket still calls back for what it has not sent.
    if (this.#dropped) return;
    this.#writing -= 1;
    this.flushes += 1;
    this.#pump();
    this.#count();
    this.#owner.flushed();
  };

  constructor(ws: WebSocket, owner: OutflowOwner, pieceBytes: number, held: HeldBytes) {
    this.#ws = ws;
    this.#owner = owner;
    this.#pieceBytes = pieceBytes;
    this.#held = held;
  }

  /** Bytes that the kernel has not taken, with what they cost here. */
  get backlogBytes(): number {
    return this.#ws.bufferedAmount + this.#queuedBytes + this.#writing * MESSAGE_BYTES;
  }

  /** Nothing waits. */
  get empty(): boolean {
    return this.#writing === 0 && this.#queue.length === 0;
  }

  /** Sends a message behind all others. The bytes become ours. */
  send(data: Buffer, binary: boolean): void {
    if (this.#queue.length === 0 && data.length <= this.#pieceBytes && this.#hasRoom()) {
      this.#write(data, binary, true);
    } else {
      this.#queue.push({ data, binary, sent: 0 });
      this.#queuedBytes += data.length + MESSAGE_BYTES;
      this.#pump();
    }
    this.#count();
  }

  /** Lets everything go that has not been handed over, and counts no longer. */
  drop(): void {
    this.#dropped = true;
    this.#queue.length = 0;
    this.#queuedBytes = 0;
    this.#held.total -= this.#counted;
    this.#counted = 0;
  }

  #hasRoom(): boolean {
    return this.#ws.bufferedAmount + this.#writing * MESSAGE_BYTES < this.#pieceBytes;
  }

  #pump(): void {
    for (let first = this.#queue[0]; first !== undefined; first = this.#queue[0]) {
      if (!this.#hasRoom()) return;
      const { data, binary, sent } = first;
      const end = Math.min(sent + this.#pieceBytes, data.length);
      const last = end === data.length;
      first.sent = end;
      this.#queuedBytes -= end - sent;
      if (last) {
        this.#queue.shift();
        this.#queuedBytes -= MESSAGE_BYTES;
      }
      this.#write(data.subarray(sent, end), binary, last);
    }
  }

  #write(piece: Buffer, binary: boolean, fin: boolean): void {
    this.#writing += 1;
    this.#ws.send(piece, { binary, fin }, this.#onWritten);
  }

  #count(): void {
    const backlog = this.backlogBytes;
    this.#held.total += backlog - this.#counted;
    this.#counted = backlog;
  }
}
