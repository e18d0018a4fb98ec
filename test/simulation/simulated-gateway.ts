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
import { compileRoutes } from '../../src/gateway/route-table.ts';
import { Stacks } from '../../src/gateway/stacks.ts';
import { Drain, drainLayer } from '../../src/layers/drain/drain.ts';
import type { CallObserver } from '../../src/layers/observe/observe.ts';
import type { Credentials } from '../../src/layers/credentials/stored-credentials.ts';
import { Metrics } from '../../src/telemetry/metrics.ts';

/** What the simulation replaces, and who counts. */
export interface SimulatedDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly leases: Leases;
  readonly sweep: Sweep;
  readonly calls: CallObserver;
  readonly credentials: Credentials;
}

/** The paths of completions, which a gateway can convert. */
export const completionPaths: readonly string[] = [
  '/v1/messages',
  '/v1/chat/completions',
  '/v1/responses',
];

/** What upstreams speak, and where each is asked. */
export const upstreamDialects: readonly string[] = ['anthropic', 'openai-chat', 'openai-responses'];

/** A place that calls go to. */
export interface Place {
  readonly path: string;
  readonly destination: Destination;
  /** Its upstream has stored credentials. */
  readonly token: boolean;
}

/** Every place, and the way to end what was started for them. */
export interface SimulatedGateway {
  readonly places: readonly Place[];
  close(): void;
}

/** The configuration of a gateway, and the paths that are called. */
export interface Plan {
  readonly config: Record<string, unknown>;
  readonly paths: readonly string[];
}

/** Request bytes that are kept for a further attempt: some requests here are too large. */
export const keptBytes: number = 16 * 1024;

const BASE = { simulator: false, limits: { replayBytes: `${keptBytes / 1024}KiB` } };

/** Upstreams that speak what their callers speak: completions, and calls that run once at most. */
export function straightPlan(ports: readonly number[]): Plan {
  const routes = [
    routeTo('/v1/messages/**', ['anthropic-main', 'anthropic-backup']),
    routeTo('/v1/**', ['openai-main', 'openai-backup']),
  ];
  return {
    config: { ...BASE, upstreams: pairs(['anthropic', 'openai'], ports), routes },
    paths: [...completionPaths, '/v1/messages/batches', '/v1/files'],
  };
}

/** Upstreams that speak otherwise than their callers, or only when the first ones fail. */
export function convertingPlan(ports: readonly number[]): Plan {
  const routes = [
    routeTo('/v1/messages', ['openai-chat-main', 'anthropic-backup']),
    routeTo('/v1/chat/completions', ['anthropic-main', 'openai-responses-backup']),
    routeTo('/v1/responses', ['anthropic-main', 'openai-chat-backup']),
  ];
  return {
    config: { ...BASE, upstreams: pairs(upstreamDialects, ports), routes },
    paths: completionPaths,
  };
}

/**
 * An upstream that nobody can stand in for and that takes few calls at a time: what fails there is
 * tried again there, later, and what is too much waits or is refused.
 */
export function lonePlan(port: number): Plan {
  return singlePlan('/v1/messages', 'anthropic', port, {
    limit: { algorithm: 'fixed', max: 8, queue: 2 },
  });
}

/** An upstream that takes requests with a token only. */
export function tokenPlan(ports: readonly number[]): Plan {
  const oauth = {
    tokenUrl: 'https://desk.example/token',
    clientId: 'client',
    clientSecret: 'secret',
  };
  return {
    config: {
      ...BASE,
      upstreams: {
        guarded: { dialect: 'anthropic', endpoints: urls(ports), credentials: { oauth } },
      },
      routes: [routeTo('/v1/messages', ['guarded'])],
    },
    paths: ['/v1/messages'],
  };
}

/** One upstream that speaks `dialect` to callers of `path`. */
export function singlePlan(
  path: string,
  dialect: string,
  port: number,
  more: Record<string, unknown> = {},
): Plan {
  const endpoints = urls([port]);
  return {
    config: {
      ...BASE,
      upstreams: { single: { dialect, endpoints, ...more } },
      routes: [routeTo(path, ['single'])],
    },
    paths: [path],
  };
}

function urls(ports: readonly number[]): string[] {
  return ports.map((port) => `http://127.0.0.1:${port}`);
}

function routeTo(path: string, upstreams: readonly string[]): Record<string, unknown> {
  return { match: { path }, upstreams };
}

/** For each dialect a main upstream at all ports but the last, and a backup there. */
function pairs(dialects: readonly string[], ports: readonly number[]): Record<string, unknown> {
  const upstreams: Record<string, unknown> = {};
  for (const dialect of dialects) {
    upstreams[`${dialect}-main`] = { dialect, endpoints: urls(ports.slice(0, -1)) };
    upstreams[`${dialect}-backup`] = { dialect, endpoints: urls(ports.slice(-1)) };
  }
  return upstreams;
}

/** Builds the stacks of a plan over `wire`. */
export function simulatedGateway(
  deps: SimulatedDeps,
  { config, paths }: Plan,
  wire: Service,
): SimulatedGateway {
  const { settings, lines } = loadConfig({ value: config }, { env: {}, readText: () => '' });
  if (settings === undefined) throw new Error(lines.join('\n'));
  const metrics = new Metrics();
  const observers = new LayerMetrics(metrics);
  const drain = drainLayer(new Drain(deps));
  const bodies = new BufferBudget(64 * 1024 * 1024);
  const stacks = new Stacks({ ...deps, observers, drain, bodies, between: checked }, settings);
  const { routes, credentials } = compileRoutes(
    settings,
    {
      wire: (route, upstreams) => stacks.wire(route, upstreams, wire),
      simulator: stacks.simulator(wire),
      answers: { newId: (prefix) => `${prefix}1`, wallNow: () => 0 },
      local: (answer) => stacks.local(answer),
    },
    {},
  );
  for (const [name, stored] of credentials) deps.credentials.configure(name, stored);
  const places = paths.map((path): Place => {
    const route = routes.find((candidate) => candidate.path.matches(path));
    if (route === undefined) throw new Error(`no route for ${path}`);
    return { path, destination: route.destination(path, true), token: credentials.size > 0 };
  });
  return { places, close: () => metrics.close() };
}
