// What the target of a request decides: which routes can match it and what path each of them sends
// upstream. Remembered per target, because clients use few; bounded, because callers choose them.

import type { Destination } from './destinations.ts';
import { listAsk } from './model-list.ts';
import type { ListAsk } from './model-list.ts';
import type { CompiledRoute } from './route-table.ts';

/** One route that a target can take. */
export interface PlannedRoute {
  readonly route: CompiledRoute;
  readonly post: Destination;
  readonly other: Destination;
  /** Path with query, as sent upstream. */
  readonly path: string;
}

/** Every route a target can take, in order. */
export interface PathPlan {
  /** Without query. */
  readonly path: string;
  readonly routes: readonly PlannedRoute[];
  /** The path could mean another one to whoever resolves its dots; nothing may take it. */
  readonly unsafe: boolean;
  /** It asks for a list of models. */
  readonly list: ListAsk | undefined;
}

/** Targets remembered; past it all are forgotten, which costs each a microsecond. */
export const PLANS_MAX = 1_024;
/** Longer targets are worked out each time. */
const REMEMBERED_LENGTH_MAX = 1_024;

/** The target of `OPTIONS *`, which asks about the server as a whole. */
const SERVER = '*';

/** A `.` or `..` segment, in any spelling that some server takes for one. */
const DOT_SEGMENT = /(?:^|[/\\]|%2f|%5c)(?:\.|%2e){1,2}(?:[/\\;]|%2f|%5c|%3b|$)/i;

/** The plans of one table of routes. */
export class PathPlans {
  readonly #routes: readonly CompiledRoute[];
  readonly #plans = new Map<string, PathPlan>();

  constructor(routes: readonly CompiledRoute[]) {
    this.#routes = routes;
  }

  /** Targets remembered now. */
  get size(): number {
    return this.#plans.size;
  }

  /** The plan for a request target. */
  planFor(target: string): PathPlan {
    const known = this.#plans.get(target);
    if (known !== undefined) return known;
    const plan = this.#make(target);
    if (target.length <= REMEMBERED_LENGTH_MAX) {
      if (this.#plans.size >= PLANS_MAX) this.#plans.clear();
      this.#plans.set(target, plan);
    }
    return plan;
  }

  #make(target: string): PathPlan {
    const at = target.indexOf('?');
    const path = at < 0 ? target : target.slice(0, at);
    const query = at < 0 ? '' : target.slice(at);
    const unsafe = DOT_SEGMENT.test(path);
    const routes = unsafe ? [] : this.#routes.filter((route) => route.path.matches(matched(path)));
    const list = unsafe ? undefined : listAsk(path);
    return { path, unsafe, list, routes: routes.map((route) => planned(route, path, query)) };
  }
}

/** `OPTIONS *` names the empty path (RFC 9112, 3.2.4), which a route to `/**` alone covers. */
function matched(path: string): string {
  return path === SERVER ? '' : path;
}

function planned(route: CompiledRoute, path: string, query: string): PlannedRoute {
  const rewritten = rewrite(path, route.stripPrefix, route.addPrefix);
  return {
    route,
    post: route.destination(rewritten, true),
    other: route.destination(rewritten, false),
    path: rewritten + query,
  };
}

function rewrite(path: string, stripPrefix: string, addPrefix: string): string {
  if (path === SERVER) return path;
  const stripped = path.startsWith(stripPrefix) ? path.slice(stripPrefix.length) : path;
  const joined = addPrefix + stripped;
  return joined.startsWith('/') ? joined : `/${joined}`;
}
