// Gauges of what the layers remember, set when somebody asks for the metrics. Counters are kept in
// passing (layer-metrics.ts); what is only true at a moment is looked at in that moment.

import type { EndpointView } from '../transport/endpoint-pool.ts';
import type { LayerMetrics } from './layer-metrics.ts';
import type { RouteTable } from './route-table.ts';
import type { Stacks } from './stacks.ts';

const breakerStates = { closed: 0, 'half-open': 1, open: 2 } as const;

/** Sets the gauges of limits, budgets, breakers, quotas of upstreams and tokens. */
export function setStackGauges(
  metrics: LayerMetrics,
  stacks: Stacks,
  places: { readonly targets: RouteTable['targets']; readonly endpoints: readonly EndpointView[] },
  now: number,
): void {
  for (const view of stacks.limits.view()) {
    const { upstream } = view;
    metrics.limit.at(upstream).value = view.limit;
    metrics.inFlight.at(upstream).value = view.occupied;
    metrics.headroom.at(upstream).value = view.headroom;
    for (const [priority, waiting] of Object.entries(view.queued)) {
      metrics.queueDepth.at(upstream, priority).value = waiting;
    }
  }
  for (const { name, remainingMs } of stacks.credentials.view(now)) {
    if (remainingMs === undefined) continue;
    metrics.credentialLife.at(name).value = remainingMs / 1_000;
  }
  for (const { endpoint, kind, ratio } of stacks.pacer.remaining(places.targets)) {
    metrics.remaining.at(endpoint, kind).value = ratio;
  }
  for (const { upstream, remaining } of stacks.budgets.view(now)) {
    metrics.retryBudget.at(upstream).value = remaining;
  }
  for (const { key } of places.endpoints) {
    metrics.breakerState.at(key).value = breakerStates[stacks.breakers.stateOf(key)];
  }
}
