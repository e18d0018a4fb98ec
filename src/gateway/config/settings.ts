// A configuration with nothing left open: profiles applied, files read, every value parsed and
// frozen, so that nothing further down ever asks "and if it is not set?".

import type { Priority } from '../../core/caller.ts';
import type { PhaseLimits, ReplayMark } from '../../core/route.ts';
import type { TwinsOptions } from '../../layers/cache/options.ts';
import type { LimitOptions } from '../../layers/admission/options.ts';
import type { BreakerOptions } from '../../layers/breaker/options.ts';
import type { HeartbeatOptions } from '../../layers/heartbeat/options.ts';
import type { WebSocketOptions } from '../../edges/web-socket/options.ts';
import type { RetryOptions } from '../../layers/retry/options.ts';
import type { AdaptiveLimit } from '../../layers/timeouts/options.ts';
import type { CredentialSettings } from '../../layers/credentials/credential-settings.ts';
import { completeCredentials, jwtOnly } from './complete-credentials.ts';
import { digestOf } from './key-digest.ts';
import {
  adaptiveOf,
  breakerOf,
  heartbeatOf,
  isModelDialect,
  limitOf,
  retryOf,
  twinsOf,
  webSocketOf,
} from './layer-settings.ts';
import { profiles } from './profiles.ts';
import type { PhaseName, ProfileName } from './profiles.ts';
import type { ConvertConfig, SalesforceConfig } from './schema-models.ts';
import type { QuotaConfig } from './schema-access.ts';
import type { RouteConfig } from './schema-route.ts';
import type { UpstreamConfig } from './schema-upstream.ts';
import type { WrittenConfig } from './schema.ts';
import { parseDuration } from './units.ts';
import type { Address } from './values.ts';

/** Names a wire format in the configuration; `openai` is told apart by path. */
export type DialectName = UpstreamConfig['dialect'];

/**
 * How an endpoint that was given up is looked at: by a connection, by a GET of a path that must
 * answer below 400, or not at all.
 */
export type HealthCheck = 'connect' | 'none' | `/${string}`;

/** One upstream, complete. */
export interface UpstreamSettings {
  readonly name: string;
  readonly dialect: DialectName;
  readonly profile: ProfileName;
  readonly endpoints: readonly URL[];
  /** PEM text, or `undefined` for the built-in certificates. */
  readonly ca: string | undefined;
  readonly proxy: URL | 'env' | 'none';
  readonly limits: PhaseLimits;
  /** Replay of LLM completions, and of everything else. */
  readonly completionReplay: ReplayMark;
  readonly otherReplay: ReplayMark;
  readonly lenient: boolean;
  readonly breaker: boolean;
  readonly pacing: boolean;
  readonly health: HealthCheck;
  readonly limit: LimitOptions;
  /** Bounds of a learned first-byte limit; `undefined` = the limit of the phase stands. */
  readonly adaptive: AdaptiveLimit | undefined;
  readonly webSocket: WebSocketOptions;
  readonly acceptEncoding: 'identity' | 'pass';
  /** Names of models, with `*`, to the names used there; in order. */
  readonly models: readonly (readonly [asked: string, name: string])[];
  readonly convert: ConvertConfig;
  readonly salesforce: SalesforceConfig;
  /** What replaces the caller's credentials; `undefined` = pass-through. */
  readonly credentials: CredentialSettings | undefined;
}

/** One upstream of a route. */
export interface RouteUpstream {
  readonly name: string;
  /** Model that answers instead of the one asked for. */
  readonly model: string | undefined;
}

/** One route, complete. */
export interface RouteSettings {
  readonly name: string;
  readonly match: RouteConfig['match'];
  /** At least one; tiers in order. */
  readonly upstreams: readonly RouteUpstream[];
  readonly heartbeat: HeartbeatOptions;
  readonly retry: RetryOptions;
  readonly twins: TwinsOptions;
  /** Lower-case name of the header whose value keeps calls together. */
  readonly sticky: string | undefined;
  readonly stripPrefix: string;
  readonly addPrefix: string;
}

/** Lengths of the phases of an orderly end, in ms. */
export interface DrainSettings {
  readonly lagMs: number;
  readonly rampMs: number;
  readonly graceMs: number;
}

/** One key of a caller, complete. The key itself is not kept. */
export interface AccessKeySettings {
  readonly name: string;
  /** SHA-256 of the key, lower-case hex. */
  readonly sha256: string;
  readonly tenant: string;
  readonly priority: Priority;
  readonly quota: QuotaConfig | undefined;
}

/** Who may call, complete. */
export interface AccessSettings {
  readonly keys: readonly AccessKeySettings[];
  readonly tenantQuotas: ReadonlyMap<string, QuotaConfig>;
}

/** The whole configuration, complete. */
export interface Settings {
  /** The file it came from; `undefined` = built in. */
  readonly file: string | undefined;
  readonly listen: Address;
  readonly admin: Address | 'off';
  readonly edge: 'own' | 'node-http';
  readonly workers: number | 'auto';
  readonly drain: DrainSettings;
  readonly reusePort: boolean;
  readonly access: AccessSettings;
  readonly guard: boolean;
  readonly breaker: BreakerOptions;
  readonly simulator: boolean;
  readonly log: WrittenConfig['log'];
  readonly limits: WrittenConfig['limits'];
  readonly upstreams: ReadonlyMap<string, UpstreamSettings>;
  readonly routes: readonly RouteSettings[];
}

/** Answers the text of a file, or throws like `readFileSync`. */
export type ReadText = (file: string) => string;

/** Fills in what was not written. The rules have checked that its files can be read. */
export function complete(
  written: WrittenConfig,
  file: string | undefined,
  readText: ReadText,
): Settings {
  const upstreams = new Map<string, UpstreamSettings>();
  for (const [name, upstream] of Object.entries(written.upstreams ?? {})) {
    upstreams.set(name, completeUpstream(name, upstream, written, readText, file));
  }
  return deepFrozen({
    file,
    listen: written.listen,
    admin: written.admin,
    edge: written.edge,
    workers: written.workers,
    drain: {
      lagMs: written.drain.lag,
      rampMs: written.drain.ramp,
      graceMs: written.drain.grace,
    },
    reusePort: written.reusePort,
    access: completeAccess(written.access),
    guard: written.guard,
    breaker: breakerOf(written.breaker),
    simulator: written.simulator,
    log: written.log,
    limits: written.limits,
    upstreams,
    routes: (written.routes ?? []).map((route) => completeRoute(route, upstreams)),
  });
}

function completeAccess({ keys = [], tenants = {} }: WrittenConfig['access']): AccessSettings {
  return {
    keys: keys.map((key) => {
      const { name, tenant = name, priority, quota } = key;
      return { name, sha256: digestOf(key), tenant, priority, quota };
    }),
    tenantQuotas: new Map(Object.entries(tenants).map(([name, { quota }]) => [name, quota])),
  };
}

/** The profile of an upstream, told or derived from its dialect. */
export function profileOf(upstream: UpstreamConfig): ProfileName {
  if (upstream.profile !== undefined) return upstream.profile;
  if (upstream.dialect === 'servicenow') return 'servicenow';
  return isModelDialect(upstream.dialect) ? 'llm-hosted' : 'rest';
}

/** The limits of an upstream: its own where told, else those of its profile. */
export function limitsOf(upstream: UpstreamConfig, writeStallMs: number): PhaseLimits {
  return profileLimits(profileOf(upstream), writeStallMs, upstream.timeouts);
}

/** The limits of a profile, with single phases replaced. */
export function profileLimits(
  name: ProfileName,
  writeStallMs: number,
  own: Readonly<Partial<Record<PhaseName, number | undefined>>> = {},
): PhaseLimits {
  const table = profiles[name].timeouts;
  const of = (phase: PhaseName): number => own[phase] ?? phaseMs(table[phase]);
  return {
    queueMs: of('queue'),
    connectMs: of('connect'),
    tlsMs: of('tls'),
    uploadMs: of('upload'),
    firstByteMs: of('firstByte'),
    byteIdleMs: of('byteIdle'),
    // A shorter byteIdle of one's own holds for the time after a ping as well.
    byteIdleAfterPingMs:
      own.byteIdleAfterPing ?? Math.min(phaseMs(table.byteIdleAfterPing), of('byteIdle')),
    progressIdleMs: of('progressIdle'),
    totalMs: of('total'),
    writeStallMs,
  };
}

/** Where the value of each phase of an upstream stands in `PhaseLimits`. */
export function phaseOf(limits: PhaseLimits, phase: PhaseName): number {
  return limits[`${phase}Ms`];
}

function phaseMs(text: string): number {
  return text === 'none' ? Number.POSITIVE_INFINITY : (parseDuration(text) as number);
}

function completeUpstream(
  name: string,
  upstream: UpstreamConfig,
  written: WrittenConfig,
  readText: ReadText,
  file: string | undefined,
): UpstreamSettings {
  const profileName = profileOf(upstream);
  const profile = profiles[profileName];
  const { credentials } = upstream;
  const ca = upstream.ca === undefined ? undefined : readText(upstream.ca);
  const stored = completeCredentials(credentials, ca, readText, file);
  return {
    name,
    dialect: upstream.dialect,
    profile: profileName,
    endpoints: upstream.endpoints,
    ca,
    proxy: upstream.proxy,
    limits: limitsOf(upstream, written.limits.writeStall),
    completionReplay: upstream.replay ?? profile.completionReplay,
    otherReplay: upstream.replay ?? 'strict',
    lenient: upstream.lenient,
    breaker: upstream.breaker,
    pacing: upstream.pacing,
    health: upstream.health as HealthCheck,
    limit: limitOf(upstream, profileName),
    adaptive: adaptiveOf(upstream, profileName),
    webSocket: webSocketOf(upstream),
    acceptEncoding: upstream.acceptEncoding ?? profile.acceptEncoding,
    models: Object.entries(upstream.models ?? {}),
    convert: upstream.convert,
    salesforce: upstream.salesforce,
    // The Models API answers 404 to session ids, which other APIs of an org take.
    credentials: upstream.dialect === 'salesforce-models' ? jwtOnly(stored) : stored,
  };
}

function completeRoute(
  route: RouteConfig,
  upstreams: ReadonlyMap<string, UpstreamSettings>,
): RouteSettings {
  const dialect = upstreams.get(routeUpstream(route.upstreams[0] ?? '').name)?.dialect;
  const { path, model } = route.match;
  return {
    name: route.name ?? (model === undefined ? path : `${path} ${model}`),
    match: route.match,
    upstreams: route.upstreams.map(routeUpstream),
    heartbeat: heartbeatOf(route.heartbeat, dialect),
    twins: twinsOf(route.twins),
    retry: retryOf(route.retry, dialect),
    sticky: route.sticky,
    stripPrefix: route.rewrite.stripPrefix ?? '',
    addPrefix: route.rewrite.addPrefix ?? '',
  };
}

/** An upstream of a route in its long form. */
export function routeUpstream(written: RouteConfig['upstreams'][number]): RouteUpstream {
  if (typeof written === 'string') return { name: written, model: undefined };
  return { name: written.upstream, model: written.model };
}

function deepFrozen<T>(value: T): T {
  if (value === null || typeof value !== 'object' || value instanceof URL) return value;
  if (!(value instanceof Map)) Object.freeze(value);
  for (const item of value instanceof Map ? value.values() : Object.values(value)) deepFrozen(item);
  return value;
}
