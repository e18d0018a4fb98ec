// Enforces the limits of each phase on the wire, by one sweep over the active calls instead of
// timers per call. Decides nothing itself: phase-limits.ts does. A passed limit cancels the
// attempt; the transport answers with that reason, so there is one road out.

import { attemptOf } from '../../core/call.ts';
import type { Call } from '../../core/call.ts';
import { Cancellation } from '../../core/cancellation.ts';
import { CallError } from '../../core/errors.ts';
import type { HeaderList } from '../../core/header-list.ts';
import type { Layer } from '../../core/layer.ts';
import type { Flow, Head, Sink } from '../../core/sink.ts';
import type { Sweep, Swept } from '../../core/sweep.ts';
import { overdue } from './phase-limits.ts';
import type { CallFacts } from './phase-limits.ts';

/** What the layer is given. */
export interface TimeoutsDeps {
  readonly sweep: Sweep;
}

/** Times the wire of each attempt, to the precision of the sweep. */
export function timeoutsLayer(deps: TimeoutsDeps): Layer {
  return {
    name: 'timeouts',
    wrap: (next) => (call, sink) => {
      const scope = new Cancellation(call.cancellation);
      const watch = new TimeoutsSink(call, scope, sink, deps.sweep);
      deps.sweep.add(watch);
      next(attemptOf(call, call.attempt, scope), watch);
    },
  };
}

class TimeoutsSink implements Sink, Swept, CallFacts {
  sweepIndex: number = -1;
  readonly secure: boolean;
  readonly #call: Call;
  readonly #scope: Cancellation;
  readonly #sink: Sink;
  readonly #sweep: Sweep;

  constructor(call: Call, scope: Cancellation, sink: Sink, sweep: Sweep) {
    this.#call = call;
    this.#scope = scope;
    this.#sink = sink;
    this.#sweep = sweep;
    this.secure = call.route.endpoints[0]?.secure === true;
  }

  get awaitsCaller(): boolean {
    return this.#call.body.awaitsCaller;
  }

  sweep(now: number): void {
    const late = overdue(this.#call.timeline, this.#call.route.limits, this, now);
    if (late === undefined) return;
    const detail = `${late.limitMs / 1000} s ${late.what}.`;
    this.#scope.cancel(new CallError(late.code, { detail }));
  }

  interim(head: Head): void {
    this.#sink.interim(head);
  }

  start(head: Head, flow: Flow): void {
    this.#sink.start(head, flow);
  }

  chunk(bytes: Uint8Array): void {
    this.#sink.chunk(bytes);
  }

  end(trailers?: HeaderList): void {
    this.#leave();
    this.#sink.end(trailers);
  }

  fail(error: CallError): void {
    this.#leave();
    this.#sink.fail(error);
  }

  #leave(): void {
    this.#sweep.remove(this);
    this.#scope.detach();
  }
}
