// A gateway without a configuration file, between real clients and an upstream of the tests: the
// built-in upstreams and routes, pointed at this machine.

import { parse } from 'yaml';
import { SIMULATOR, builtInRoutes, builtInUpstreams } from '../../src/gateway/config/built-in.ts';
import { startGateway } from '../../src/gateway/gateway.ts';
import type { Gateway } from '../../src/gateway/gateway.ts';

/** What a line of the access log says about a call, as far as tests ask. */
export interface CallLine {
  readonly path: string;
  readonly status: number;
  readonly verdict: string;
  readonly route: string;
  readonly upstream: string;
  readonly attempts: number;
  readonly replays: number;
}

/** How the gateway differs from its defaults. */
export interface BetweenOptions {
  /** Answer `sim-*` from the built-in simulator instead of sending it on. */
  readonly simulator: boolean;
  readonly edge?: 'own' | 'node-http';
  /** As in the configuration of a route; for all of them. */
  readonly retry?: Readonly<Record<string, unknown>>;
  readonly heartbeat?: Readonly<Record<string, unknown>>;
  /** The upstream speaks this dialect alone, so that other callers' calls must be converted. */
  readonly dialect?: string;
}

/** A running gateway and what it has logged. */
export interface GatewayBetween {
  readonly gateway: Gateway;
  /** One entry per finished call. */
  readonly calls: readonly CallLine[];
  /** Calls that are going on. */
  callsRunning(): number;
}

/** Starts a gateway that sends both providers' traffic to `upstreamUrl`. */
export async function startGatewayBetween(
  upstreamUrl: string,
  options: BetweenOptions,
): Promise<GatewayBetween> {
  const calls: CallLine[] = [];
  const gateway = await startGateway({
    env: {},
    config:
      options.dialect === undefined
        ? forgiving(upstreamUrl, options)
        : converting(upstreamUrl, options),
    overrides: {
      listen: '127.0.0.1:0',
      admin: 'off',
      simulator: options.simulator,
      edge: options.edge ?? 'own',
      guard: false,
    },
    accessLog: {
      write(text: string) {
        for (const line of text.trimEnd().split('\n')) calls.push(JSON.parse(line) as CallLine);
      },
    },
  });
  return {
    gateway,
    calls,
    callsRunning: () =>
      gateway.leases.oldest(10_000).filter((lease) => lease.kind === 'call').length,
  };
}

/** How the simulated org is entered, and what its model is called. */
function ofSimulatedOrg(url: string): Record<string, unknown> {
  const tokenUrl = `${url}/services/oauth2/token`;
  return {
    credentials: { oauth: { tokenUrl, clientId: 'sim-client', clientSecret: 'sim-secret' } },
    models: { '*': 'sfdc_ai__DefaultBedrockAnthropicClaude45Sonnet' },
  };
}

/** A model that does not take every wish to think; a name of the simulator's own would. */
function ofRealName(dialect: string | undefined): Record<string, unknown> {
  if (dialect === 'openai-responses') return {};
  return { models: { '*': dialect === 'anthropic' ? 'claude-haiku-4-5' : 'gpt-4o' } };
}

/** Everything goes to one upstream, which speaks one dialect. */
function converting(
  upstreamUrl: string,
  { dialect, heartbeat = {}, retry = {} }: BetweenOptions,
): Record<string, unknown> {
  const models = {
    dialect,
    endpoints: [upstreamUrl],
    breaker: false,
    pacing: false,
    ...(dialect === 'salesforce-models' ? ofSimulatedOrg(upstreamUrl) : ofRealName(dialect)),
  };
  return {
    upstreams: { models },
    routes: [{ match: { path: '/v1/**' }, upstreams: ['models'], heartbeat, retry }],
  };
}

/**
 * The built-in configuration at this upstream, which fails on purpose, one call after the other:
 * nothing that happened to one test may keep calls of the next away from it.
 */
function forgiving(
  upstreamUrl: string,
  { simulator, heartbeat = {}, retry = {} }: BetweenOptions,
): Record<string, unknown> {
  const text = builtInUpstreams.replaceAll(/\$\{[^}]*\}/g, upstreamUrl) + builtInRoutes;
  const config = parse(text) as {
    upstreams: Record<string, object>;
    routes: { upstreams: string[]; heartbeat?: object }[];
  };
  const routes = config.routes.filter((route) => simulator || !route.upstreams.includes(SIMULATOR));
  const upstreams = Object.entries(config.upstreams).map(([name, upstream]) => [
    name,
    { ...upstream, breaker: false, pacing: false },
  ]);
  return {
    upstreams: Object.fromEntries(upstreams),
    routes: routes.map((route) => ({ ...route, heartbeat, retry })),
  };
}
