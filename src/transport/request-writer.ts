// Writes one request at a time to one socket: head and small bodies in one write, large ones in
// pieces as the kernel takes them. Re-frames bodies of unknown length as chunks. Owns no socket.
// Invariant: bytes of the scratch buffer are never changed while a socket may still read them, and
// nothing of a body is written after `stop`.

import type { Socket } from 'node:net';
import { CallError } from '../core/errors.ts';
import type { BodyReader } from '../core/replay-body.ts';
import type { Framing } from '../core/sink.ts';
import { NEVER } from '../core/timeline.ts';
import { chunkPrefix, LAST_CHUNK, requestHeadText } from '../http1/serializer.ts';
import type { Exchange } from './exchange.ts';
import type { TransportContext } from './transport-context.ts';

/** Small enough to show progress on slow paths, large enough to cost no throughput. */
const PIECE_BYTES = 65_536;
/** A head and one piece fit together. */
const SCRATCH_BYTES = PIECE_BYTES + 8_192;
/** The longest chunk prefix for a piece, and the CRLF behind the payload. */
const CHUNK_FRAME_BYTES = 16;
const NOTHING = Buffer.alloc(0);

/** Where small writes are put together; shared by all connections of a transport. */
export class Scratch {
  bytes: Buffer = Buffer.allocUnsafeSlow(SCRATCH_BYTES);

  /** The bytes are in flight: whoever comes next gets others. */
  replace(): void {
    this.bytes = Buffer.allocUnsafeSlow(SCRATCH_BYTES);
  }
}

/** The sending side of one connection. */
export class RequestWriter implements BodyReader {
  /** Every byte of the request was handed to the socket. */
  complete: boolean = false;
  readonly #context: TransportContext;
  readonly #secure: boolean;
  /** Made when it is first needed: most plain sockets take every write at once. */
  #onFlushed: (() => void) | undefined = undefined;
  #socket: Socket | undefined = undefined;
  #exchange: Exchange | undefined = undefined;
  #framing: Framing = 'none';
  #length: number = -1;
  #sentBytes: number = 0;
  /** Bytes in the scratch buffer that wait for more, or -1 when nothing is put together. */
  #gathered: number = -1;
  #rest: Uint8Array | undefined = undefined;
  #restAt: number = 0;

  constructor(context: TransportContext, secure: boolean) {
    this.#context = context;
    this.#secure = secure;
  }

  /**
   * Bytes handed to the socket have not left this process: a request behind them would wait until
   * the upstream reads what it may have no more use for. TLS tells of its writes later than the
   * answer comes, so nothing can be said of it.
   */
  get isStuck(): boolean {
    return !this.#secure && (this.#socket?.writableLength ?? 0) > 0;
  }

  /** Sends the call's request. The socket must have nothing left to write for others to wait on. */
  begin(socket: Socket, exchange: Exchange, now: number): void {
    const { call, pool } = exchange;
    const { body, timeline } = call;
    this.#socket = socket;
    this.#exchange = exchange;
    this.complete = false;
    this.#sentBytes = 0;
    this.#rest = undefined;
    this.#length = body.complete ? body.receivedBytes : body.declaredLength;
    this.#framing = framingOf(call.method, this.#length);
    const head = requestHeadText(
      call.method,
      pool.target(call.path),
      pool.endpoint.authority,
      call.headers,
      this.#framing,
      this.#length,
      '',
    );
    timeline.firstWriteAt = now;
    timeline.uploadProgressAt = now;
    if (this.#length === 0 || head.length > SCRATCH_BYTES) {
      this.#writeText(head);
      if (this.#length === 0) {
        this.#finish();
        return;
      }
      this.#gathered = 0;
    } else {
      this.#gathered = this.#context.scratch.bytes.write(head, 0, 'latin1');
    }
    body.open(this);
    this.#flushGathered();
    if (this.complete) this.#noteSent();
  }

  /** Gives up what has not been written; the connection must not be used again if incomplete. */
  stop(): void {
    this.#exchange?.call.body.close(this);
    this.#exchange = undefined;
    this.#rest = undefined;
    this.#gathered = -1;
  }

  bodyBytes(bytes: Uint8Array): boolean {
    const exchange = this.#exchange;
    if (exchange === undefined) return false;
    this.#sentBytes += bytes.length;
    if (this.#length >= 0 && this.#sentBytes > this.#length) {
      exchange.failSending(new CallError('BUG', { detail: 'A body was longer than declared.' }));
      return false;
    }
    return this.#gather(bytes) || this.#writePieces(bytes, 0);
  }

  bodyEnd(): void {
    const exchange = this.#exchange;
    if (exchange === undefined) return;
    if (this.#length >= 0 && this.#sentBytes !== this.#length) {
      exchange.failSending(new CallError('BUG', { detail: 'A body was shorter than declared.' }));
      return;
    }
    if (this.#framing === 'chunked') this.#writeLastChunk();
    this.#finish();
  }

  bodyFailed(error: CallError): void {
    this.#exchange?.failSending(error);
  }

  #finish(): void {
    this.complete = true;
    if (this.#gathered <= 0) this.#noteSent();
  }

  /** Puts bytes behind what is put together already, if they fit. */
  #gather(bytes: Uint8Array): boolean {
    const at = this.#gathered;
    if (at < 0) return false;
    const { bytes: scratch } = this.#context.scratch;
    const isChunk = this.#framing === 'chunked';
    if (at + bytes.length + (isChunk ? CHUNK_FRAME_BYTES : 0) > scratch.length) {
      this.#flushGathered();
      return false;
    }
    if (isChunk) {
      this.#gathered = putChunk(scratch, at, bytes, 0, bytes.length);
    } else {
      scratch.set(bytes, at);
      this.#gathered = at + bytes.length;
    }
    return true;
  }

  #flushGathered(): void {
    const length = this.#gathered;
    this.#gathered = -1;
    if (length > 0) this.#writeScratch(length);
  }

  /** Writes bytes from `from` on; `false` = the kernel is full, the rest follows when it is not. */
  #writePieces(bytes: Uint8Array, from: number): boolean {
    let at = from;
    while (at < bytes.length) {
      const end = Math.min(bytes.length, at + PIECE_BYTES);
      if (this.#framing === 'chunked') {
        this.#writeScratch(putChunk(this.#context.scratch.bytes, 0, bytes, at, end));
      } else {
        this.#write(at === 0 && end === bytes.length ? bytes : bytes.subarray(at, end));
      }
      at = end;
      const exchange = this.#exchange;
      if (exchange === undefined) return false;
      if ((this.#socket as Socket).writableLength > 0) {
        this.#rest = bytes;
        this.#restAt = at;
        this.#askForFlush();
        return false;
      }
      exchange.call.timeline.uploadProgressAt = this.#context.clock.now();
    }
    return true;
  }

  #writeLastChunk(): void {
    const at = this.#gathered;
    if (at < 0) {
      this.#writeText(LAST_CHUNK);
      return;
    }
    const { bytes } = this.#context.scratch;
    if (at + LAST_CHUNK.length > bytes.length) {
      this.#flushGathered();
      this.#writeText(LAST_CHUNK);
      return;
    }
    this.#gathered = at + bytes.write(LAST_CHUNK, at, 'latin1');
  }

  #writeScratch(length: number): void {
    const { scratch } = this.#context;
    // TLS writes end later even when they were taken at once, so they get bytes of their own.
    if (this.#secure) {
      this.#write(Buffer.from(scratch.bytes.subarray(0, length)));
      return;
    }
    this.#write(scratch.bytes.subarray(0, length));
    if ((this.#socket as Socket).writableLength > 0) scratch.replace();
  }

  #write(bytes: Uint8Array): void {
    const socket = this.#socket as Socket; // Only called between `begin` and the end of a request.
    if (this.#secure) socket.write(bytes, this.#flushListener());
    else socket.write(bytes);
  }

  #writeText(text: string): void {
    const socket = this.#socket as Socket; // As above.
    if (this.#secure) socket.write(text, 'latin1', this.#flushListener());
    else socket.write(text, 'latin1');
  }

  /** Plain writes carry no callback, which spares a tick per call; an empty one asks afterwards. */
  #askForFlush(): void {
    if (!this.#secure) this.#socket?.write(NOTHING, this.#flushListener());
  }

  #flushListener(): () => void {
    this.#onFlushed ??= () => this.#flushed();
    return this.#onFlushed;
  }

  #noteSent(): void {
    const exchange = this.#exchange;
    if (exchange === undefined) return;
    if ((this.#socket as Socket).writableLength === 0) {
      const { timeline } = exchange.call;
      timeline.sentAt = timeline.firstWriteAt;
      if (this.#sentBytes > PIECE_BYTES) timeline.sentAt = this.#context.clock.now();
    } else {
      this.#askForFlush();
    }
  }

  #flushed(): void {
    const exchange = this.#exchange;
    if (exchange === undefined || this.#socket?.writableLength !== 0) return;
    const { timeline, body } = exchange.call;
    const now = this.#context.clock.now();
    timeline.uploadProgressAt = now;
    const rest = this.#rest;
    this.#rest = undefined;
    if (rest !== undefined && !this.#writePieces(rest, this.#restAt)) return;
    if (rest !== undefined) body.resume(this);
    else if (this.complete && timeline.sentAt === NEVER) timeline.sentAt = now;
  }
}

/** Bodies of no length are announced only where a body is expected (RFC 9110 8.6). */
function framingOf(method: string, length: number): Framing {
  if (length < 0) return 'chunked';
  if (length > 0) return 'length';
  return method === 'POST' || method === 'PUT' || method === 'PATCH' ? 'length' : 'none';
}

/** Writes bytes[from..to) as one chunk at `at`; returns where it ends. */
function putChunk(target: Buffer, at: number, bytes: Uint8Array, from: number, to: number): number {
  let place = at + target.write(chunkPrefix(to - from), at, 'latin1');
  target.set(from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to), place);
  place += to - from;
  target[place] = 13;
  target[place + 1] = 10;
  return place + 2;
}
