// The part of a gateway that is simulated: a real configuration, its routes and their stacks, with
// a check of the grammar between every two layers. Only sockets, time and chance are replaced.

import { checked } from '../../src/core/checked.ts';
import type { Clock } from '../../src/core/clock.ts';
import type { Service } from '../../src/core/layer.ts';
import type { Leases } from '../../src/core/leases.ts';
import type { Random } from '../../src/core/random.ts';
import { BufferBudget } from '../../src/core/replay-body.ts';
import type { Sweep } from '../../src/core/sweep.ts';
import { loadConfig } from '../../src/gateway/config/load.ts';
import type { Destination } from '../../src/gateway/destinations.ts';
import { LayerMetrics } from '../../src/gateway/layer-metrics.ts';
import { noCredentials } from '../../src/gateway/no-credentials.fixture.ts';
import { compileRoutes } from '../../src/gateway/route-table.ts';
import { Stacks } from '../../src/gateway/stacks.ts';
import { Drain, drainLayer } from '../../src/layers/drain/drain.ts';
import type { CallObserver } from '../../src/layers/observe/observe.ts';
import { Metrics } from '../../src/telemetry/metrics.ts';

/** What the simulation replaces, and who counts. */
export interface SimulatedDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly leases: Leases;
  readonly sweep: Sweep;
  readonly calls: CallObserver;
}

/** Where calls of the simulation go: completions and calls that must not run twice. */
const DESTINATIONS = [
  '/v1/messages',
  '/v1/chat/completions',
  '/v1/responses',
  '/v1/messages/batches',
  '/v1/files',
] as const;

/** Every destination, and the way to end what was started for them. */
export interface SimulatedGateway {
  readonly destinations: readonly Destination[];
  close(): void;
}

/** Builds the stacks over `wire`. The first upstream of each pair has all ports but the last. */
export function simulatedGateway(
  deps: SimulatedDeps,
  ports: readonly number[],
  wire: Service,
): SimulatedGateway {
  const { settings, lines } = loadConfig(
    { value: configOf(ports) },
    { env: {}, readText: () => '' },
  );
  if (settings === undefined) throw new Error(lines.join('\n'));
  const metrics = new Metrics();
  const observers = new LayerMetrics(metrics);
  const drain = drainLayer(new Drain(deps));
  const bodies = new BufferBudget(64 * 1024 * 1024);
  const stacks = new Stacks(
    { ...deps, observers, drain, bodies, credentials: noCredentials(deps), between: checked },
    settings,
  );
  const { routes } = compileRoutes(
    settings,
    {
      wire: (route, upstreams) => stacks.wire(route, upstreams, wire),
      simulator: stacks.simulator(wire),
      answers: { newId: (prefix) => `${prefix}1`, wallNow: () => 0 },
      local: (answer) => stacks.local(answer),
    },
    {},
  );
  const destinations = DESTINATIONS.map((path) => {
    const route = routes.find((candidate) => candidate.path.matches(path));
    if (route === undefined) throw new Error(`no route for ${path}`);
    return route.destination(path, true);
  });
  return { destinations, close: () => metrics.close() };
}

function configOf(ports: readonly number[]): Record<string, unknown> {
  const urls = ports.map((port) => `http://127.0.0.1:${port}`);
  const pair = (dialect: string): Record<string, unknown> => ({
    [`${dialect}-main`]: { dialect, endpoints: urls.slice(0, -1) },
    [`${dialect}-backup`]: { dialect, endpoints: urls.slice(-1) },
  });
  const to = (path: string, dialect: string): Record<string, unknown> => ({
    match: { path },
    upstreams: [`${dialect}-main`, `${dialect}-backup`],
  });
  return {
    simulator: false,
    upstreams: { ...pair('anthropic'), ...pair('openai') },
    routes: [to('/v1/messages/**', 'anthropic'), to('/v1/**', 'openai')],
  };
}
