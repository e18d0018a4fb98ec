// Puts responses on one caller's wire in the framing that was planned. Knows nothing of requests
// still to come or of how connections end.

import type { Clock } from '../../core/clock.ts';
import type { HeaderList } from '../../core/header-list.ts';
import type { Head } from '../../core/sink.ts';
import type { RequestHead } from '../../http1/head.ts';
import { LAST_CHUNK, responseHeadText, trailerText } from '../../http1/serializer.ts';
import type { ResponseSide } from './exchange.ts';
import type { Output, OutputOwner } from './output.ts';
import { planResponse } from './response-plan.ts';
import type { BodyMode } from './response-plan.ts';

/** The connection a response is written on. */
export interface ResponseOwner extends OutputOwner {
  /** This connection takes no request after the one whose response begins. */
  closesAfter(request: RequestHead): boolean;
}

/** The write side of one caller connection. */
export class ResponseWriter implements ResponseSide {
  readonly #owner: ResponseOwner;
  readonly #output: Output;
  readonly #clock: Clock;
  #mode: BodyMode = 'none';

  constructor(owner: ResponseOwner, output: Output, clock: Clock) {
    this.#owner = owner;
    this.#output = output;
    this.#clock = clock;
  }

  /** The end of the body is the end of the connection: only a reset tells a cut from an end. */
  get endsByClose(): boolean {
    return this.#mode === 'until-close';
  }

  /** Forgets the last response. */
  reset(): void {
    this.#mode = 'none';
  }

  interim(head: Head): void {
    const text = responseHeadText(head.status, head.reason, 1, head.headers, 'none', -1, '');
    this.#output.text(this.#owner, text);
  }

  head(request: RequestHead, head: Head, callId: string): BodyMode {
    const plan = planResponse(request, head, callId, this.#owner.closesAfter(request), this.#clock);
    this.#mode = plan.mode;
    const framing = plan.mode === 'until-close' ? 'none' : plan.mode;
    const length = plan.mode === 'length' ? Math.max(0, head.contentLength) : -1;
    const { status, reason } = head;
    this.#output.text(
      this.#owner,
      responseHeadText(status, reason, 1, plan.headers, framing, length, plan.extraLines),
    );
    return plan.mode;
  }

  body(bytes: Uint8Array): void {
    if (this.#mode === 'chunked') this.#output.frame(this.#owner, bytes);
    else if (this.#mode !== 'none') this.#output.raw(this.#owner, bytes);
  }

  end(trailers: HeaderList | undefined): void {
    if (this.#mode === 'chunked') {
      const tail = trailers === undefined ? LAST_CHUNK : `0\r\n${trailerText(trailers)}\r\n`;
      this.#output.text(this.#owner, tail);
    }
  }
}
