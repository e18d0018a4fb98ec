// The layers of every route, and what they remember between calls. What is remembered outlives
// reloads and is shared by all routes that lead to one upstream; the options are those of a route.
// A stack reads as a list, outermost first; `stack` refuses it in any other order.

import type { Clock } from '../core/clock.ts';
import { stack } from '../core/layer.ts';
import type { Layer, Service } from '../core/layer.ts';
import type { Leases } from '../core/leases.ts';
import type { Random } from '../core/random.ts';
import type { BufferBudget } from '../core/replay-body.ts';
import type { Sweep } from '../core/sweep.ts';
import type { AttemptObserver } from '../core/target.ts';
import { admissionLayer } from '../layers/admission/admission.ts';
import type { AdmissionObserver } from '../layers/admission/admission-observer.ts';
import type { GuardLevel } from '../layers/admission/guard-rules.ts';
import { UpstreamLimits } from '../layers/admission/upstream-limits.ts';
import { balanceLayer } from '../layers/balance/balance.ts';
import type { BalanceObserver } from '../layers/balance/balance-observer.ts';
import type { ChoiceGate } from '../layers/balance/gates.ts';
import { HealthChecks } from '../layers/balance/health-checks.ts';
import { Loads } from '../layers/balance/loads.ts';
import { defaultBalanceOptions } from '../layers/balance/options.ts';
import { breakerLayer } from '../layers/breaker/breaker.ts';
import type { BreakerObserver } from '../layers/breaker/breaker-observer.ts';
import { Breakers } from '../layers/breaker/breakers.ts';
import type { BreakerOptions } from '../layers/breaker/options.ts';
import { JointCalls } from '../layers/cache/joint-calls.ts';
import { twinsLayer } from '../layers/cache/twins.ts';
import type { TwinsObserver } from '../layers/cache/twins-observer.ts';
import { convertLayer } from '../layers/convert/convert.ts';
import type { ConvertObserver } from '../layers/convert/convert.ts';
import { credentialsLayer } from '../layers/credentials/credentials.ts';
import type { Credentials } from '../layers/credentials/stored-credentials.ts';
import { deadlineLayer } from '../layers/deadline/deadline.ts';
import type { DeadlineObserver } from '../layers/deadline/deadline-observer.ts';
import { withTimeLeft } from '../layers/deadline/time-left.ts';
import { heartbeatLayer } from '../layers/heartbeat/heartbeat.ts';
import type { HeartbeatObserver } from '../layers/heartbeat/observer.ts';
import { asksForStream } from '../layers/heartbeat/stream-ask.ts';
import { meaningLayer } from '../layers/meaning/meaning.ts';
import { observeLayer } from '../layers/observe/observe.ts';
import type { CallObserver } from '../layers/observe/observe.ts';
import { MemoryQuotas } from '../layers/rate-limit/memory-quotas.ts';
import type { PacerObserver } from '../layers/rate-limit/pacer-observer.ts';
import { Pacer } from '../layers/rate-limit/pacer.ts';
import type { RateLimitObserver } from '../layers/rate-limit/rate-limit-observer.ts';
import { rateLimitLayer } from '../layers/rate-limit/rate-limit.ts';
import { RetryBudgets } from '../layers/retry/retry-budgets.ts';
import type { RetryObserver } from '../layers/retry/retry-observer.ts';
import { retryLayer } from '../layers/retry/retry.ts';
import { FirstByteTimes } from '../layers/timeouts/first-byte-times.ts';
import type { AdaptiveLimit } from '../layers/timeouts/options.ts';
import { timeoutsLayer } from '../layers/timeouts/timeouts.ts';
import type { RouteSettings, UpstreamSettings } from './config/settings.ts';
import type { QuotasOf } from './caller-quotas.ts';
import type { EndpointProber } from './endpoint-prober.ts';
import type { RouteTable } from './route-table.ts';

/** Who hears what the layers do. */
export interface StackObservers {
  readonly attempts: AttemptObserver;
  readonly admission: AdmissionObserver;
  readonly balance: BalanceObserver;
  readonly deadline: DeadlineObserver;
  readonly breaker: BreakerObserver;
  readonly convert: ConvertObserver;
  readonly heartbeat: HeartbeatObserver;
  readonly retry: RetryObserver;
  readonly rateLimit: RateLimitObserver;
  readonly twins: TwinsObserver;
  readonly pacer: PacerObserver;
}

/** What stacks are made from. */
export interface StacksDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly leases: Leases;
  readonly sweep: Sweep;
  readonly calls: CallObserver;
  readonly observers: StackObservers;
  /** What all bodies may keep together. */
  readonly bodies: BufferBudget;
  /** Counts calls, and refuses those that come too late. */
  readonly drain: Layer;
  /** Whether the process itself can take calls; without it, it always can. */
  readonly guard?: { readonly level: GuardLevel };
  /** Stored credentials of all upstreams. */
  readonly credentials: Credentials;
  /** Looks at endpoints that were given up, until the stacks close; without it nobody does. */
  readonly prober?: EndpointProber;
  /** Stands between every two layers; for tests and simulation. */
  readonly between?: (below: string) => Layer;
}

/** The options that hold for all routes. */
export interface StacksOptions {
  readonly breaker: BreakerOptions;
}

/** Makes stacks and owns their memory. Ends by `close`. */
export class Stacks {
  readonly breakers: Breakers;
  /** Stored credentials of all upstreams. */
  readonly credentials: Credentials;
  readonly loads: Loads = new Loads();
  readonly budgets: RetryBudgets = new RetryBudgets();
  readonly times: FirstByteTimes;
  readonly limits: UpstreamLimits;
  readonly pacer: Pacer;
  /** Calls that are under way, for equal ones of the same session. */
  readonly twins: JointCalls;
  readonly quotas: MemoryQuotas = new MemoryQuotas();
  #quotasOf: QuotasOf = () => undefined;
  readonly #deps: StacksDeps;
  readonly #checks: HealthChecks | undefined;

  constructor(deps: StacksDeps, options: StacksOptions) {
    this.#deps = deps;
    this.credentials = deps.credentials;
    const { bodies, clock, leases, random, sweep, observers } = deps;
    this.twins = new JointCalls({ clock, sweep, leases, bodies, observer: observers.twins });
    this.limits = new UpstreamLimits({ clock, sweep, random, observer: observers.admission });
    this.times = new FirstByteTimes({ clock });
    this.pacer = new Pacer({ clock, observer: observers.pacer });
    const observer = {
      ...observers.breaker,
      opened: ((circuit, reason, openMs) => {
        observers.breaker.opened(circuit, reason, openMs);
        const isWatched = deps.prober?.looksAt(circuit.endpoint) === true;
        if (isWatched) this.#checks?.ejected(circuit.endpoint);
      }) satisfies BreakerObserver['opened'],
    };
    this.breakers = new Breakers({ clock, random, observer }, options.breaker);
    this.#checks =
      deps.prober === undefined
        ? undefined
        : new HealthChecks({ clock, random, prober: deps.prober, ejections: this.breakers });
  }

  /** The stack of one route over the wire. */
  wire(route: RouteSettings, upstreams: readonly UpstreamSettings[], wire: Service): Service {
    for (const { name, limit } of upstreams) this.limits.configure(name, limit);
    return this.#stack([...this.#outer(route, upstreams), ...this.#inner(route, upstreams)], wire);
  }

  /** The stack over the embedded simulator, which is no place to choose or to give up. */
  simulator(simulator: Service): Service {
    const { clock, sweep } = this.#deps;
    return this.#stack(
      [this.#observe(), this.#deps.drain, timeoutsLayer({ sweep }), meaningLayer({ clock, sweep })],
      simulator,
    );
  }

  /** Wraps an answer of the gateway's own, so that it is seen like a call. */
  local(answer: Service): Service {
    return this.#stack([this.#observe()], answer);
  }

  close(): void {
    this.#checks?.close();
    this.#deps.prober?.close();
    this.twins.close();
  }

  /** Puts a configuration in force: its quotas; what it does not have is forgotten. */
  retain({ checks, endpoints, quotasOf, targets, upstreams }: RouteTable): void {
    this.#deps.prober?.use(checks);
    const targetKeys = new Set(targets.map(({ key }) => key));
    this.#quotasOf = quotasOf;
    this.pacer.retain(targetKeys);
    const endpointKeys = new Set(endpoints.map(({ key }) => key));
    this.breakers.retain(endpointKeys);
    this.times.retain(endpointKeys);
    this.loads.retain(targetKeys);
    this.budgets.retain(upstreams);
    this.limits.retain(upstreams);
  }

  #stack(layers: readonly Layer[], terminal: Service): Service {
    const { between } = this.#deps;
    return stack(layers, terminal, between === undefined ? {} : { between });
  }

  /** What a call passes once. */
  #outer(route: RouteSettings, upstreams: readonly UpstreamSettings[]): Layer[] {
    const { clock, leases, sweep, observers, guard } = this.#deps;
    const names = [...new Set(upstreams.map(({ name }) => name))];
    return [
      this.#observe(),
      this.#deps.drain,
      deadlineLayer({ clock, sweep, latency: this.times, observer: observers.deadline }),
      rateLimitLayer({
        clock,
        store: this.quotas,
        quotasOf: (caller) => this.#quotasOf(caller),
        observer: observers.rateLimit,
      }),
      twinsLayer({ calls: this.twins }, route.twins),
      heartbeatLayer(
        { clock, sweep, wantsStream: asksForStream, observer: observers.heartbeat },
        route.heartbeat,
      ),
      admissionLayer(
        {
          clock,
          leases,
          limits: this.limits,
          latency: this.times,
          ...(guard === undefined ? {} : { guard }),
        },
        { upstreams: names },
      ),
    ];
  }

  /** What every attempt passes. */
  #inner(route: RouteSettings, upstreams: readonly UpstreamSettings[]): Layer[] {
    const { bodies, clock, random, sweep, observers } = this.#deps;
    const breaks = upstreams.some((upstream) => upstream.breaker);
    const gates: ChoiceGate[] = [
      this.limits,
      ...(upstreams.some(({ credentials }) => credentials !== undefined) ? [this.credentials] : []),
      ...(upstreams.some(({ pacing }) => pacing) ? [this.pacer] : []),
      ...(breaks ? [this.breakers] : []),
    ];
    return [
      retryLayer(
        { clock, random, sweep, budgets: this.budgets, observer: observers.retry },
        route.retry,
      ),
      balanceLayer(
        {
          clock,
          random,
          loads: this.loads,
          gates,
          observers: [this.limits, this.pacer, observers.attempts],
          recovery: this.breakers,
          observer: observers.balance,
        },
        { ...defaultBalanceOptions, sticky: route.sticky },
      ),
      ...(breaks
        ? [
            breakerLayer(
              { clock, breakers: this.breakers },
              { slowBreaks: slowBreaking(upstreams) },
            ),
          ]
        : []),
      convertLayer({ bodies, clock, sweep, observer: observers.convert }),
      credentialsLayer({ clock, credentials: this.credentials }),
      timeoutsLayer(
        {
          sweep,
          times: this.times,
          isClosed: (attempt) => this.breakers.isClosed(attempt),
          fieldsWithTimeLeft: (attempt) => withTimeLeft(attempt, clock.now()),
        },
        { adaptive: adaptiveLimits(upstreams) },
      ),
      meaningLayer({ clock, sweep }),
    ];
  }

  #observe(): Layer {
    const { clock, leases, calls } = this.#deps;
    return observeLayer({ clock, leases, observer: calls });
  }
}

/** Upstreams whose slow answers count against them: those in whose nature they are not. */
function slowBreaking(upstreams: readonly UpstreamSettings[]): ReadonlySet<string> {
  const judged = upstreams.filter(({ breaker, profile }) => breaker && profile === 'rest');
  return new Set(judged.map(({ name }) => name));
}

function adaptiveLimits(
  upstreams: readonly UpstreamSettings[],
): ReadonlyMap<string, AdaptiveLimit> {
  const limits = new Map<string, AdaptiveLimit>();
  for (const { name, adaptive } of upstreams) {
    if (adaptive !== undefined) limits.set(name, adaptive);
  }
  return limits;
}
