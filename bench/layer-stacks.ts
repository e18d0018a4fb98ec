// The real stack of a route, made by the code that the gateway makes it by, and every part of it
// from the terminal service up: each has one layer more than the one before.

import type { Clock } from '../src/core/clock.ts';
import type { Layer, Service } from '../src/core/layer.ts';
import { Leases } from '../src/core/leases.ts';
import { systemRandom } from '../src/core/random.ts';
import { BufferBudget } from '../src/core/replay-body.ts';
import type { Route } from '../src/core/route.ts';
import { Sweep } from '../src/core/sweep.ts';
import { loadConfig } from '../src/gateway/config/load.ts';
import type { Settings } from '../src/gateway/config/settings.ts';
import { LayerMetrics } from '../src/gateway/layer-metrics.ts';
import { noCredentials } from '../src/gateway/no-credentials.fixture.ts';
import { compileRoutes } from '../src/gateway/route-table.ts';
import type { CompiledRoute } from '../src/gateway/route-table.ts';
import { Stacks } from '../src/gateway/stacks.ts';
import { Drain, drainLayer } from '../src/layers/drain/drain.ts';
import { CallRecord } from '../src/telemetry/call-record.ts';
import { LineBatch } from '../src/telemetry/line-batch.ts';
import { Metrics } from '../src/telemetry/metrics.ts';
import { asItComes, configuration } from './targets/holdfast.ts';

interface Part {
  /** Its outermost layer; `terminal` where there is none. */
  readonly name: string;
  readonly service: Service;
}

/** A stack, or the lower part of one. */
export interface PartialStack extends Part {
  /** What calls are given as their route: below `balance` that of one target. */
  readonly route: Route;
}

/** All parts of one stack, the shortest first, and what they hold. */
export interface LayerStacks {
  readonly stacks: readonly PartialStack[];
  /** Leases that are out and entries of the sweep; 0 when no call runs. */
  readonly held: () => number;
  readonly close: () => void;
}

const path = '/v1/messages';
const ports = { listen: 0, admin: 0, upstream: 9000 };
/** The limit would grow to this as calls come; here they all come at once. */
const written = { ...asItComes, upstream: '    limit: { start: 8192 }\n' };

/** Builds the stack of the bench configuration over `terminal`. */
export function layerStacks(clock: Clock, terminal: Service): LayerStacks {
  const leases = new Leases(clock);
  const sweep = new Sweep(clock);
  const metrics = new Metrics();
  const settings = benchSettings();
  let parts: Part[] = [];
  const between = (name: string): Layer => ({
    name,
    wrap(service) {
      parts.push({ name, service });
      return service;
    },
  });
  const deps = { clock, random: systemRandom, leases, sweep };
  const stacks = new Stacks(
    {
      ...deps,
      calls: new CallRecord(metrics, clock, new LineBatch({ write() {} }, clock)),
      observers: new LayerMetrics(metrics),
      drain: drainLayer(new Drain(deps)),
      credentials: noCredentials(deps),
      bodies: new BufferBudget(settings.limits.bufferBytes),
      // The real one would see how late the loop is that the bench keeps busy on purpose.
      guard: { level: 'open' },
      between,
    },
    settings,
  );
  const byService = new Map<Service, readonly Part[]>();
  const { routes } = compileRoutes(
    settings,
    {
      wire(route, upstreams) {
        parts = [];
        const service = stacks.wire(route, upstreams, terminal);
        byService.set(service, parts);
        return service;
      },
      simulator: terminal,
      answers: { newId: (prefix) => prefix, wallNow: () => clock.wallNow() },
      local: (answer) => answer,
    },
    {},
  );
  return {
    stacks: routedStacks(routes, byService),
    held: () => leases.size + sweep.size,
    close: () => {
      stacks.close();
      metrics.close();
    },
  };
}

function benchSettings(): Settings {
  const source = { name: 'the bench configuration', text: configuration(ports, written) };
  const { settings, lines } = loadConfig(source, { env: {}, readText: () => '' });
  if (settings === undefined) throw new Error(lines.join('\n'));
  return settings;
}

/** Gives each part of the stack that calls to `path` take the route that it would be given. */
function routedStacks(
  routes: readonly CompiledRoute[],
  byService: ReadonlyMap<Service, readonly Part[]>,
): PartialStack[] {
  // The embedded simulator has the same path for models of its own.
  const routed = routes.find((route) => route.model === undefined && route.path.matches(path));
  const destination = routed?.destination(path, true);
  const parts = destination === undefined ? undefined : byService.get(destination.service);
  const [target] = destination?.route.targets ?? [];
  if (destination === undefined || parts === undefined || target === undefined) {
    throw new Error(`the bench configuration leads ${path} to no upstream`);
  }
  const chosen = parts.findIndex(({ name }) => name === 'balance');
  return parts.map((part, at) => ({
    ...part,
    route: at < chosen ? target.route : destination.route,
  }));
}
