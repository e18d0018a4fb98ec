// One call in a queue. It is granted a slot, sent away, or its caller leaves; what comes first
// settles it, and from then on it hears nothing more.

import type { Call } from '../../core/call.ts';
import type { Priority } from '../../core/caller.ts';
import type { CancelListener } from '../../core/cancellation.ts';
import type { CallError } from '../../core/errors.ts';
import type { Sink } from '../../core/sink.ts';
import type { ShedCause } from './admission-observer.ts';
import type { TenantLine } from './class-lines.ts';
import type { Applicant, UpstreamLimit } from './upstream-limit.ts';

/** The layer, as a waiting call sees it. */
export interface Door {
  /** The upstreams of the route, the one with the queue first. */
  readonly limits: readonly UpstreamLimit[];
  /** Sends a call on that has a slot at `place` since this moment. Does not throw. */
  letIn(waiting: WaitingCall, place: UpstreamLimit): void;
}

/** A call that waits for a slot. */
export class WaitingCall implements Applicant, CancelListener {
  readonly call: Call;
  readonly sink: Sink;
  readonly since: number;
  readonly expiresAt: number;
  line: TenantLine<Applicant> | undefined = undefined;
  older: Applicant | undefined = undefined;
  newer: Applicant | undefined = undefined;
  readonly #door: Door;
  #settled: boolean = false;

  constructor(door: Door, call: Call, sink: Sink, since: number, waitMs: number) {
    this.#door = door;
    this.call = call;
    this.sink = sink;
    this.since = since;
    this.expiresAt = since + waitMs;
  }

  get priority(): Priority {
    return this.call.caller.priority;
  }

  get tenant(): string {
    return this.call.caller.tenant;
  }

  /** Stands in line until one of the three happens; perhaps before this returns. */
  wait(): void {
    this.#home.enter(this, this.since);
    // Whoever was sent away at the door must not be told of the caller's leaving.
    if (!this.#settled) this.call.cancellation.listen(this);
  }

  mayUse(upstream: string): boolean {
    return this.#door.limits.some(({ name }) => name === upstream);
  }

  granted(place: UpstreamLimit): void {
    this.#settle();
    this.#door.letIn(this, place);
  }

  sentAway(cause: ShedCause, waiting: number): void {
    this.#settle();
    this.sink.fail(this.#home.refusal(cause, waiting));
  }

  cancelled(reason: CallError): void {
    this.#settled = true;
    this.#home.leave(this);
    this.sink.fail(reason);
  }

  get #home(): UpstreamLimit {
    return this.#door.limits[0] as UpstreamLimit;
  }

  #settle(): void {
    this.#settled = true;
    this.call.cancellation.unlisten(this);
  }
}
