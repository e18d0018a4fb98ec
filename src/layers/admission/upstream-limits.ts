// The limits of all upstreams. They outlive reloads: what was learned about an upstream stays true
// when the configuration around it changes. Shared by all stacks of a gateway; the layer takes
// slots, and the part that chooses endpoints asks (as a gate) and reports (to an observer).
// Bounded: names of upstreams come from configuration only.

import type { Call } from '../../core/call.ts';
import type { Clock } from '../../core/clock.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { Random } from '../../core/random.ts';
import type { Head } from '../../core/sink.ts';
import type { Sweep } from '../../core/sweep.ts';
import type { AttemptObserver, Target, TargetGate } from '../../core/target.ts';
import { silentAdmissionObserver } from './admission-observer.ts';
import type { AdmissionObserver, LimitView } from './admission-observer.ts';
import { modelLimitOptions } from './options.ts';
import type { LimitOptions } from './options.ts';
import { UpstreamLimit } from './upstream-limit.ts';
import type { LimitDeps } from './upstream-limit.ts';

/** What the registry is given. */
export interface UpstreamLimitsDeps {
  readonly clock: Clock;
  readonly sweep: Sweep;
  readonly random: Random;
  readonly observer?: AdmissionObserver;
}

/** The registry. Ends with the gateway. */
export class UpstreamLimits implements AttemptObserver, TargetGate {
  readonly #deps: LimitDeps;
  readonly #defaults: LimitOptions;
  readonly #limits = new Map<string, UpstreamLimit>();

  /** `defaults` are the options of upstreams that were not configured. */
  constructor(deps: UpstreamLimitsDeps, defaults: LimitOptions = modelLimitOptions) {
    this.#deps = { ...deps, observer: deps.observer ?? silentAdmissionObserver };
    this.#defaults = defaults;
  }

  /** Sets the rules of an upstream; running and waiting calls go on under the new ones. */
  configure(upstream: string, options: LimitOptions): void {
    const limit = this.#limits.get(upstream);
    if (limit !== undefined) limit.configure(options);
    else this.#limits.set(upstream, new UpstreamLimit(upstream, this.#deps, options));
  }

  /** The limit of an upstream, made with the defaults where there is none. */
  at(upstream: string): UpstreamLimit {
    const known = this.#limits.get(upstream);
    if (known !== undefined) return known;
    const limit = new UpstreamLimit(upstream, this.#deps, this.#defaults);
    this.#limits.set(upstream, limit);
    return limit;
  }

  /** Forgets the upstreams that a new configuration does not have, once nothing is out there. */
  retain(upstreams: ReadonlySet<string>): void {
    for (const [name, limit] of this.#limits) {
      if (!upstreams.has(name) && limit.isIdle) this.#limits.delete(name);
    }
    const known = new Set(this.#limits.values());
    for (const limit of known) limit.forgetFeeders(known);
  }

  /**
   * As a gate: closed for calls that hold their slot elsewhere while there is no soft room. When it
   * opens depends on others, so nobody knows.
   */
  opensAt(target: Target, call: Call): number {
    if (call.timeline.admittedTo === target.upstream) return 0;
    const limit = this.#limits.get(target.upstream);
    return limit === undefined || limit.hasSoftRoom ? 0 : Number.POSITIVE_INFINITY;
  }

  attemptBegan(target: Target, call: Call): void {
    if (call.timeline.admittedTo !== target.upstream) this.at(target.upstream).foreignBegan();
  }

  attemptAnswered(target: Target, call: Call, _head: Head, outcome: Outcome, now: number): void {
    this.#limits.get(target.upstream)?.answered(call, outcome, now);
  }

  attemptOver(target: Target, call: Call, outcome: Outcome, now: number): void {
    const limit = this.#limits.get(target.upstream);
    if (limit === undefined) return;
    limit.over(call, outcome, now);
    if (call.timeline.admittedTo !== target.upstream) limit.foreignOver();
  }

  /** Every upstream, for the admin page and the gauges. */
  view(): LimitView[] {
    return [...this.#limits.values()].map((limit) => limit.view());
  }
}
