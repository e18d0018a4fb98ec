// Which models a caller can name: the alias tables of all upstreams that its routes lead to, put
// together without asking anybody. What an upstream offers beside a table, or without one, only it
// can say, so its list is asked of it where such a route would take the call.

import type { RequestHead } from '../http1/head.ts';
import { isModelDialect } from './config/layer-settings.ts';
import type { RouteSettings } from './config/settings.ts';
import type { Matcher } from './glob.ts';
import type { Tier } from './targets.ts';

/** What is known of one route. */
export interface RouteModels {
  /** Names that callers of this route can use. */
  readonly names: readonly string[];
  /** Whoever would be asked for the list has a table, or no list of its own. */
  readonly known: boolean;
}

/** What is known of a route to models; `undefined` = it leads to something else. */
export function routeModels(
  { match }: Pick<RouteSettings, 'match'>,
  tiers: readonly Tier[],
  model: Matcher | undefined,
): RouteModels | undefined {
  const [first] = tiers;
  if (first === undefined || !isModelDialect(first.settings.dialect)) return undefined;
  const names = new Set(tiers.flatMap(namesOf).filter((name) => model?.matches(name) ?? true));
  if (match.model !== undefined && !match.model.includes('*')) names.add(match.model);
  const known = first.settings.dialect === 'salesforce-models' || namesOf(first).length > 0;
  return { names: [...names], known };
}

/** Names callers can use; patterns are none. */
export function namesOf({ settings }: Tier): string[] {
  return settings.models.map(([asked]) => asked).filter((name) => !name.includes('*'));
}

/** The route of a caller that asks for models, as far as it matters here. */
export interface ListedRoute {
  readonly path: Matcher;
  readonly method: string | undefined;
  readonly guarded: boolean;
  readonly models: RouteModels | undefined;
}

/** A call for a list of models, or for one of them. */
export interface ListAsk {
  /** The one that is asked for; `undefined` = all. */
  readonly one: string | undefined;
  /** Paths beside this one at which a caller would use what is listed. */
  readonly places: readonly string[];
}

const PLACES = ['/messages', '/chat/completions', '/responses', '/embeddings'];

/** Whether a path, without query, is that of a list of models; `undefined` = it is not. */
export function listAsk(path: string): ListAsk | undefined {
  const found = /^(.*)\/models(?:\/([^/]+))?$/.exec(path);
  if (found === null) return undefined;
  const [, base = '', one] = found;
  return { one: one === undefined ? undefined : decoded(one), places: PLACES.map((p) => base + p) };
}

/**
 * The names to answer with, or `undefined` where the call is to be passed on as any other. `routes`
 * are those whose conditions this caller meets, `first` the one that would take the call.
 */
export function listedNames<Listed extends ListedRoute>(
  ask: ListAsk,
  routes: readonly Listed[],
  first: ListedRoute | undefined,
  head: Pick<RequestHead, 'method'>,
): { readonly names: readonly string[]; readonly from: readonly Listed[] } | undefined {
  if (head.method !== 'GET' && head.method !== 'HEAD') return undefined;
  if (first !== undefined && first.models === undefined) return undefined;
  const from = routes.filter((route) => route === first || isUsed(route, ask));
  const names = new Set(from.flatMap(({ models }) => models?.names ?? []));
  if (ask.one === undefined) {
    if (names.size === 0 || first?.models?.known === false) return undefined;
  } else if (!names.has(ask.one)) return undefined;
  return { names: [...names], from };
}

function isUsed({ path, method = 'POST' }: ListedRoute, { places }: ListAsk): boolean {
  return method === 'POST' && places.some((place) => path.matches(place));
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
