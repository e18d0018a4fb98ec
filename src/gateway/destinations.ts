// Where a matched request goes: the frozen route of its call and the stack that serves it. Each
// configured route has a destination for completions and one for everything else, per wire format;
// they are made when first needed, because most routes need one.

import type { Dialect } from '../core/dialect.ts';
import { CallError } from '../core/errors.ts';
import type { Service } from '../core/layer.ts';
import type { Route } from '../core/route.ts';
import type { Target } from '../core/target.ts';
import type { EncoderDeps } from '../dialects/conversion/answer-writer.ts';
import { SIMULATOR } from './config/built-in.ts';
import { profileLimits } from './config/settings.ts';
import type { DialectName, RouteSettings, Settings } from './config/settings.ts';
import { isModelDialect } from './config/layer-settings.ts';
import { dialectTable } from './dialect-table.ts';
import { refusal } from './local-answers.ts';
import { ownAnswer } from './own-answers.ts';
import type { OwnAnswer } from './own-answers.ts';
import { dialectFor, strictest, targetsOf } from './targets.ts';
import type { Ask, Tier } from './targets.ts';
import {
  callerFormatOf,
  familyOf,
  isThreadPath,
  targetFormatOf,
  vendorOf,
} from './wire-formats.ts';
import type { CallerFormat } from './wire-formats.ts';

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
  // Who adds a message to a thread twice has changed it twice.
  return COMPLETION_PATHS.some((end) => path.endsWith(end)) && !isThreadPath(path);
}

/** What the destinations of one route lead to. */
export interface RouteServices {
  /** The stack of the route over the wire. */
  readonly wire: Service;
  /** Wraps an answer of the gateway's own. */
  readonly local: (answer: Service) => Service;
  readonly answers: EncoderDeps;
}

/** The destinations of a route to upstreams of the configuration; `tiers` has at least one. */
export function wiredDestinations(
  route: RouteSettings,
  tiers: readonly Tier[],
  settings: Settings,
  services: RouteServices,
): Destinations {
  const remembered = new Map<string, Destination>();
  const callerKeys = tiers.some((tier) => tier.settings.credentials === undefined);
  const rules = {
    route: route.name,
    replayBytesMax: settings.limits.replayBytes,
    rewrite: { stripPrefix: route.stripPrefix, addPrefix: route.addPrefix },
    answers: services.answers,
  };
  const make = (ask: Ask, own: OwnAnswer | undefined): Destination => {
    // What is answered here is never passed on: no upstream has such a call, whatever its family.
    const targets = own === undefined ? targetsOf(tiers, ask, rules) : [];
    if (targets.length > 0) {
      return { route: wholeRoute(targets, ask), service: services.wire, callerKeys };
    }
    const answer = own?.service ?? refusal(new CallError('NO_ROUTE', { detail: nowhere(ask) }));
    return {
      route: innerRoute({
        name: route.name,
        upstream: 'none',
        kind: ask.kind,
        dialect: own?.dialect ?? ask.dialect,
        credential: undefined,
        limits: (tiers[0] as Tier).settings.limits,
        replayBytesMax: rules.replayBytesMax,
      }),
      service: services.local(answer),
      callerKeys: false,
    };
  };
  return {
    guarded: tiers.some((tier) => tier.settings.credentials !== undefined),
    webSocket: tiers.every((tier) => tier.settings.profile === 'websocket'),
    at(path, post) {
      const ask = askOf(tiers, path, post);
      const own = ownAnswer(tiers, path, post);
      const key = `${ask.dialect.name} ${ask.kind} ${ask.caller} ${ask.family} ${own?.name}`;
      let found = remembered.get(key);
      if (found === undefined) {
        found = make(ask, own);
        remembered.set(key, found);
      }
      return found;
    },
  };
}

/** Names of vendors, by family of their upstreams. */
const vendors: Readonly<Record<string, string>> = {
  anthropic: "Anthropic's",
  openai: "OpenAI's",
  'salesforce-models': "Salesforce's",
};

function nowhere({ family }: Ask): string {
  const whose = vendors[family];
  if (whose === undefined) return 'No upstream of this route takes such a call.';
  return `This call belongs to ${whose} API alone, and no upstream of the route is ${whose}.`;
}

/** What a call of this path asks for, seen from the upstreams it could go to. */
function askOf(tiers: readonly Tier[], path: string, post: boolean): Ask {
  const { dialect } = (tiers[0] as Tier).settings;
  const kind = post && isCompletionPath(path) ? 'completion' : 'other';
  const caller = post ? callerFormatOf(path) : undefined;
  if (caller !== undefined && tiers.some((tier) => isAsked(tier, caller))) {
    const spoken = dialectTable[caller === 'openai-embeddings' ? 'openai-chat' : caller];
    return { kind, dialect: spoken, caller, family: familyOf(dialect) };
  }
  const name = vendorDialect(tiers, path);
  return { kind, dialect: dialectFor(name, path), caller: undefined, family: familyOf(name) };
}

/**
 * What belongs to one vendor's API goes to upstreams of that vendor, wherever they stand, and to
 * nobody where there are none: it would show that vendor's call to others, with their keys.
 */
function vendorDialect(tiers: readonly Tier[], path: string): DialectName {
  const { dialect } = (tiers[0] as Tier).settings;
  const vendor = isModelDialect(dialect) ? vendorOf(path) : undefined;
  if (vendor === undefined) return dialect;
  const theirs = tiers.find((tier) => familyOf(tier.settings.dialect) === vendor);
  return theirs?.settings.dialect ?? vendor;
}

function isAsked({ settings }: Tier, caller: CallerFormat): boolean {
  return targetFormatOf(settings.dialect, caller) !== undefined;
}

/** What a call starts with: everything it may be sent to, and the rules of its first choice. */
function wholeRoute(targets: readonly Target[], { dialect }: Ask): Route {
  const first = targets[0] as Target;
  return Object.freeze({
    ...first.route,
    dialect,
    conversion: undefined,
    targets,
    endpoints: Object.freeze(targets.map(({ endpoint }) => endpoint)),
    replay: strictest(targets.map((target) => target.route.replay)),
  });
}

/** What tells the routes apart that lead to no upstream. */
type InnerRoute = Pick<
  Route,
  'name' | 'upstream' | 'kind' | 'dialect' | 'credential' | 'limits' | 'replayBytesMax'
>;

/** A route of calls that stay in this process: the gateway or its simulator answers them. */
function innerRoute(parts: InnerRoute): Route {
  return Object.freeze({
    ...parts,
    conversion: undefined,
    targets: [],
    endpoints: [],
    replay: 'strict' as const,
    lenient: false,
  });
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
    route: innerRoute({
      name,
      upstream: SIMULATOR,
      kind: 'completion',
      dialect,
      credential: SIMULATOR,
      limits,
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
