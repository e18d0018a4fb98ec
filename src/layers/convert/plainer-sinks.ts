// Around an attempt that can be put in plainer words: reads a refusal to its end before anybody
// sees it, since its words decide whether the call is sent again. And around that second attempt:
// tells when the plainer words were taken.
// Invariant: what is held is one head and a bounded front of one refusal.

import type { PlainerConversion } from '../../core/conversion.ts';
import type { CallError } from '../../core/errors.ts';
import type { HeaderList } from '../../core/header-list.ts';
import { freeFlow } from '../../core/sink.ts';
import type { Flow, Head, Sink } from '../../core/sink.ts';

/** Bytes of a refusal that are read; the longest in use are far shorter. */
export const REFUSAL_BYTES_MAX: number = 64 * 1024;

/** Sends the call again. */
export interface Resender {
  /** False where that cannot be done any more; then nothing has happened. */
  resend(plainer: PlainerConversion): boolean;
}

/** Passes every answer but a refusal that asks for plainer words. */
export class RefusalSink implements Sink {
  readonly #plainer: PlainerConversion;
  readonly #resender: Resender;
  readonly #sink: Sink;
  #head: Head | undefined = undefined;
  #flow: Flow = freeFlow;
  #parts: Uint8Array[] = [];
  #bytes: number = 0;

  constructor(plainer: PlainerConversion, resender: Resender, sink: Sink) {
    this.#plainer = plainer;
    this.#resender = resender;
    this.#sink = sink;
  }

  interim(head: Head): void {
    this.#sink.interim(head);
  }

  start(head: Head, flow: Flow): void {
    if (isRefusal(head)) {
      this.#head = head;
      this.#flow = flow;
    } else this.#sink.start(head, flow);
  }

  chunk(bytes: Uint8Array): void {
    if (this.#head === undefined) {
      this.#sink.chunk(bytes);
      return;
    }
    this.#parts.push(Uint8Array.from(bytes));
    this.#bytes += bytes.length;
    if (this.#bytes > REFUSAL_BYTES_MAX) this.#letGo();
  }

  end(trailers?: HeaderList): void {
    if (this.#head !== undefined) {
      const text = Buffer.concat(this.#parts).toString('utf8');
      if (this.#plainer.isAskedBy(text) && this.#resender.resend(this.#plainer)) return;
      this.#letGo();
    }
    this.#sink.end(trailers);
  }

  fail(error: CallError): void {
    this.#head = undefined;
    this.#parts = [];
    this.#sink.fail(error);
  }

  #letGo(): void {
    const head = this.#head;
    if (head === undefined) return;
    const parts = this.#parts;
    this.#head = undefined;
    this.#parts = [];
    this.#sink.start(head, this.#flow);
    if (this.#bytes > 0) this.#sink.chunk(Buffer.concat(parts));
  }
}

/** Tells a plainer form that it was taken. */
export class TakenSink implements Sink {
  readonly #plainer: PlainerConversion;
  readonly #sink: Sink;

  constructor(plainer: PlainerConversion, sink: Sink) {
    this.#plainer = plainer;
    this.#sink = sink;
  }

  interim(head: Head): void {
    this.#sink.interim(head);
  }

  start(head: Head, flow: Flow): void {
    // Refused again, it was another field's fault.
    if (head.status < 300) this.#plainer.taken();
    this.#sink.start(head, flow);
  }

  chunk(bytes: Uint8Array): void {
    this.#sink.chunk(bytes);
  }

  end(trailers?: HeaderList): void {
    this.#sink.end(trailers);
  }

  fail(error: CallError): void {
    this.#sink.fail(error);
  }
}

/** It names a fault of the request; servers that check by schema say 422. */
function isRefusal({ status }: Head): boolean {
  return status === 400 || status === 422;
}
