// A call that may be a twin, held until its body has come and can be compared. Usually that is so
// in the same read as its head. Invariant: it is settled once: decided, lost with its body, or left
// by its caller.

import type { Call } from '../../core/call.ts';
import type { CancelListener } from '../../core/cancellation.ts';
import type { CallError } from '../../core/errors.ts';
import type { Sink } from '../../core/sink.ts';
import type { BodyWatch, JointBody } from './joint-body.ts';

/** One held call. `decide` is told when it can be seen whether it is a twin. */
export class Arrival implements BodyWatch, CancelListener {
  readonly call: Call;
  readonly sink: Sink;
  readonly place: string;
  readonly body: JointBody;
  readonly #decide: (arrival: Arrival) => void;

  constructor(
    call: Call,
    sink: Sink,
    place: string,
    body: JointBody,
    decide: (arrival: Arrival) => void,
  ) {
    this.call = call;
    this.sink = sink;
    this.place = place;
    this.body = body;
    this.#decide = decide;
  }

  /** Waits for its body, which is still on its way. Perhaps settled before this returns. */
  wait(): void {
    this.call.cancellation.listen(this);
    if (this.call.cancellation.reason === undefined) this.body.watch(this);
  }

  bodyWhole(): void {
    this.call.cancellation.unlisten(this);
    this.#decide(this);
  }

  bodyUnknown(): void {
    this.bodyWhole();
  }

  bodyLost(error: CallError): void {
    this.call.cancellation.unlisten(this);
    this.body.release();
    this.sink.fail(error);
  }

  cancelled(reason: CallError): void {
    this.body.release();
    this.sink.fail(reason);
  }
}
