// The response side of the grammar: interim* ((start chunk* end) | (start chunk*)? fail).

import type { CallError } from './errors.ts';
import type { HeaderList } from './header-list.ts';

/** How the body's length is known on the side it came from. */
export type Framing = 'none' | 'length' | 'chunked' | 'until-close';

/** A response head. */
export interface Head {
  readonly status: number;
  readonly reason: string;
  readonly headers: HeaderList;
  readonly framing: Framing;
  /** Body bytes when `framing` is `length`, else -1. */
  readonly contentLength: number;
  /** Made by the gateway before there was an answer: attempts may still be replaced. */
  readonly provisional?: true;
}

/** Lets a sink hold back the one who feeds it. Both calls may be repeated without harm. */
export interface Flow {
  pause(): void;
  resume(): void;
}

/**
 * Receives one response. Exactly one `end` or `fail` arrives, and nothing after it.
 * May be called before the service that was given it returns.
 */
export interface Sink {
  /** An informational head (1xx other than 100 and 101) to pass on before the real one. */
  interim(head: Head): void;
  start(head: Head, flow: Flow): void;
  /** Body bytes without transfer framing. They are lent for this call only: copy to keep. */
  chunk(bytes: Uint8Array): void;
  end(trailers?: HeaderList): void;
  fail(error: CallError): void;
}

/** For services that answer at once and cannot be held back. */
export const freeFlow: Flow = { pause() {}, resume() {} };
