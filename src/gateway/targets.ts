// The places a call of one configured route may be sent to, and what differs for each: credentials,
// model, wire format.

import type { Conversion } from '../core/conversion.ts';
import type { Dialect } from '../core/dialect.ts';
import type { HeaderList } from '../core/header-list.ts';
import type { Endpoint, ReplayMark, Route, RouteKind } from '../core/route.ts';
import type { Target, TargetEdit } from '../core/target.ts';
import type { EncoderDeps } from '../dialects/conversion/answer-writer.ts';
import { answerFields, droppedRequestFields } from '../dialects/service-now/answer-fields.ts';
import type { LinkMap } from '../dialects/service-now/link-header.ts';
import type { DialectName, UpstreamSettings } from './config/settings.ts';
import { conversionFor } from './conversions.ts';
import { dialectTable } from './dialect-table.ts';
import { headerEditFor } from './header-edit.ts';
import type { HeaderEdit } from '../core/header-edit.ts';
import { familyOf, targetFormatOf } from './wire-formats.ts';
import type { CallerFormat, TargetFormat } from './wire-formats.ts';

/** An upstream with the endpoints made from its addresses. */
export interface WiredUpstream {
  readonly settings: UpstreamSettings;
  readonly endpoints: readonly Endpoint[];
}

/** One upstream in the list of a route. */
export interface Tier extends WiredUpstream {
  /** Model that answers there in place of the one asked for. */
  readonly model: string | undefined;
}

/** What a path and a method tell of a call. */
export interface Ask {
  readonly kind: RouteKind;
  /** What the caller understands. */
  readonly dialect: Dialect;
  /** Format of a call that could be converted; `undefined` = it can only be passed as it is. */
  readonly caller: CallerFormat | undefined;
  /** Family of upstreams that take it as it is. */
  readonly family: string;
}

/** How the paths of a route differ from those of its upstreams. */
export interface PathRewrite {
  readonly stripPrefix: string;
  readonly addPrefix: string;
}

/** What holds for all targets of a route. */
export interface TargetRules {
  readonly route: string;
  readonly replayBytesMax: number;
  readonly rewrite: PathRewrite;
  /** What writers of converted answers need. */
  readonly answers: EncoderDeps;
}

/** Every target for calls of this kind, in tiers; none where no upstream takes them. */
export function targetsOf(tiers: readonly Tier[], ask: Ask, rules: TargetRules): readonly Target[] {
  const targets: Target[] = [];
  for (const [tier, upstream] of tiers.entries()) {
    const place = placeOf(upstream, ask, rules);
    if (place === undefined) continue;
    for (const endpoint of upstream.endpoints) {
      targets.push(targetAt(endpoint, tier, upstream.settings, ask, place, rules));
    }
  }
  return Object.freeze(targets);
}

/** One endpoint of one upstream, the same in all routes. */
export function targetKey(upstream: UpstreamSettings, endpoint: Endpoint): string {
  return `${upstream.name} ${endpoint.key}`;
}

/** A call may go to any of them, so it must be fit for the most careful one. */
export function strictest(marks: readonly ReplayMark[]): ReplayMark {
  if (marks.includes('strict')) return 'strict';
  return marks.includes('idle-race') ? 'idle-race' : 'always';
}

/** What is the same for all endpoints of an upstream. */
interface Place {
  readonly dialect: Dialect;
  readonly edit: TargetEdit | undefined;
  readonly conversion: Conversion | undefined;
}

function placeOf(upstream: Tier, ask: Ask, rules: TargetRules): Place | undefined {
  const { settings } = upstream;
  const { answers } = rules;
  const edit = targetEdit(upstream, ask.kind, rules.rewrite);
  const format =
    ask.caller === undefined ? undefined : targetFormatOf(settings.dialect, ask.caller);
  if (ask.caller !== undefined && format !== undefined) {
    const conversion = conversionFor(ask.caller, format, upstream, answers);
    return { dialect: dialectOf(format), edit, conversion };
  }
  if (familyOf(settings.dialect) !== ask.family) return undefined;
  const isAsking = ask.kind === 'completion';
  const conversion = isAsking ? conversionFor(undefined, undefined, upstream, answers) : undefined;
  return { dialect: ask.dialect, edit, conversion };
}

function targetAt(
  endpoint: Endpoint,
  tier: number,
  settings: UpstreamSettings,
  ask: Ask,
  { dialect, edit, conversion }: Place,
  rules: TargetRules,
): Target {
  const { name } = settings;
  const route: Route = Object.freeze({
    name: rules.route,
    upstream: name,
    kind: ask.kind,
    dialect,
    credential: settings.credentials === undefined ? undefined : name,
    conversion,
    // Below the choice there is nothing left to choose.
    targets: [],
    endpoints: [endpoint],
    limits: settings.limits,
    replay: ask.kind === 'completion' ? settings.completionReplay : settings.otherReplay,
    lenient: settings.lenient,
    replayBytesMax: rules.replayBytesMax,
  });
  const key = targetKey(settings, endpoint);
  return Object.freeze({ key, endpoint, upstream: name, tier, weight: 1, edit, route });
}

/** The dialect of the answers of an upstream that is asked in this format. */
function dialectOf(format: TargetFormat): Dialect {
  return format === 'openai-embeddings' ? dialectTable['openai-chat'] : dialectTable[format];
}

/** The dialect of calls that are passed as they are, by the path they ask. */
export function dialectFor(name: DialectName, path: string): Dialect {
  if (name !== 'openai') return dialectTable[name];
  return /\/responses(\/|$)/.test(path)
    ? dialectTable['openai-responses']
    : dialectTable['openai-chat'];
}

function targetEdit(upstream: Tier, kind: RouteKind, rewrite: PathRewrite): TargetEdit | undefined {
  const { settings, model } = upstream;
  const isServiceNow = settings.dialect === 'servicenow';
  const isRead = kind === 'completion' || isServiceNow;
  const fields = headerEditFor({
    identityOnly: isRead && settings.acceptEncoding === 'identity',
    without: isServiceNow ? droppedRequestFields : [],
  });
  const told = kind === 'completion' ? model : undefined;
  if (fields === undefined && model === undefined) return undefined;
  const edit = new ConfiguredEdit(fields, told);
  return isServiceNow ? new ServiceNowEdit(edit, linkMap(upstream, rewrite)) : edit;
}

/** Where the addresses in answers lead, and where they must for callers of this route. */
function linkMap({ endpoints }: Tier, { stripPrefix, addPrefix }: PathRewrite): LinkMap {
  const from = endpoints.map(({ secure, authority, basePath }) => {
    const scheme = secure ? 'https' : 'http';
    return `${scheme}://${authority}${basePath}${addPrefix}`;
  });
  return { from, to: stripPrefix };
}

/** Plain encodings, another model. */
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

/** Addresses lead back through the gateway, and sessions stay behind. */
class ServiceNowEdit implements TargetEdit {
  readonly model: string | undefined;
  readonly answer: (headers: HeaderList) => HeaderList;
  readonly #edit: TargetEdit;

  constructor(edit: TargetEdit, links: LinkMap) {
    this.#edit = edit;
    this.model = edit.model;
    this.answer = (headers) => answerFields(headers, links);
  }

  headers(headers: HeaderList): HeaderList {
    return this.#edit.headers(headers);
  }
}
