// Takes one request body off the wire, in whichever framing its head declared.

import { ChunkScanner } from '../../http1/chunk-scanner.ts';
import type { HttpFault, RequestHead } from '../../http1/head.ts';

const NOTHING = Buffer.alloc(0);

/** Reads bodies one after another; `begin` starts the next. */
export class UploadReader {
  /** The last byte of the body was read. */
  done: boolean = true;
  /** The chunked framing is broken; nothing after it can be trusted. */
  fault: HttpFault | undefined = undefined;
  #payload: Buffer = NOTHING;
  #left: number = 0;
  #chunks: ChunkScanner | undefined = undefined;
  #chunked: boolean = false;

  begin(request: RequestHead): void {
    this.done = false;
    this.fault = undefined;
    this.#left = request.contentLength;
    this.#chunked = request.framing === 'chunked';
    if (!this.#chunked) return;
    this.#chunks ??= new ChunkScanner();
    this.#chunks.reset();
  }

  /** What the last `read` found, without framing; often empty. Not kept here afterwards. */
  take(): Buffer {
    const payload = this.#payload;
    this.#payload = NOTHING;
    return payload;
  }

  /** Reads from `at`; returns the index just past what belongs to the body. */
  read(bytes: Buffer, at: number): number {
    if (this.#chunked) return this.#readChunks(this.#chunks as ChunkScanner, bytes, at);
    const end = Math.min(bytes.length, at + this.#left);
    this.#left -= end - at;
    this.done = this.#left === 0;
    this.#payload = at === 0 && end === bytes.length ? bytes : bytes.subarray(at, end);
    return end;
  }

  #readChunks(chunks: ChunkScanner, bytes: Buffer, at: number): number {
    const next = chunks.scan(bytes, at, bytes.length);
    this.fault = chunks.fault;
    this.done = chunks.done;
    this.#payload =
      chunks.payloadEnd > chunks.payloadStart
        ? bytes.subarray(chunks.payloadStart, chunks.payloadEnd)
        : NOTHING;
    return next;
  }
}
