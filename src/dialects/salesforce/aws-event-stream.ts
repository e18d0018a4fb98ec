// Finds the messages of an `application/vnd.amazon.eventstream` body at any split. A message is
// u32 total length, u32 headers length, u32 CRC of these eight bytes, headers, payload, u32 CRC of
// all before it; big-endian, CRC-32 as in zlib.
// Invariant: a message is reported only after both checksums held; after the first fault, or a
// truncated end, nothing more is reported. Holds at most one message, growing as its bytes come, so
// that a length alone costs no memory.

import { crc32 } from 'node:zlib';
import { readEventHeaders } from './event-stream-headers.ts';
import type { EventHeaders } from './event-stream-headers.ts';

/** Why a body is not an event stream, or not to be trusted. */
export type EventStreamFault =
  | 'prelude-checksum'
  | 'message-checksum'
  | 'bad-length'
  | 'too-large'
  | 'bad-headers';

/** Hears the messages of one body. */
export interface EventStreamListener {
  /** One whole message. Both arguments are lent for this call. */
  message(headers: EventHeaders, payload: Uint8Array): void;
  /** At most once, and nothing after it. */
  broken(fault: EventStreamFault): void;
}

/**
 * Largest message in bytes. The format's own limit for payloads was 16 MB for years; an event of a
 * model is far smaller.
 */
export const EVENT_STREAM_MESSAGE_BYTES_MAX = 16 * 1024 * 1024;

const PRELUDE_BYTES = 12;
const CHECKSUM_BYTES = 4;
const FRAME_BYTES_MIN = PRELUDE_BYTES + CHECKSUM_BYTES;
const FIRST_BUFFER_BYTES = 1024;
/** A larger buffer is let go after its message: the usual event needs a fraction of it. */
const KEPT_BUFFER_BYTES_MAX = 65_536;

/** Reads one body. */
export class EventStreamDecoder {
  readonly #listener: EventStreamListener;
  readonly #messageBytesMax: number;
  /** The beginning of a message that is not whole yet. */
  #held: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #heldBytes: number = 0;
  #broken: boolean = false;

  constructor(
    listener: EventStreamListener,
    messageBytesMax: number = EVENT_STREAM_MESSAGE_BYTES_MAX,
  ) {
    this.#listener = listener;
    this.#messageBytesMax = messageBytesMax;
  }

  /** A message has begun and is not whole: an end here would be a cut. */
  get midMessage(): boolean {
    return this.#heldBytes > 0;
  }

  /** `bytes` are lent. */
  push(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length && !this.#broken) {
      at = this.#heldBytes === 0 ? this.#readInPlace(bytes, at) : this.#complete(bytes, at);
    }
  }

  /** Reads a message that lies whole in `bytes`, or begins to hold it. Answers where to go on. */
  #readInPlace(bytes: Uint8Array, from: number): number {
    const there = bytes.length - from;
    if (there >= PRELUDE_BYTES) {
      const total = this.#totalBytes(bytes, from);
      if (total === 0) return bytes.length;
      if (there >= total) {
        this.#deliver(bytes.subarray(from, from + total));
        return from + total;
      }
    }
    this.#hold(bytes, from, bytes.length);
    return bytes.length;
  }

  /** Adds to the message that is held, at first its prelude, which tells how much is missing. */
  #complete(bytes: Uint8Array, from: number): number {
    if (this.#heldBytes < PRELUDE_BYTES) {
      const to = Math.min(bytes.length, from + PRELUDE_BYTES - this.#heldBytes);
      this.#hold(bytes, from, to);
      if (this.#heldBytes === PRELUDE_BYTES) this.#totalBytes(this.#held, 0);
      return to;
    }
    const total = uint32(this.#held, 0);
    const to = Math.min(bytes.length, from + total - this.#heldBytes);
    this.#hold(bytes, from, to);
    if (this.#heldBytes === total) {
      const message = this.#held.subarray(0, total);
      this.#heldBytes = 0;
      if (this.#held.length > KEPT_BUFFER_BYTES_MAX) this.#held = new Uint8Array(0);
      this.#deliver(message);
    }
    return to;
  }

  #hold(bytes: Uint8Array, from: number, to: number): void {
    const needed = this.#heldBytes + to - from;
    if (needed > this.#held.length) {
      const grown = new Uint8Array(Math.max(needed, this.#held.length * 2, FIRST_BUFFER_BYTES));
      grown.set(this.#held.subarray(0, this.#heldBytes));
      this.#held = grown;
    }
    this.#held.set(bytes.subarray(from, to), this.#heldBytes);
    this.#heldBytes = needed;
  }

  /** Length of the message whose prelude starts at `from`; 0 when it cannot be one. */
  #totalBytes(bytes: Uint8Array, from: number): number {
    const total = uint32(bytes, from);
    const headers = uint32(bytes, from + 4);
    // The checksum first: a length that was damaged on the way says nothing of its own.
    if (crc32(bytes.subarray(from, from + 8)) !== uint32(bytes, from + 8)) {
      return this.#fail('prelude-checksum');
    }
    if (total < FRAME_BYTES_MIN || headers > total - FRAME_BYTES_MIN) {
      return this.#fail('bad-length');
    }
    return total > this.#messageBytesMax ? this.#fail('too-large') : total;
  }

  #deliver(message: Uint8Array): void {
    const end = message.length - CHECKSUM_BYTES;
    if (crc32(message.subarray(0, end)) !== uint32(message, end)) {
      this.#fail('message-checksum');
      return;
    }
    const payloadAt = PRELUDE_BYTES + uint32(message, 4);
    const headers = readEventHeaders(message.subarray(PRELUDE_BYTES, payloadAt));
    if (headers === undefined) this.#fail('bad-headers');
    else this.#listener.message(headers, message.subarray(payloadAt, end));
  }

  #fail(fault: EventStreamFault): 0 {
    this.#broken = true;
    this.#held = new Uint8Array(0);
    this.#heldBytes = 0;
    this.#listener.broken(fault);
    return 0;
  }
}

function uint32(bytes: Uint8Array, at: number): number {
  const high = ((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16);
  return (high | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)) >>> 0;
}
