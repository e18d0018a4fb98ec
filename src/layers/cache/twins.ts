// Joins equal calls in flight. Clients whose stream was cut on their side send the same request
// again while the upstream still works on the first one, and bills it. Such a twin is given the
// running call's answer from its first byte on, and then goes on with it.
// A twin is the same request (same-request.ts, body-digest.ts) of the same identity within one
// session that its caller has named. Everything else passes as if this layer were not here.
// Each caller stays a call of its own to all layers above; those below see one.
// Invariant: nobody is given an answer that their own credentials did not ask for.
//
// A layer of its own at the position `cache`. A cache of whole answers belongs to the same position
// and stands in front: what it has needs no twin.

import type { Call } from '../../core/call.ts';
import type { Layer, Service } from '../../core/layer.ts';
import type { Sink } from '../../core/sink.ts';
import { Arrival } from './arrival.ts';
import { defaultTwinsOptions } from './options.ts';
import type { TwinsOptions } from './options.ts';
import { isSameRequest, placeOf } from './same-request.ts';
import { JointBody } from './joint-body.ts';
import { JointCall } from './joint-call.ts';
import type { JointCalls } from './joint-calls.ts';

/** What the layer is given. */
export interface TwinsDeps {
  /** Outlives reloads and is shared by all stacks. */
  readonly calls: JointCalls;
}

/** Joins equal completions of one session. Without session fields it is the next service itself. */
export function twinsLayer(deps: TwinsDeps, options: TwinsOptions = defaultTwinsOptions): Layer {
  return {
    name: 'cache',
    wrap: (next) => {
      if (options.sessionFields.length === 0) return next;
      const gate = new TwinsGate(deps.calls, options, next);
      return (call, sink) => {
        const session = gate.sessionOf(call);
        if (session === undefined) next(call, sink);
        else gate.take(call, sink, session);
      };
    },
  };
}

class TwinsGate {
  readonly #calls: JointCalls;
  readonly #options: TwinsOptions;
  readonly #next: Service;
  readonly #decide = (arrival: Arrival): void => this.#settle(arrival);

  constructor(calls: JointCalls, options: TwinsOptions, next: Service) {
    this.#calls = calls;
    this.#options = options;
    this.#next = next;
  }

  /** The session of a call that can have twins. */
  sessionOf(call: Call): string | undefined {
    if (call.route.kind !== 'completion' || call.method !== 'POST') return undefined;
    const { declaredLength, receivedBytes } = call.body;
    const bytes = Math.max(declaredLength, receivedBytes);
    // A length of 0 is that of calls without a body, which share one.
    if (declaredLength === 0 || bytes > this.#options.bodyBytesMax) return undefined;
    for (const field of this.#options.sessionFields) {
      const session = call.headers.get(field);
      if (session !== undefined && session !== '') return session;
    }
    return undefined;
  }

  take(call: Call, sink: Sink, session: string): void {
    // Whoever has left already must not be waited for.
    if (call.cancellation.reason !== undefined) {
      this.#next(call, sink);
      return;
    }
    const { bodyBytesMax, unorderedMembers } = this.#options;
    const place = placeOf(call, session);
    const body = new JointBody(call.body, this.#calls.bodies, {
      keepBytesMax: call.route.replayBytesMax,
      bodyBytesMax,
      unorderedMembers,
    });
    body.begin();
    const mayBeTwin = this.#calls.at(place).some((joint) => mayJoin(joint, call));
    if (!mayBeTwin) this.#begin(call, sink, place, body, false);
    else if (body.digest !== undefined || call.body.complete) this.#join(call, sink, place, body);
    else new Arrival(call, sink, place, body, this.#decide).wait();
  }

  #settle({ call, sink, place, body }: Arrival): void {
    this.#join(call, sink, place, body, true);
  }

  /** Joins the call it is a twin of, or begins one of its own. */
  #join(call: Call, sink: Sink, place: string, body: JointBody, late: boolean = false): void {
    const { digest } = body;
    const twin =
      digest === undefined
        ? undefined
        : this.#calls
            .at(place)
            .find((joint) => joint.body.digest === digest && mayJoin(joint, call));
    if (twin === undefined) {
      this.#begin(call, sink, place, body, late);
      return;
    }
    body.release();
    this.#calls.observer.attached(call.route.name);
    twin.join(call, sink);
  }

  #begin(call: Call, sink: Sink, place: string, body: JointBody, late: boolean): void {
    const joint = new JointCall(this.#calls, this.#options, call, place, body);
    this.#calls.enter(joint);
    joint.begin(call, sink);
    try {
      this.#next(joint.call, joint);
    } catch (bug) {
      joint.crash(bug, late);
      throw bug;
    }
  }
}

/** Everything but the body agrees, and the lengths of the bodies as far as they are known. */
function mayJoin(joint: JointCall, call: Call): boolean {
  return (
    joint.call.cancellation.reason === undefined &&
    lengthsAgree(joint.call.body.declaredLength, call.body.declaredLength) &&
    isSameRequest(joint.call, call)
  );
}

function lengthsAgree(one: number, other: number): boolean {
  return one === other || one < 0 || other < 0;
}
