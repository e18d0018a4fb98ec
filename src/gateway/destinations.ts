// Where a matched request goes: the frozen route of its call and the stack that serves it. Each
// configured route has a destination for completions and one for everything else, per wire format;
// they are made when first needed, because most routes need one.

import type { Conversion } from '../core/conversion.ts';
import type { Dialect } from '../core/dialect.ts';
import type { HeaderList } from '../core/header-list.ts';
import type { Service } from '../core/layer.ts';
import type { Endpoint, ReplayMark, Route, RouteKind } from '../core/route.ts';
import type { Target, TargetEdit } from '../core/target.ts';
import { renaming } from '../dialects/conversion/rename-model.ts';
import { SIMULATOR } from './config/built-in.ts';
import { profileLimits } from './config/settings.ts';
import type { DialectName, RouteSettings, Settings, UpstreamSettings } from './config/settings.ts';
import { dialectTable } from './dialect-table.ts';
import { headerEditFor } from './header-edit.ts';
import type { HeaderEdit } from './header-edit.ts';

/** What a matched request is done with. */
export interface Destination {
  readonly route: Route;
  readonly service: Service;
  /** Some target is reached with the caller's own key. */
  readonly callerKeys: boolean;
}

/** The destinations of one configured route. */
export interface Destinations {
  /** An upstream has credentials of its own, which no web page may borrow. */
  readonly guarded: boolean;
  /** Takes WebSocket handshakes. */
  readonly webSocket: boolean;
  /** For a path as sent upstream and whether it is a POST. */
  at(path: string, post: boolean): Destination;
}

/** An upstream with the endpoints made from its addresses. */
export interface WiredUpstream {
  readonly settings: UpstreamSettings;
  readonly endpoints: readonly Endpoint[];
}

/** One upstream in the list of a route. */
export interface Tier extends WiredUpstream {
  readonly model: string | undefined;
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

/** The destinations of a route to upstreams of the configuration; `tiers` has at least one. */
export function wiredDestinations(
  route: RouteSettings,
  tiers: readonly Tier[],
  settings: Settings,
  service: Service,
): Destinations {
  const remembered = new Map<string, Destination>();
  const callerKeys = tiers.some((tier) => tier.settings.credentials.length === 0);
  const dialectName = (tiers[0] as Tier).settings.dialect;
  return {
    guarded: tiers.some((tier) => tier.settings.credentials.length > 0),
    webSocket: tiers.every((tier) => tier.settings.profile === 'websocket'),
    at(path, post) {
      const kind = post && isCompletionPath(path) ? 'completion' : 'other';
      const dialect = dialectFor(dialectName, path);
      const key = `${dialect.name} ${kind}`;
      let found = remembered.get(key);
      if (found === undefined) {
        found = { route: wholeRoute(route, tiers, settings, dialect, kind), service, callerKeys };
        remembered.set(key, found);
      }
      return found;
    },
  };
}

/** What a call starts with: everything it may be sent to, and the rules of its first choice. */
function wholeRoute(
  { name }: RouteSettings,
  tiers: readonly Tier[],
  settings: Settings,
  dialect: Dialect,
  kind: RouteKind,
): Route {
  const { replayBytes } = settings.limits;
  const targets: Target[] = [];
  for (const [tier, upstream] of tiers.entries()) {
    const edit = targetEdit(upstream, kind);
    const conversion = conversionFor(upstream, kind);
    for (const endpoint of upstream.endpoints) {
      const facts = { tier, edit, conversion, dialect, kind, replayBytes };
      targets.push(targetOf(name, upstream, endpoint, facts));
    }
  }
  const first = targets[0] as Target;
  const marks = targets.map((target) => target.route.replay);
  return Object.freeze({
    ...first.route,
    conversion: undefined,
    targets: Object.freeze(targets),
    endpoints: Object.freeze(targets.map(({ endpoint }) => endpoint)),
    replay: strictest(marks),
  });
}

/** One endpoint of one upstream, the same in all routes. */
export function targetKey(upstream: UpstreamSettings, endpoint: Endpoint): string {
  return `${upstream.name} ${endpoint.key}`;
}

interface TargetFacts {
  readonly tier: number;
  readonly edit: TargetEdit | undefined;
  readonly conversion: Conversion | undefined;
  readonly dialect: Dialect;
  readonly kind: RouteKind;
  readonly replayBytes: number;
}

function targetOf(name: string, from: Tier, endpoint: Endpoint, facts: TargetFacts): Target {
  const { settings } = from;
  const { tier, edit, conversion, dialect, kind, replayBytes } = facts;
  const route: Route = Object.freeze({
    name,
    upstream: settings.name,
    kind,
    dialect,
    credential: settings.credentials.length > 0 ? settings.name : undefined,
    conversion,
    // Below the choice there is nothing left to choose.
    targets: [],
    endpoints: [endpoint],
    limits: settings.limits,
    replay: kind === 'completion' ? settings.completionReplay : settings.otherReplay,
    lenient: settings.lenient,
    replayBytesMax: replayBytes,
  });
  const key = targetKey(settings, endpoint);
  return Object.freeze({ key, endpoint, upstream: settings.name, tier, weight: 1, edit, route });
}

/** A call may go to any of them, so it must be fit for the most careful one. */
function strictest(marks: readonly ReplayMark[]): ReplayMark {
  if (marks.includes('strict')) return 'strict';
  return marks.includes('idle-race') ? 'idle-race' : 'always';
}

function targetEdit({ settings, model }: Tier, kind: RouteKind): TargetEdit | undefined {
  const identityOnly = kind === 'completion' && settings.acceptEncoding === 'identity';
  const fields = headerEditFor(settings.credentials, identityOnly);
  if (fields === undefined && model === undefined) return undefined;
  return new ConfiguredEdit(fields, kind === 'completion' ? model : undefined);
}

/** How calls are put to an upstream that does not take them as they are. */
function conversionFor({ model }: Tier, kind: RouteKind): Conversion | undefined {
  return model === undefined || kind !== 'completion' ? undefined : renaming(() => model);
}

/** Stored credentials, plain encodings, another model. */
class ConfiguredEdit implements TargetEdit {
  readonly model: string | undefined;
  readonly #fields: HeaderEdit | undefined;

  constructor(fields: HeaderEdit | undefined, model: string | undefined) {
    this.#fields = fields;
    this.model = model;
  }

  headers(headers: HeaderList): HeaderList {
    return this.#fields === undefined ? headers : this.#fields.apply(headers);
  }
}

/** The destinations of a route to the embedded simulator, which speaks three dialects by path. */
export function simulatedDestinations(
  name: string,
  settings: Settings,
  service: Service,
): Destinations {
  // Those of a hosted model, so that what is tried offline behaves like what is used later.
  const limits = profileLimits('llm-hosted', settings.limits.writeStall);
  const make = (dialect: Dialect): Destination => ({
    route: Object.freeze({
      name,
      upstream: SIMULATOR,
      kind: 'completion' as const,
      dialect,
      credential: SIMULATOR,
      conversion: undefined,
      targets: [],
      endpoints: [],
      limits,
      replay: 'strict' as const,
      lenient: false,
      replayBytesMax: settings.limits.replayBytes,
    }),
    service,
    callerKeys: false,
  });
  const anthropic = make(dialectTable.anthropic);
  const chat = make(dialectTable['openai-chat']);
  const responses = make(dialectTable['openai-responses']);
  return {
    guarded: false,
    webSocket: false,
    at(path) {
      if (path.startsWith('/v1/messages')) return anthropic;
      return path.startsWith('/v1/responses') ? responses : chat;
    },
  };
}
