// Configured routes, compiled: matchers instead of patterns, and where what they match goes. Built
// once per snapshot.

import type { HeaderList } from '../core/header-list.ts';
import type { Service } from '../core/layer.ts';
import type { Endpoint } from '../core/route.ts';
import type { Target } from '../core/target.ts';
import type { EncoderDeps } from '../dialects/conversion/answer-writer.ts';
import type { CredentialSettings } from '../layers/credentials/credential-settings.ts';
import { readProxySettings } from '../transport/proxy-settings.ts';
import { callerQuotas } from './caller-quotas.ts';
import type { QuotasOf } from './caller-quotas.ts';
import { SIMULATOR, SIMULATOR_MODELS } from './config/built-in.ts';
import type { Environment } from './config/interpolate.ts';
import type { RouteSettings, Settings, UpstreamSettings } from './config/settings.ts';
import { simulatedDestinations, wiredDestinations } from './destinations.ts';
import type { Destination, Destinations } from './destinations.ts';
import { targetKey } from './targets.ts';
import type { Tier, WiredUpstream } from './targets.ts';
import type { CheckedEndpoint } from './endpoint-prober.ts';
import { EndpointTable } from './endpoints.ts';
import { nameMatcher, pathMatcher } from './glob.ts';
import type { Matcher } from './glob.ts';
import { routeModels } from './model-list.ts';
import type { RouteModels } from './model-list.ts';

/** The services that routes lead to. */
export interface Services {
  /** The stack of one route over the wire. */
  wire(route: RouteSettings, upstreams: readonly UpstreamSettings[]): Service;
  /** The layers of every call over the embedded simulator. */
  readonly simulator: Service;
  /** What writers of converted answers need. */
  readonly answers: EncoderDeps;
  /** Wraps an answer or refusal of the gateway's own, so that it is seen like a call. */
  local(answer: Service): Service;
}

/** One condition on a header field. */
export interface FieldCondition {
  readonly name: string;
  /** `true` = present, `false` = absent, else what the value must match. */
  readonly wanted: boolean | Matcher;
}

/** One configured route, ready to be asked. */
export interface CompiledRoute {
  /** `undefined` = it leads to the simulator, which has no options. */
  readonly name: string | undefined;
  readonly path: Matcher;
  readonly method: string | undefined;
  readonly fields: readonly FieldCondition[];
  readonly model: Matcher | undefined;
  readonly stripPrefix: string;
  readonly addPrefix: string;
  /** The upstream has credentials of its own, which no web page may borrow. */
  readonly guarded: boolean;
  readonly webSocket: boolean;
  /** What it adds to a list of models; `undefined` = it does not lead to models of others. */
  readonly models: RouteModels | undefined;
  /** For a path as sent upstream and whether it is a POST. */
  destination(path: string, post: boolean): Destination;
}

/** As much of a target as holds in all routes. */
export type Place = Pick<Target, 'key' | 'endpoint'>;

/** Every route of a configuration, the simulator's first, and the endpoints they use. */
export interface RouteTable {
  readonly routes: readonly CompiledRoute[];
  readonly endpoints: readonly Endpoint[];
  readonly quotasOf: QuotasOf;
  /** Names of all upstreams. */
  readonly upstreams: ReadonlySet<string>;
  /** Every endpoint of every upstream. */
  readonly targets: readonly Place[];
  /** Endpoints by key, and how they are looked at when calls have given them up. */
  readonly checks: ReadonlyMap<string, CheckedEndpoint>;
  /** Stored credentials by name of their upstream. */
  readonly credentials: ReadonlyMap<string, CredentialSettings>;
  /** Endpoints of models, to which an unused connection is kept ready while they have traffic. */
  readonly warm: ReadonlySet<Endpoint>;
}

/** Compiles the routes of a configuration. */
export function compileRoutes(
  settings: Settings,
  services: Services,
  env: Environment,
): RouteTable {
  const endpoints = new EndpointTable(readProxySettings(env));
  const warm = new Set<Endpoint>();
  const upstreams = new Map<string, WiredUpstream>();
  for (const [name, upstream] of settings.upstreams) {
    const own = endpoints.of(upstream);
    upstreams.set(name, { settings: upstream, endpoints: own });
    if (upstream.profile.startsWith('llm')) for (const endpoint of own) warm.add(endpoint);
  }
  const routes: CompiledRoute[] = [];
  const toSimulator = (name: string): Destinations =>
    simulatedDestinations(name, settings, services.simulator);
  if (settings.simulator) routes.push(compile(simulatorModels, toSimulator(SIMULATOR)));
  for (const route of settings.routes) {
    const tiers = tiersOf(route, upstreams);
    const destinations =
      tiers.length === 0
        ? toSimulator(route.name)
        : wiredDestinations(route, tiers, settings, {
            local: (answer) => services.local(answer),
            answers: services.answers,
            wire: services.wire(
              route,
              tiers.map((tier) => tier.settings),
            ),
          });
    const own = compile(route, destinations, tiers.length === 0 ? undefined : route.name);
    routes.push({ ...own, models: routeModels(route, tiers, own.model) });
  }
  return {
    routes,
    endpoints: endpoints.all,
    quotasOf: callerQuotas(settings.access),
    upstreams: new Set(upstreams.keys()),
    targets: placesOf(upstreams.values()),
    credentials: credentialsOf(settings),
    checks: checksOf(upstreams.values()),
    warm,
  };
}

function credentialsOf({ upstreams }: Settings): Map<string, CredentialSettings> {
  const stored = new Map<string, CredentialSettings>();
  for (const [name, { credentials }] of upstreams) {
    if (credentials !== undefined) stored.set(name, credentials);
  }
  return stored;
}

/** Endpoints that upstreams share are looked at by the first path that one of them names. */
function checksOf(upstreams: Iterable<WiredUpstream>): Map<string, CheckedEndpoint> {
  const checks = new Map<string, CheckedEndpoint>();
  for (const { settings, endpoints } of upstreams) {
    for (const endpoint of endpoints) {
      const known = checks.get(endpoint.key)?.check ?? 'none';
      if (known === 'none' || (known === 'connect' && settings.health !== 'none')) {
        checks.set(endpoint.key, { endpoint, check: settings.health });
      }
    }
  }
  return checks;
}

function placesOf(upstreams: Iterable<WiredUpstream>): Place[] {
  return [...upstreams].flatMap(({ settings, endpoints }) =>
    endpoints.map((endpoint) => ({ key: targetKey(settings, endpoint), endpoint })),
  );
}

/** The upstreams of a route in order; none for the simulator, which is not of the configuration. */
function tiersOf(route: RouteSettings, upstreams: ReadonlyMap<string, WiredUpstream>): Tier[] {
  return route.upstreams.flatMap(({ name, model }) => {
    const upstream = upstreams.get(name);
    return upstream === undefined ? [] : [{ ...upstream, model }];
  });
}

const simulatorModels: Pick<RouteSettings, 'match' | 'stripPrefix' | 'addPrefix'> = {
  match: { path: '/v1/**', model: SIMULATOR_MODELS },
  stripPrefix: '',
  addPrefix: '',
};

function compile(
  route: Pick<RouteSettings, 'match' | 'stripPrefix' | 'addPrefix'>,
  destinations: Destinations,
  routeName?: string,
): CompiledRoute {
  const { match } = route;
  const fields = Object.entries(match.header ?? {}).map(([name, wanted]) => ({
    name,
    wanted: typeof wanted === 'string' ? nameMatcher(wanted) : wanted,
  }));
  return {
    name: routeName,
    path: pathMatcher(match.path),
    method: match.method,
    fields,
    model: match.model === undefined ? undefined : nameMatcher(match.model),
    stripPrefix: route.stripPrefix,
    addPrefix: route.addPrefix,
    guarded: destinations.guarded,
    webSocket: destinations.webSocket,
    models: undefined,
    destination: (path, post) => destinations.at(path, post),
  };
}

/** Whether every condition of a route on header fields holds. */
export function fieldsMatch(fields: readonly FieldCondition[], headers: HeaderList): boolean {
  for (const { name, wanted } of fields) {
    if (typeof wanted === 'boolean') {
      if (headers.has(name) !== wanted) return false;
    } else {
      const value = headers.get(name);
      if (value === undefined || !wanted.matches(value)) return false;
    }
  }
  return true;
}
