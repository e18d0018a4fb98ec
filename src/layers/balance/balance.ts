// Sends each attempt to one of its route's targets. chooser.ts decides which; this file asks it,
// makes the attempt's own copy of the call, and sees to it that everybody hears how it went.
// A route without targets passes untouched.

import { attemptOf } from '../../core/call.ts';
import type { Call } from '../../core/call.ts';
import type { Clock } from '../../core/clock.ts';
import { CallError } from '../../core/errors.ts';
import type { ErrorCode } from '../../core/errors.ts';
import { HeadEditSink } from '../../core/head-edit-sink.ts';
import { judged } from '../../core/judged.ts';
import type { Layer, Service } from '../../core/layer.ts';
import type { Random } from '../../core/random.ts';
import type { Sink } from '../../core/sink.ts';
import type { AttemptObserver, Target } from '../../core/target.ts';
import { BalanceAttempt } from './balance-attempt.ts';
import type { AttemptContext } from './balance-attempt.ts';
import { silentBalanceObserver } from './balance-observer.ts';
import type { BalanceObserver } from './balance-observer.ts';
import { Chooser } from './chooser.ts';
import type { ChoiceGate, Recovery } from './gates.ts';
import type { Loads } from './loads.ts';
import { defaultBalanceOptions } from './options.ts';
import type { BalanceOptions } from './options.ts';
import { Plan } from './plan.ts';
import type { Slot } from './plan.ts';
import { TriedTargets } from './tried-targets.ts';

/** What the layer is given. */
export interface BalanceDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly loads: Loads;
  /** Asked for each candidate; cheap ones and those that refuse most often first. */
  readonly gates: readonly ChoiceGate[];
  /** Told of every attempt. */
  readonly observers: readonly AttemptObserver[];
  /** Knows recoveries, for the slow start; without it there is none. */
  readonly recovery?: Recovery;
  readonly observer?: BalanceObserver;
}

/** Chooses an endpoint for every attempt. */
export function balanceLayer(
  deps: BalanceDeps,
  options: BalanceOptions = defaultBalanceOptions,
): Layer {
  const balancer = new Balancer(deps, options);
  return { name: 'balance', wrap: (next) => (call, sink) => balancer.send(next, call, sink) };
}

/**
 * SDKs wait for as long as Retry-After says, and are right to; a longer wait than this they ignore
 * and come again at once, so they are told not to.
 */
const CALLER_WAIT_MS_MAX = 60_000;

const nowhere: readonly Target[] = [];

class Balancer {
  readonly #clock: Clock;
  readonly #loads: Loads;
  readonly #gates: readonly ChoiceGate[];
  readonly #observer: BalanceObserver;
  readonly #context: AttemptContext;
  readonly #chooser: Chooser;
  readonly #options: BalanceOptions;
  readonly #plans = new WeakMap<readonly Target[], Plan>();
  #plan: Plan | undefined = undefined;

  constructor(deps: BalanceDeps, options: BalanceOptions) {
    const { clock, loads, gates, observers } = deps;
    this.#clock = clock;
    this.#loads = loads;
    this.#gates = gates;
    this.#observer = deps.observer ?? silentBalanceObserver;
    this.#context = { clock, observers, tried: new TriedTargets() };
    this.#chooser = new Chooser(deps, options);
    this.#options = options;
  }

  send(next: Service, call: Call, sink: Sink): void {
    if (call.route.targets.length === 0) {
      next(call, sink);
      return;
    }
    const now = this.#clock.now();
    const plan = this.#planFor(call.route.targets, now);
    const tried = call.attempt > 1 ? this.#context.tried.of(call.timeline) : nowhere;
    const slot = this.#chooser.choose(plan, call, tried, now);
    if (slot === undefined) this.#refuse(call, sink, now);
    else this.#attempt(next, call, sink, slot, plan, now);
  }

  #attempt(next: Service, call: Call, sink: Sink, slot: Slot, plan: Plan, now: number): void {
    const { target, headEdit } = slot;
    const attempt = attemptAt(call, target);
    if (this.#chooser.panicked) this.#overrule(target, attempt, now);
    if (target.tier !== plan.firstTier) this.#observer.spilled(call.route.name, target.upstream);
    const hasOthers = plan.only === undefined;
    const watch = new BalanceAttempt(this.#context, slot, attempt, hasOthers, now);
    const upper = headEdit === undefined ? sink : new HeadEditSink(sink, headEdit);
    try {
      next(attempt, judged(attempt, upper, this.#clock, watch));
    } catch (bug) {
      watch.abandon();
      throw bug;
    }
  }

  /** Whoever would refuse the attempt is told that it comes in spite of that. */
  #overrule(target: Target, attempt: Call, now: number): void {
    this.#observer.panicked(attempt.route.name);
    for (const gate of this.#gates) {
      if (gate.opensAt(target, attempt, now) > now) gate.overrule?.(attempt);
    }
  }

  #refuse(call: Call, sink: Sink, now: number): void {
    const { opensAt } = this.#chooser;
    this.#observer.refused(call.route.name);
    const waitMs = Number.isFinite(opensAt) ? opensAt - now : this.#options.unknownWaitMs;
    sink.fail(
      new CallError(this.#reason(call, now), {
        detail: `The first of them is tried again in ${Math.ceil(waitMs / 1000)} s.`,
        retryAfterMs: waitMs,
        ...(waitMs <= CALLER_WAIT_MS_MAX ? undefined : { shouldRetry: false }),
      }),
    );
  }

  /** The error of the one gate that keeps every target shut, where one alone does. */
  #reason(call: Call, now: number): ErrorCode {
    const { targets } = call.route;
    const shut = this.#gates.filter((gate) =>
      targets.every((target) => gate.opensAt(target, call, now) > now),
    );
    const [only, other] = shut;
    return other === undefined ? (only?.refusesAs ?? 'NO_TARGET') : 'NO_TARGET';
  }

  #planFor(targets: readonly Target[], now: number): Plan {
    const last = this.#plan;
    if (last?.targets === targets) return last;
    let plan = this.#plans.get(targets);
    if (plan === undefined) {
      plan = new Plan(targets, this.#loads, now);
      this.#plans.set(targets, plan);
    }
    this.#plan = plan;
    return plan;
  }
}

/** The call as its target is to get it. */
function attemptAt(call: Call, target: Target): Call {
  const { route, edit } = target;
  call.timeline.upstream = target.upstream;
  const own = edit === undefined ? { route } : { route, headers: edit.headers(call.headers) };
  return attemptOf(call, call.attempt, call.cancellation, own);
}
