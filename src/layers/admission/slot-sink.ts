// Holds one slot from the moment a call is let in to its last byte, across all its attempts.
// Invariant: slot and lease are given back exactly once, before the last word goes on, so that
// whoever hears it finds the slot free.

import type { Clock } from '../../core/clock.ts';
import type { CallError } from '../../core/errors.ts';
import type { HeaderList } from '../../core/header-list.ts';
import type { Lease, Leases } from '../../core/leases.ts';
import { kindOfStatus } from '../../core/outcome.ts';
import type { Flow, Head, Sink } from '../../core/sink.ts';
import type { UpstreamLimit } from './upstream-limit.ts';

/** What all slots of a gateway need. */
export interface SlotDeps {
  readonly clock: Clock;
  readonly leases: Leases;
}

/** Hears what is said after a call was broken off. */
const deaf: Sink = { interim() {}, start() {}, chunk() {}, end() {}, fail() {} };

/** The sink of one call that is in. */
export class SlotSink implements Sink {
  #sink: Sink;
  readonly #deps: SlotDeps;
  readonly #limit: UpstreamLimit;
  readonly #lease: Lease;
  /** The upstream took the call: how long it holds its slot is how long calls hold theirs. */
  #served: boolean = false;
  #over: boolean = false;

  constructor(sink: Sink, deps: SlotDeps, limit: UpstreamLimit, lease: Lease) {
    this.#sink = sink;
    this.#deps = deps;
    this.#limit = limit;
    this.#lease = lease;
  }

  interim(head: Head): void {
    this.#sink.interim(head);
  }

  start(head: Head, flow: Flow): void {
    const kind = kindOfStatus(head.status);
    this.#served = kind === 'ok' || kind === 'rejected';
    this.#sink.start(head, flow);
  }

  chunk(bytes: Uint8Array): void {
    this.#sink.chunk(bytes);
  }

  end(trailers?: HeaderList): void {
    this.giveBack();
    this.#sink.end(trailers);
  }

  fail(error: CallError): void {
    this.giveBack();
    this.#sink.fail(error);
  }

  /** After an exception below: frees the slot and takes the last word from whoever had it. */
  break(error: CallError): void {
    if (this.#over) return;
    const sink = this.#sink;
    this.#sink = deaf;
    this.giveBack();
    sink.fail(error);
  }

  /** Frees the slot; later calls do nothing. */
  giveBack(): void {
    if (this.#over) return;
    this.#over = true;
    const { clock, leases } = this.#deps;
    leases.release(this.#lease);
    if (this.#served) {
      const now = clock.now();
      this.#limit.held(now - this.#lease.takenAt, now);
    }
    this.#limit.release();
  }
}
