// Takes request heads off one caller's connection, in any pieces, and says what each one is or why
// it is none. Holds no more than one unfinished head.

import { CallError } from '../../core/errors.ts';
import { HeadBuffer } from '../../http1/head-buffer.ts';
import { HttpFault } from '../../http1/head.ts';
import type { HeadLimits, RequestHead } from '../../http1/head.ts';
import { parseRequestHead } from '../../http1/request-parser.ts';

/** Reads heads one after another. */
export class RequestReader {
  /** What the last `read` found: a head, a fault, or neither when more is needed. */
  head: RequestHead | undefined = undefined;
  fault: CallError | undefined = undefined;
  readonly #limits: HeadLimits;
  readonly #bytes: HeadBuffer;

  constructor(limits: HeadLimits) {
    this.#limits = limits;
    this.#bytes = new HeadBuffer(limits);
  }

  /** No byte of an unfinished head is held. */
  get empty(): boolean {
    return this.#bytes.empty;
  }

  /** Reads from `at`; returns the index just past what belongs to the head. */
  read(bytes: Buffer, at: number): number {
    const heads = this.#bytes;
    this.head = undefined;
    const next = heads.feed(bytes, at, bytes.length);
    if (next < 0) {
      this.fault = next === -2 ? new CallError('HEAD_TOO_LARGE') : undefined;
      return bytes.length;
    }
    const head = parseRequestHead(heads.bytes, heads.from, heads.to, this.#limits);
    heads.reset();
    if (head instanceof HttpFault) {
      this.fault = new CallError(head.code, { detail: head.detail });
      return bytes.length;
    }
    this.fault = undefined;
    this.head = head;
    return next;
  }
}
