// Outermost layer: one sample, one log line and one verdict for each call, at its true last byte.
// Sees refusals too. Writes nothing while a call runs.

import type { Call } from '../../core/call.ts';
import type { Clock } from '../../core/clock.ts';
import { STATUS_FOR_NOBODY } from '../../core/error-table.ts';
import type { CallError } from '../../core/errors.ts';
import type { HeaderList } from '../../core/header-list.ts';
import type { Layer } from '../../core/layer.ts';
import type { Leases, Lease } from '../../core/leases.ts';
import type { Flow, Head, Sink } from '../../core/sink.ts';

/** Takes the account of finished calls. */
export interface CallObserver {
  callStarted(call: Call): void;
  /**
   * Its head is about to be passed on, and after that its body can no longer be read. At most once.
   */
  callAnswered?(call: Call): void;
  /** `error` is `undefined` when the answer was whole. Called exactly once per call. */
  callEnded(call: Call, error: CallError | undefined): void;
}

/** What the layer is given. */
export interface ObserveDeps {
  readonly clock: Clock;
  readonly leases: Leases;
  readonly observer: CallObserver;
}

/** Reports each call to the observer and holds the call's own lease. */
export function observeLayer(deps: ObserveDeps): Layer {
  return {
    name: 'observe',
    wrap: (next) => (call, sink) => {
      deps.observer.callStarted(call);
      next(call, new ObserveSink(call, sink, deps));
    },
  };
}

class ObserveSink implements Sink {
  readonly #call: Call;
  readonly #sink: Sink;
  readonly #deps: ObserveDeps;
  readonly #lease: Lease;

  constructor(call: Call, sink: Sink, deps: ObserveDeps) {
    this.#call = call;
    this.#sink = sink;
    this.#deps = deps;
    this.#lease = deps.leases.take('call', call.id, call.timeline.routedAt);
  }

  interim(head: Head): void {
    this.#sink.interim(head);
  }

  start(head: Head, flow: Flow): void {
    const { timeline } = this.#call;
    timeline.status = head.status;
    timeline.committedAt = this.#deps.clock.now();
    this.#deps.observer.callAnswered?.(this.#call);
    this.#sink.start(head, flow);
  }

  chunk(bytes: Uint8Array): void {
    this.#sink.chunk(bytes);
  }

  end(trailers?: HeaderList): void {
    this.#over(undefined);
    this.#sink.end(trailers);
  }

  fail(error: CallError): void {
    this.#over(error);
    this.#sink.fail(error);
  }

  #over(error: CallError | undefined): void {
    const { timeline } = this.#call;
    timeline.endedAt = this.#deps.clock.now();
    if (timeline.status === 0 && error !== undefined) {
      timeline.status = error.status === 0 ? STATUS_FOR_NOBODY : error.status;
    }
    this.#deps.leases.release(this.#lease);
    this.#deps.observer.callEnded(this.#call, error);
  }
}
