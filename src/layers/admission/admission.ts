// Gives a call its slot at one of the upstreams of its route, lets it wait for one, or refuses it.
// Stands outside retry and balance: one slot per call across its attempts, held to the last byte.
// Decides nothing itself: upstream-limit.ts counts, waiting-room.ts orders, process-guard.ts
// watches the process.

import type { Call } from '../../core/call.ts';
import { CallError } from '../../core/errors.ts';
import type { Layer, Service } from '../../core/layer.ts';
import type { Sink } from '../../core/sink.ts';
import type { LatencyView } from '../../core/target.ts';
import type { ShedCause } from './admission-observer.ts';
import type { GuardLevel } from './guard-rules.ts';
import { SlotSink } from './slot-sink.ts';
import type { SlotDeps } from './slot-sink.ts';
import type { UpstreamLimit } from './upstream-limit.ts';
import type { UpstreamLimits } from './upstream-limits.ts';
import { WaitingCall } from './waiting-call.ts';
import type { Door } from './waiting-call.ts';

/** What the layer is given. */
export interface AdmissionDeps extends SlotDeps {
  readonly limits: UpstreamLimits;
  /** Whether the process itself can take calls; without one it always can. */
  readonly guard?: { readonly level: GuardLevel };
  /** How soon answers begin, where somebody knows better than the limit of the upstream. */
  readonly latency?: LatencyView;
}

/** What differs per route. */
export interface AdmissionOptions {
  /** Distinct names of the upstreams, lowest tier first; with none, calls pass. */
  readonly upstreams: readonly string[];
}

/** Slots for the calls of one route. */
export function admissionLayer(deps: AdmissionDeps, options: AdmissionOptions): Layer {
  return {
    name: 'admission',
    wrap: (next) => {
      const [first, ...others] = options.upstreams.map((upstream) => deps.limits.at(upstream));
      if (first === undefined) return next;
      for (const other of others) other.feedFrom(first);
      const door = new RouteDoor(deps, next, first, [first, ...others]);
      return (call, sink) => door.admit(call, sink);
    },
  };
}

class RouteDoor implements Door {
  readonly limits: readonly UpstreamLimit[];
  readonly #first: UpstreamLimit;
  readonly #deps: AdmissionDeps;
  readonly #next: Service;

  constructor(
    deps: AdmissionDeps,
    next: Service,
    first: UpstreamLimit,
    limits: readonly UpstreamLimit[],
  ) {
    this.#deps = deps;
    this.#next = next;
    this.#first = first;
    this.limits = limits;
  }

  admit(call: Call, sink: Sink): void {
    const first = this.#first;
    if (this.#isGuarded(call) && this.#refuses(first, 'guard', sink)) return;
    const open = !first.isThrottling || !this.#drops(first);
    const place = open && first.hasSoftRoom ? first : this.#elsewhere(open);
    if (place === undefined && !open) {
      sink.fail(first.refusal('throttle'));
      return;
    }
    if (call.deadline !== Number.POSITIVE_INFINITY) {
      if (this.#isTooClose(call, place) && this.#refuses(first, 'deadline', sink)) return;
    }
    if (place === undefined) this.#wait(call, sink);
    else {
      place.take(call);
      this.#pass(call, sink, place);
    }
  }

  letIn(waiting: WaitingCall, place: UpstreamLimit): void {
    const { call, sink, priority, since } = waiting;
    const slot = this.#slot(call, sink, place);
    place.observer.queueWait(place.name, priority, call.timeline.admittedAt - since);
    try {
      this.#next(call, slot);
    } catch (bug) {
      // Whoever freed the slot is another call, and must not be the one to end for this. What runs
      // below is told to stop; should it not say so itself, this does.
      const error = new CallError('BUG', { cause: bug });
      call.cancellation.cancel(error);
      slot.break(error);
      this.#deps.clock.nextTurn(() => {
        throw bug;
      });
    }
  }

  #pass(call: Call, sink: Sink, place: UpstreamLimit): void {
    const slot = this.#slot(call, sink, place);
    try {
      this.#next(call, slot);
    } catch (bug) {
      slot.giveBack();
      throw bug;
    }
  }

  #slot(call: Call, sink: Sink, place: UpstreamLimit): SlotSink {
    const { timeline } = call;
    const lease = this.#deps.leases.take('slot', call.id);
    timeline.admittedTo = place.name;
    timeline.admittedAt = lease.takenAt;
    return new SlotSink(sink, this.#deps, place, lease);
  }

  /** The best of the others, or the first one at its hard limit. */
  #elsewhere(firstIsOpen: boolean): UpstreamLimit | undefined {
    for (const limit of this.limits) {
      if (limit !== this.#first && limit.hasSoftRoom && !this.#drops(limit)) return limit;
    }
    if (firstIsOpen && this.#first.hasRoom) return this.#first;
    for (const limit of this.limits) {
      if (limit !== this.#first && limit.hasRoom && !this.#drops(limit)) return limit;
    }
    return undefined;
  }

  #drops(limit: UpstreamLimit): boolean {
    if (!limit.isThrottling || !limit.drops(this.#deps.clock.now())) return false;
    if (limit.isShadow) limit.observer.wouldShed(limit.name, 'throttle');
    return !limit.isShadow;
  }

  #isGuarded(call: Call): boolean {
    const level = this.#deps.guard?.level ?? 'open';
    if (level === 'open') return false;
    return level === 'closed' || call.caller.priority === 'batch';
  }

  /** Whether its deadline leaves no time for the wait and the first byte. */
  #isTooClose(call: Call, place: UpstreamLimit | undefined): boolean {
    const { clock, latency } = this.#deps;
    const now = clock.now();
    const home = place ?? this.#first;
    const waitMs = place === undefined ? home.waitMs(call.caller.priority) : 0;
    const answerMs = latency?.firstByteP50(call.route) ?? home.firstByteP50Ms ?? 0;
    return home.mayRefuseFor(call.deadline - now < waitMs + answerMs, now);
  }

  /** In shadow mode a refusal is counted and the call goes on. */
  #refuses(limit: UpstreamLimit, cause: ShedCause, sink: Sink): boolean {
    if (limit.isShadow) {
      limit.observer.wouldShed(limit.name, cause);
      return false;
    }
    sink.fail(limit.refusal(cause));
    return true;
  }

  #wait(call: Call, sink: Sink): void {
    const now = this.#deps.clock.now();
    // Half of what is left is for the answer.
    const waitMs = Math.min(call.route.limits.queueMs, (call.deadline - now) / 2);
    if (waitMs <= 0) sink.fail(this.#first.refusal('queue-full'));
    else new WaitingCall(this, call, sink, now, waitMs).wait();
  }
}
