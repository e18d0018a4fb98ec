// Rules that span several options, each a sentence: what contradicts what, and what to change.
// They see the configuration as written and parsed; nothing is changed here.

import { accessProblems } from './access-rules.ts';
import { credentialFileProblems } from './complete-credentials.ts';
import { SIMULATOR } from './built-in.ts';
import { nameHint } from '../../core/nearest-name.ts';
import { policyProblems } from './policy-rules.ts';
import type { IsWritten } from './policy-rules.ts';
import { error, warning } from './problem.ts';
import type { Path, Problem } from './problem.ts';
import type { RouteConfig } from './schema-route.ts';
import type { UpstreamConfig } from './schema-upstream.ts';
import type { WrittenConfig } from './schema.ts';
import { isModelDialect } from './layer-settings.ts';
import { limitsOf, phaseOf, profileOf, routeUpstream } from './settings.ts';
import { shadowedRoutes } from './shadowed-routes.ts';
import { formatDuration, formatSize } from './units.ts';
import { formatAddress, isLoopback } from './values.ts';
import { webSocketProblems } from './web-socket-rules.ts';
import type { ReadText } from './settings.ts';
import type { PhaseName } from './profiles.ts';

/** Every problem that no single option shows. */
export function crossProblems(
  config: WrittenConfig,
  readText: ReadText,
  isWritten: IsWritten,
): Problem[] {
  const upstreams = Object.entries(config.upstreams ?? {});
  return [
    ...listenerProblems(config),
    ...limitProblems(config),
    ...accessProblems(config),
    ...upstreams.flatMap(([name, upstream]) => upstreamProblems(name, upstream, config, readText)),
    ...routeProblems(config),
    ...policyProblems(config, isWritten),
  ];
}

function listenerProblems(config: WrittenConfig): Problem[] {
  const { listen, admin, allowRemote, access } = config;
  const hasKeys = (access.keys ?? []).length > 0;
  const problems: Problem[] = [];
  for (const [name, at] of [
    ['listen', listen],
    ['admin', admin],
  ] as const) {
    if (at === 'off' || isLoopback(at.host) || allowRemote) continue;
    if (name === 'listen' && hasKeys) continue;
    const reason = 'other machines can reach it and';
    const told =
      name === 'listen'
        ? `${reason} there are no caller keys; use 127.0.0.1, add access.keys, or set`
        : `${reason} it asks for no key; use 127.0.0.1, or set`;
    problems.push(error([name], `${formatAddress(at)} is refused: ${told} allowRemote: true`));
  }
  if (admin !== 'off' && admin.port !== 0 && formatAddress(listen) === formatAddress(admin)) {
    problems.push(
      error(['admin'], `${formatAddress(admin)} is the listen address too; use another port`),
    );
  }
  return problems;
}

function limitProblems({ limits }: WrittenConfig): Problem[] {
  const problems: Problem[] = [];
  if (limits.replayBytes > limits.bufferBytes) {
    const one = formatSize(limits.replayBytes);
    const all = formatSize(limits.bufferBytes);
    problems.push(
      error(
        ['limits', 'replayBytes'],
        `${one} is above the ${all} of bufferBytes, which bodies share; lower it`,
      ),
    );
  }
  if (limits.writeStall >= limits.keepAlive) {
    const stall = formatDuration(limits.writeStall);
    const idle = formatDuration(limits.keepAlive);
    problems.push(
      error(
        ['limits', 'writeStall'],
        `${stall} is not below the ${idle} of keepAlive: a caller that reads nothing would outlive one that rests; lower it`,
      ),
    );
  }
  return problems;
}

function upstreamProblems(
  name: string,
  upstream: UpstreamConfig,
  config: WrittenConfig,
  readText: ReadText,
): Problem[] {
  const path = ['upstreams', name];
  const problems = timeoutProblems(path, upstream, config);
  problems.push(...webSocketProblems(path, upstream));
  if (name === SIMULATOR) {
    problems.push(error(path, 'is the name of the built-in simulator; choose another'));
  }
  for (const [at, url] of upstream.endpoints.entries()) {
    if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
      const advice = 'use https, or make sure that the network is yours';
      problems.push(
        warning([...path, 'endpoints', at], `sends keys and prompts in clear text; ${advice}`),
      );
    }
    if (/\/v1\/?$/.test(url.pathname) && !stripsVersion(name, config)) {
      problems.push(
        warning(
          [...path, 'endpoints', at],
          'ends in /v1, and the paths of its routes start with it; drop it here',
        ),
      );
    }
  }
  if (new Set(upstream.endpoints.map((url) => url.protocol)).size > 1) {
    problems.push(error([...path, 'endpoints'], 'mixes http and https; use one of them for all'));
  }
  if (upstream.ca !== undefined && !canRead(upstream.ca, readText)) {
    problems.push(
      error([...path, 'ca'], `${upstream.ca} cannot be read; give the path of a PEM file`),
    );
  }
  const credentialsPath = [...path, 'credentials'];
  problems.push(...credentialFileProblems(credentialsPath, upstream.credentials, readText));
  if (upstream.lenient && upstream.dialect === 'plain') {
    problems.push(warning([...path, 'lenient'], 'has no effect on the plain dialect; remove it'));
  }
  return problems;
}

function stripsVersion(name: string, config: WrittenConfig): boolean {
  const routes = (config.routes ?? []).filter((route) => upstreamNames(route).includes(name));
  return routes.every(
    (route) => route.rewrite.stripPrefix === '/v1' || !route.match.path.startsWith('/v1'),
  );
}

function canRead(file: string, readText: ReadText): boolean {
  try {
    return readText(file).includes('-----BEGIN');
  } catch {
    return false;
  }
}

/** Pairs of limits of which the first must not be above the second, and what happens otherwise. */
const orderedLimits: readonly (readonly [PhaseName, PhaseName, string])[] = [
  ['byteIdle', 'progressIdle', 'a silent stream would always be cut by progressIdle first'],
  ['byteIdleAfterPing', 'byteIdle', 'a ping would lengthen the patience it is meant to shorten'],
  ['firstByte', 'total', 'the call would be over before the first byte is late'],
  ['queue', 'total', 'the call would be over before its place is free'],
  ['connect', 'total', 'the call would be over before the connection is late'],
];

function timeoutProblems(path: Path, upstream: UpstreamConfig, config: WrittenConfig): Problem[] {
  const limits = limitsOf(upstream, config.limits.writeStall);
  const problems: Problem[] = [];
  for (const [lower, upper, reason] of orderedLimits) {
    const low = phaseOf(limits, lower);
    const high = phaseOf(limits, upper);
    // Lowering only the upper one is how a profile is tightened; it does what it says.
    if (low <= high || upstream.timeouts[lower] === undefined) continue;
    const of = upstream.timeouts[upper] === undefined ? ` of profile ${profileOf(upstream)}` : '';
    const pair = `${lower} ${formatDuration(low)} is above ${upper} ${formatDuration(high)}${of}`;
    const message = `${pair}: ${reason}; lower ${lower} or raise ${upper}`;
    problems.push(error([...path, 'timeouts', lower], message));
  }
  return problems;
}

function routeProblems(config: WrittenConfig): Problem[] {
  const { upstreams, routes } = config;
  if (routes === undefined || routes.length === 0) {
    const name = Object.keys(upstreams ?? {})[0] ?? 'anthropic';
    return [
      error(
        ['routes'],
        `is missing: nothing would reach the upstreams; add for example - { match: { path: /v1/** }, upstreams: [${name}] }`,
      ),
    ];
  }
  const names = [...Object.keys(upstreams ?? {}), ...(config.simulator ? [SIMULATOR] : [])];
  return [
    ...routes.flatMap((route, at) =>
      oneRouteProblems(route, ['routes', at], names, upstreams ?? {}),
    ),
    ...shadowedRoutes(routes).map(({ at, by }) => {
      const reason = `routes[${by}] matches everything it matches`;
      return warning(['routes', at], `is never used: ${reason}; move it up or remove it`);
    }),
  ];
}

function upstreamNames(route: RouteConfig): string[] {
  return route.upstreams.map((written) => routeUpstream(written).name);
}

function isEither(upstream: UpstreamConfig | undefined, other: string | undefined): boolean {
  return upstream?.profile === 'websocket' || other === 'websocket';
}

/** Whether calls to one can go to the other: what is said of models can be converted. */
function canStandIn(one: UpstreamConfig['dialect'], other: UpstreamConfig['dialect']): boolean {
  return one === other || (isModelDialect(one) && isModelDialect(other));
}

/** What several upstreams of one route must have in common. */
function tierProblems(
  route: RouteConfig,
  path: Path,
  upstreams: Readonly<Record<string, UpstreamConfig>>,
): Problem[] {
  const used = upstreamNames(route);
  if (used.length < 2) return [];
  const problems: Problem[] = [];
  const first = upstreams[used[0] as string]?.dialect;
  const firstProfile = upstreams[used[0] as string]?.profile;
  for (const [at, written] of route.upstreams.entries()) {
    const { name, model } = routeUpstream(written);
    const where = [...path, 'upstreams', at];
    const twin = route.upstreams.findIndex((other) => {
      const known = routeUpstream(other);
      return known.name === name && known.model === model;
    });
    const dialect = upstreams[name]?.dialect;
    if (name === SIMULATOR) {
      problems.push(error(where, 'the simulator stands alone; give it a route of its own'));
    } else if (twin < at) {
      problems.push(error(where, `"${name}" stands in the list twice; remove one`));
    } else if (
      upstreams[name]?.profile !== firstProfile &&
      isEither(upstreams[name], firstProfile)
    ) {
      const reason = 'WebSockets and ordinary calls do not share a route';
      problems.push(error(where, `"${name}": ${reason}; give each a route of its own`));
    } else if (first !== undefined && dialect !== undefined && !canStandIn(dialect, first)) {
      const reason = `speaks ${dialect}, but "${used[0]}" speaks ${first}`;
      const rule = 'upstreams of one route speak one dialect, or are all models';
      problems.push(error(where, `"${name}" ${reason}; ${rule}`));
    }
  }
  return problems;
}

function oneRouteProblems(
  route: RouteConfig,
  path: Path,
  names: readonly string[],
  upstreams: Readonly<Record<string, UpstreamConfig>>,
): Problem[] {
  const problems: Problem[] = [];
  const used = upstreamNames(route);
  for (const [at, name] of used.entries()) {
    const where = [...path, 'upstreams', at];
    if (names.includes(name)) continue;
    const off = name === SIMULATOR ? 'is switched off; set simulator: true' : undefined;
    const hint = off ?? `is not an upstream; ${nameHint(name, names)}`;
    problems.push(error(where, `"${name}" ${hint}`));
  }
  problems.push(...tierProblems(route, path, upstreams));
  const { stripPrefix } = route.rewrite;
  const { path: pattern } = route.match;
  if (
    stripPrefix !== undefined &&
    pattern !== stripPrefix &&
    !pattern.startsWith(`${stripPrefix}/`)
  ) {
    const advice = 'start the path with it, or remove it';
    problems.push(
      error(
        [...path, 'rewrite', 'stripPrefix'],
        `"${stripPrefix}" is not the start of the path ${pattern}; ${advice}`,
      ),
    );
  }
  if (route.match.method === 'GET' && route.match.model !== undefined) {
    problems.push(
      error(
        [...path, 'match', 'model'],
        'is looked for in the body, and GET has none; remove one of them',
      ),
    );
  }
  return problems;
}

/** Upstreams that no route leads to; asked only about a file's own. */
export function unusedUpstreams(config: WrittenConfig): Problem[] {
  const used = new Set((config.routes ?? []).flatMap(upstreamNames));
  return Object.keys(config.upstreams ?? {})
    .filter((name) => !used.has(name))
    .map((name) => warning(['upstreams', name], 'is used by no route; add one or remove it'));
}
