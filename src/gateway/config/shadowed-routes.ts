// Finds routes that can never be reached because an earlier one takes all they would match. Errs
// towards silence: it reports only what is certain.

import type { RouteConfig } from './schema-route.ts';

/** A route nobody reaches, and the earlier one that stands in its way; both by place. */
export interface Shadowed {
  readonly at: number;
  readonly by: number;
}

/** Every unreachable route of a list. */
export function shadowedRoutes(routes: readonly RouteConfig[]): Shadowed[] {
  const found: Shadowed[] = [];
  for (const [at, route] of routes.entries()) {
    const by = routes.findIndex((earlier, place) => place < at && covers(earlier, route));
    if (by >= 0) found.push({ at, by });
  }
  return found;
}

function covers(earlier: RouteConfig, later: RouteConfig): boolean {
  const a = earlier.match;
  const b = later.match;
  if (!pathCovers(a.path, b.path)) return false;
  if (a.method !== undefined && a.method !== b.method) return false;
  if (a.model !== undefined && a.model !== b.model) return false;
  const fields = Object.entries(a.header ?? {});
  return fields.every(([name, wanted]) => b.header?.[name] === wanted);
}

function pathCovers(pattern: string, other: string): boolean {
  if (pattern === other) return true;
  if (!pattern.endsWith('/**')) return false;
  const prefix = pattern.slice(0, -3);
  return !prefix.includes('*') && (other === prefix || other.startsWith(`${prefix}/`));
}
