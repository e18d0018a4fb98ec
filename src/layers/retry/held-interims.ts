// The informational heads of an attempt that may yet be replaced.

import type { Head, Sink } from '../../core/sink.ts';

/** More of them than this are not worth keeping. */
const INTERIMS_MAX = 8;

/** Those of one attempt, in the order they came. */
export class HeldInterims {
  readonly #heads: Head[] = [];

  keep(head: Head): void {
    if (this.#heads.length < INTERIMS_MAX) this.#heads.push(head);
  }

  /** Says them to `sink`, for as long as `goesOn`. */
  replayTo(sink: Sink, goesOn: () => boolean): void {
    for (const head of this.#heads) if (goesOn()) sink.interim(head);
  }
}
