// Configured routes, compiled: matchers instead of patterns, frozen routes instead of settings, one
// target for completions and one for everything else. Built once per snapshot.

import type { Dialect } from '../core/dialect.ts';
import type { HeaderList } from '../core/header-list.ts';
import type { Service } from '../core/layer.ts';
import type { Endpoint, ReplayMark, Route, RouteKind } from '../core/route.ts';
import { readProxySettings } from '../transport/proxy-settings.ts';
import { SIMULATOR, SIMULATOR_MODELS } from './config/built-in.ts';
import type { Environment } from './config/interpolate.ts';
import { profileLimits } from './config/settings.ts';
import type { DialectName, RouteSettings, Settings, UpstreamSettings } from './config/settings.ts';
import { dialectTable } from './dialect-table.ts';
import { EndpointTable } from './endpoints.ts';
import { nameMatcher, pathMatcher } from './glob.ts';
import type { Matcher } from './glob.ts';
import { headerEditFor } from './header-edit.ts';
import type { HeaderEdit } from './header-edit.ts';

/** The services that routes lead to. */
export interface Services {
  /** Through all layers to the wire. */
  readonly wire: Service;
  /** Through the same layers to the embedded simulator. */
  readonly simulator: Service;
  /** Wraps an answer or refusal of the gateway's own, so that it is seen like a call. */
  local(answer: Service): Service;
}

/** What a matched request is done with. */
export interface Target {
  readonly route: Route;
  readonly service: Service;
  readonly edit: HeaderEdit | undefined;
}

/** One condition on a header field. */
export interface FieldCondition {
  readonly name: string;
  /** `true` = present, `false` = absent, else what the value must match. */
  readonly wanted: boolean | Matcher;
}

/** One configured route, ready to be asked. */
export interface CompiledRoute {
  readonly path: Matcher;
  readonly method: string | undefined;
  readonly fields: readonly FieldCondition[];
  readonly model: Matcher | undefined;
  readonly stripPrefix: string;
  readonly addPrefix: string;
  /** The upstream has credentials of its own, which no web page may borrow. */
  readonly guarded: boolean;
  /** For a path as sent upstream and whether it is a POST. */
  target(path: string, post: boolean): Target;
}

/** Every route of a configuration, the simulator's first, and the endpoints they use. */
export interface RouteTable {
  readonly routes: readonly CompiledRoute[];
  readonly endpoints: readonly Endpoint[];
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
    if (upstream.profile !== 'rest') for (const endpoint of own) warm.add(endpoint);
  }
  const routes: CompiledRoute[] = [];
  if (settings.simulator) routes.push(compile(simulatorModels, simulated(settings, services)));
  for (const route of settings.routes) {
    const upstream = upstreams.get(route.upstream);
    const targets =
      upstream === undefined
        ? simulated(settings, services, route.name)
        : wired(route.name, upstream, settings, services);
    routes.push(compile(route, targets));
  }
  return { routes, endpoints: endpoints.all, warm };
}

interface WiredUpstream {
  readonly settings: UpstreamSettings;
  readonly endpoints: readonly Endpoint[];
}

const simulatorModels: RouteSettings = {
  name: SIMULATOR,
  match: { path: '/v1/**', model: SIMULATOR_MODELS },
  upstream: SIMULATOR,
  stripPrefix: '',
  addPrefix: '',
};

interface Targets {
  readonly guarded: boolean;
  target(path: string, post: boolean): Target;
}

function compile(route: RouteSettings, targets: Targets): CompiledRoute {
  const { match } = route;
  const fields = Object.entries(match.header ?? {}).map(([name, wanted]) => ({
    name,
    wanted: typeof wanted === 'string' ? nameMatcher(wanted) : wanted,
  }));
  return {
    path: pathMatcher(match.path),
    method: match.method,
    fields,
    model: match.model === undefined ? undefined : nameMatcher(match.model),
    stripPrefix: route.stripPrefix,
    addPrefix: route.addPrefix,
    guarded: targets.guarded,
    target: (path, post) => targets.target(path, post),
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

/** Paths whose POST asks a model for a completion: doubled, it costs money but changes nothing. */
const COMPLETION_PATHS = [
  '/messages',
  '/messages/count_tokens',
  '/chat/completions',
  '/completions',
  '/responses',
  '/embeddings',
  '/api/chat',
  '/api/generate',
  '/api/embed',
];

/** Whether a POST to this path (without query) is an LLM completion. */
export function isCompletionPath(path: string): boolean {
  return COMPLETION_PATHS.some((end) => path.endsWith(end));
}

/** The wire formats that a configured dialect stands for: on completions by path. */
function dialectFor(name: DialectName, path: string): Dialect {
  if (name !== 'openai') return dialectTable[name];
  return /\/responses(\/|$)/.test(path)
    ? dialectTable['openai-responses']
    : dialectTable['openai-chat'];
}

function wired(
  name: string,
  { settings: upstream, endpoints }: WiredUpstream,
  settings: Settings,
  services: Services,
): Targets {
  const { credentials, acceptEncoding } = upstream;
  const plainEdit = headerEditFor(credentials, false);
  const completionEdit = headerEditFor(credentials, acceptEncoding === 'identity');
  const make = (
    dialect: Dialect,
    kind: RouteKind,
    replay: ReplayMark,
    edit: HeaderEdit | undefined,
  ): Target => ({
    route: Object.freeze({
      name,
      upstream: upstream.name,
      kind,
      dialect,
      credential: credentials.length > 0 ? upstream.name : undefined,
      targets: [],
      endpoints,
      limits: upstream.limits,
      replay,
      lenient: upstream.lenient,
      replayBytesMax: settings.limits.replayBytes,
    }),
    service: services.wire,
    edit,
  });
  const remembered = new Map<string, Target>();
  return {
    guarded: credentials.length > 0,
    target(path, post) {
      const completion = post && isCompletionPath(path);
      const dialect = dialectFor(upstream.dialect, path);
      const key = `${dialect.name} ${completion}`;
      let target = remembered.get(key);
      if (target === undefined) {
        target = completion
          ? make(dialect, 'completion', upstream.completionReplay, completionEdit)
          : make(dialect, 'other', upstream.otherReplay, plainEdit);
        remembered.set(key, target);
      }
      return target;
    },
  };
}

function simulated(settings: Settings, services: Services, name: string = SIMULATOR): Targets {
  // Those of a hosted model, so that what is tried offline behaves like what is used later.
  const limits = profileLimits('llm-hosted', settings.limits.writeStall);
  const make = (dialect: Dialect): Target => ({
    route: Object.freeze({
      name,
      upstream: SIMULATOR,
      kind: 'completion' as const,
      dialect,
      credential: SIMULATOR,
      targets: [],
      endpoints: [],
      limits,
      replay: 'strict' as const,
      lenient: false,
      replayBytesMax: settings.limits.replayBytes,
    }),
    service: services.simulator,
    edit: undefined,
  });
  const anthropic = make(dialectTable.anthropic);
  const chat = make(dialectTable['openai-chat']);
  const responses = make(dialectTable['openai-responses']);
  return {
    guarded: false,
    target(path) {
      if (path.startsWith('/v1/messages')) return anthropic;
      return path.startsWith('/v1/responses') ? responses : chat;
    },
  };
}
