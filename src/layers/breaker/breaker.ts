// Gives up an endpoint that fails, so that callers are told at once and it can recover. Refuses
// what an open circuit forbids and reports to it how every other attempt went; the rules are in
// trip-rules.ts, the states in circuit.ts, and the circuits live in breakers.ts.
// Invariant: every permit that an attempt took is given back or judged, once, on every path.

import { credentialOf } from '../../core/call.ts';
import type { Call } from '../../core/call.ts';
import type { Clock } from '../../core/clock.ts';
import { CallError } from '../../core/errors.ts';
import { judged } from '../../core/judged.ts';
import type { Layer, Service } from '../../core/layer.ts';
import type { Sink } from '../../core/sink.ts';
import { BreakerAttempt } from './breaker-attempt.ts';
import type { Breakers } from './breakers.ts';
import { defaultBreakerLayerOptions } from './options.ts';
import type { BreakerLayerOptions } from './options.ts';

/** SDKs wait for as long as Retry-After says, but ignore a longer wait and come again at once. */
const CALLER_WAIT_MS_MAX = 60_000;

/** What the layer is given. */
export interface BreakerDeps {
  readonly clock: Clock;
  readonly breakers: Breakers;
}

/** Stands below the choice of an endpoint: `call.route` names exactly one, or none to pass. */
export function breakerLayer(
  deps: BreakerDeps,
  options: BreakerLayerOptions = defaultBreakerLayerOptions,
): Layer {
  const { slowBreaks } = options;
  return {
    name: 'breaker',
    wrap: (next) => (call, sink) => attempt(deps, slowBreaks, next, call, sink),
  };
}

function attempt(
  { clock, breakers }: BreakerDeps,
  slowBreaks: ReadonlySet<string>,
  next: Service,
  call: Call,
  sink: Sink,
): void {
  const { route } = call;
  const endpoint = route.endpoints[0];
  if (endpoint === undefined) {
    next(call, sink);
    return;
  }
  const breaker = breakers.at(endpoint, route.kind, credentialOf(call));
  // The usual case costs no look at the clock.
  let admitted = breaker.isClosed;
  if (!admitted) {
    const now = clock.now();
    const opensAt = breaker.opensAt(now);
    admitted = opensAt <= now;
    if (admitted) breaker.admit(now);
    else if (!breakers.isOverruled(call)) {
      breakers.observer.refused(endpoint.key);
      sink.fail(refusal(endpoint.authority, opensAt - now));
      return;
    }
  }
  const watch = new BreakerAttempt(breaker, call, clock, admitted, slowBreaks.has(route.upstream));
  try {
    next(call, judged(call, sink, clock, watch));
  } catch (bug) {
    watch.abandon();
    throw bug;
  }
}

function refusal(place: string, waitMs: number): CallError {
  return new CallError('NO_TARGET', {
    detail: `${place} has failed too often; it is tried again in ${Math.ceil(waitMs / 1000)} s.`,
    retryAfterMs: waitMs,
    ...(waitMs <= CALLER_WAIT_MS_MAX ? undefined : { shouldRetry: false }),
  });
}
