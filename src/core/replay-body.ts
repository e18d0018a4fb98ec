// A request body that can be sent again. What arrives is kept up to a bound; beyond it the body
// streams through, holds only what was not read yet, and says that it cannot be replayed.
// One producer (the edge) pushes, one reader at a time (an attempt) takes.

import type { CallError } from './errors.ts';

/** Takes a body. */
export interface BodyReader {
  /** The next bytes; return `false` to get no more until `resume` is called. */
  bodyBytes(bytes: Uint8Array): boolean;
  /** All bytes were delivered. */
  bodyEnd(): void;
  /** The body will never be complete. */
  bodyFailed(error: CallError): void;
}

/** Holds the producer back while the reader is slower than the caller. */
export interface BodySource {
  pauseBody(): void;
  resumeBody(): void;
}

/** Told when a body begins and ends to hold bytes of the budget; never twice in a row. */
export interface BufferOwner {
  bufferTaken(): void;
  bufferGivenBack(): void;
}

/** Bytes that all bodies of one gateway may keep together. */
export class BufferBudget {
  readonly maxBytes: number;
  usedBytes: number = 0;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  take(bytes: number): boolean {
    if (this.usedBytes + bytes > this.maxBytes) return false;
    this.usedBytes += bytes;
    return true;
  }

  give(bytes: number): void {
    this.usedBytes -= bytes;
  }
}

/** Unread bytes at which the caller is held back. */
const UNREAD_HIGH_BYTES = 256 * 1024;

/** One request body. Ends by `release`, which the call does at its last byte. */
export class ReplayBody {
  /** Body bytes as declared by the caller, -1 when unknown (chunked). */
  readonly declaredLength: number;
  receivedBytes: number = 0;
  complete: boolean = false;
  failure: CallError | undefined = undefined;
  /** Belongs to the router while it waits for more of this body; nobody else reads it. */
  routing: unknown = undefined;

  readonly #keepBytesMax: number;
  readonly #budget: BufferBudget;
  readonly #source: BodySource | undefined;
  readonly #owner: BufferOwner | undefined;
  #chunks: Uint8Array[] = [];
  /** Chunks before the first one in `#chunks` were dropped: no second reading. */
  #dropped: boolean = false;
  #heldBytes: number = 0;
  #next: number = 0;
  #unreadBytes: number = 0;
  #reader: BodyReader | undefined = undefined;
  #readerFull: boolean = false;
  #sourcePaused: boolean = false;
  #opened: boolean = false;
  /** Nobody will read any more: what still comes is counted and forgotten. */
  #unwanted: boolean = false;

  constructor(
    declaredLength: number,
    keepBytesMax: number,
    budget: BufferBudget,
    source: BodySource | undefined,
    owner?: BufferOwner,
  ) {
    this.declaredLength = declaredLength;
    this.#keepBytesMax = keepBytesMax;
    this.#budget = budget;
    this.#source = source;
    this.#owner = owner;
  }

  /** A body of no bytes. */
  static none(): ReplayBody {
    const body = new ReplayBody(0, 0, noBudget, undefined);
    body.complete = true;
    return body;
  }

  /** A complete body in memory, for callers inside the process. */
  static from(bytes: Uint8Array): ReplayBody {
    const body = new ReplayBody(
      bytes.length,
      bytes.length,
      new BufferBudget(bytes.length),
      undefined,
    );
    if (bytes.length > 0) body.push(bytes);
    body.finish();
    return body;
  }

  /** A further reader would get every byte from the first one on. */
  get replayable(): boolean {
    // A body of no bytes loses nothing; one such body is shared by all calls without an upload.
    return !this.#dropped || (this.complete && this.receivedBytes === 0);
  }

  /** Everything that came was read, and the caller has not sent the rest. */
  get awaitsCaller(): boolean {
    return !this.complete && this.#unreadBytes === 0;
  }

  /** What is kept now; for looking into a body, not for sending it. */
  get kept(): readonly Uint8Array[] {
    return this.#chunks;
  }

  /** Takes over `bytes` from the producer. */
  push(bytes: Uint8Array): void {
    this.receivedBytes += bytes.length;
    if (this.#unwanted) return;
    if (!this.#dropped && !this.#canKeep(bytes.length)) this.#dropRead();
    this.#chunks.push(bytes);
    this.#unreadBytes += bytes.length;
    if (this.#reader !== undefined && !this.#readerFull) this.#deliver();
    // While it may all be kept, reading on costs nothing more, and a caller who leaves is heard.
    if (this.#dropped && this.#unreadBytes > UNREAD_HIGH_BYTES && !this.#sourcePaused) {
      this.#sourcePaused = true;
      this.#source?.pauseBody();
    }
  }

  /** The producer is done. */
  finish(): void {
    this.complete = true;
    if (this.#unreadBytes === 0 && !this.#readerFull) this.#endReader();
  }

  /** The producer failed (caller gone, bad framing). */
  fail(error: CallError): void {
    if (this.complete || this.failure !== undefined) return;
    this.failure = error;
    const reader = this.#reader;
    this.#reader = undefined;
    reader?.bodyFailed(error);
  }

  /**
   * Starts a reading from the first byte. Legal while `replayable`, when it was at the last `close`
   * (the bytes that then came too many are read once), and when nobody has opened it yet.
   */
  open(reader: BodyReader): void {
    this.#reader = reader;
    this.#opened = true;
    this.#readerFull = false;
    this.#rewind();
    if (this.failure !== undefined) {
      this.#reader = undefined;
      reader.bodyFailed(this.failure);
      return;
    }
    this.#deliver();
  }

  /** Ends a reading early; does nothing for a reader that is not the current one. */
  close(reader: BodyReader): void {
    if (this.#reader !== reader) return;
    this.#reader = undefined;
    // What that reader had is unread again: another one may be on its way, and what comes until
    // then may be more than can be kept.
    if (!this.#dropped) this.#rewind();
  }

  /** The current reader can take more. */
  resume(reader: BodyReader): void {
    if (this.#reader !== reader || !this.#readerFull) return;
    this.#readerFull = false;
    this.#deliver();
  }

  /** No further reading will come: keeps only what the current reader has not taken yet. */
  commit(): void {
    if (!this.#dropped) this.#dropRead();
    this.routing = undefined;
    if (this.#opened && this.#reader === undefined) this.#forget();
  }

  /** Forgets everything kept; the call is over. */
  release(): void {
    this.#giveBack();
    this.#reader = undefined;
    this.#dropped = true;
    this.#forget();
  }

  #forget(): void {
    this.#chunks = [];
    this.#next = 0;
    this.#unreadBytes = 0;
    this.#unwanted = true;
  }

  #rewind(): void {
    this.#next = 0;
    let unread = 0;
    for (const chunk of this.#chunks) unread += chunk.length;
    this.#unreadBytes = unread;
  }

  #canKeep(bytes: number): boolean {
    if (this.#heldBytes + bytes > this.#keepBytesMax || !this.#budget.take(bytes)) return false;
    if (this.#heldBytes === 0 && bytes > 0) this.#owner?.bufferTaken();
    this.#heldBytes += bytes;
    return true;
  }

  #dropRead(): void {
    this.#dropped = true;
    this.#chunks.splice(0, this.#next);
    this.#next = 0;
    this.#giveBack();
  }

  #giveBack(): void {
    if (this.#heldBytes === 0) return;
    this.#budget.give(this.#heldBytes);
    this.#heldBytes = 0;
    this.#owner?.bufferGivenBack();
  }

  #deliver(): void {
    const reader = this.#reader;
    while (this.#next < this.#chunks.length) {
      const chunk = this.#chunks[this.#next] as Uint8Array;
      if (this.#dropped) this.#chunks.shift();
      else this.#next += 1;
      this.#unreadBytes -= chunk.length;
      const takesMore = reader?.bodyBytes(chunk);
      // It may have left, and another one begun: its answer says nothing about that one.
      if (this.#reader !== reader) return;
      if (takesMore === false) {
        this.#readerFull = true;
        return;
      }
    }
    if (this.#sourcePaused) {
      this.#sourcePaused = false;
      // The source may push at once, and fill or end this reader.
      this.#source?.resumeBody();
      if (this.#reader !== reader) return;
    }
    if (this.complete && this.#unreadBytes === 0 && !this.#readerFull) this.#endReader();
  }

  #endReader(): void {
    const reader = this.#reader;
    this.#reader = undefined;
    reader?.bodyEnd();
  }
}

const noBudget = new BufferBudget(0);
