// Rules between the options of the layers: bounds that cross each other, waits that something else
// ends first. What is left to a default is never called wrong, only what is written: lowering one
// bound is how a profile is tightened.

import { isModelDialect, adaptiveOf, limitOf, usualAlgorithm } from './layer-settings.ts';
import { error, warning } from './problem.ts';
import type { Path, Problem } from './problem.ts';
import { DOCUMENT_HOLD_BYTES } from './schema-policies.ts';
import type { RouteConfig } from './schema-route.ts';
import type { UpstreamConfig } from './schema-upstream.ts';
import type { WrittenConfig } from './schema.ts';
import { limitsOf, profileOf, routeUpstream } from './settings.ts';
import { formatDuration, formatSize } from './units.ts';

/** Whether something stands at a path of what was handed in. */
export type IsWritten = (path: Path) => boolean;

/** Every contradiction between options of the layers. */
export function policyProblems(config: WrittenConfig, isWritten: IsWritten): Problem[] {
  const upstreams = Object.entries(config.upstreams ?? {});
  return [
    ...breakerProblems(config.breaker),
    ...upstreams.flatMap(([name, upstream]) => {
      const path = ['upstreams', name];
      return [
        ...limitProblems([...path, 'limit'], upstream),
        ...adaptiveProblems([...path, 'adaptive'], upstream),
      ];
    }),
    ...(config.routes ?? []).flatMap((route, at) => routeProblems(route, at, config, isWritten)),
  ];
}

function breakerProblems(breaker: WrittenConfig['breaker']): Problem[] {
  const { openMin, openMax, successRate, slowAfter, slowShare } = breaker;
  const problems: Problem[] = [];
  if (openMin > openMax) {
    const pair = `${formatDuration(openMin)} is above the ${formatDuration(openMax)} of openMax`;
    problems.push(
      error(['breaker', 'openMin'], `${pair}, which bounds it; lower openMin or raise openMax`),
    );
  }
  if (successRate === 1) {
    const message =
      '100% opens the circuit at the first failure among ten calls; write for example "90%"';
    problems.push(warning(['breaker', 'successRate'], message));
  }
  if (slowShare === 1 && slowAfter !== Number.POSITIVE_INFINITY) {
    const message =
      '100% is a share that nothing is above; write for example "80%", or slowAfter: none';
    problems.push(error(['breaker', 'slowShare'], message));
  }
  return problems;
}

/** Pairs of which the first must not be above the second. */
const orderedCalls = [
  ['min', 'max'],
  ['start', 'max'],
  ['min', 'start'],
] as const;

function limitProblems(path: Path, upstream: UpstreamConfig): Problem[] {
  const { limit } = upstream;
  const problems: Problem[] = [];
  const profile = profileOf(upstream);
  if (limit.enabled && (limit.algorithm ?? usualAlgorithm(profile)) === 'fixed') {
    problems.push(...fixedProblems(path, limit, limitOf(upstream, profile).callsMax));
  } else {
    for (const [lower, upper] of orderedCalls) {
      const low = limit[lower];
      const high = limit[upper];
      if (low === undefined || high === undefined || low <= high) continue;
      const advice = `lower ${lower} or raise ${upper}`;
      problems.push(error([...path, lower], `${low} is above ${upper} ${high}; ${advice}`));
    }
  }
  if (limit.soft === 0) {
    const message =
      '0% sends every call past this upstream; write for example "80%", or put another one before it in the route';
    problems.push(error([...path, 'soft'], message));
  }
  return problems;
}

/** A limit that does not move has one number. */
function fixedProblems(path: Path, limit: UpstreamConfig['limit'], calls: number): Problem[] {
  const names = (['start', 'min'] as const).filter(
    (name) => limit[name] !== undefined && limit[name] !== calls,
  );
  return names.map((name) => {
    const reason = `differs from the limit of ${calls}, and a fixed one does not move`;
    return error(
      [...path, name],
      `${limit[name]} ${reason}; remove it, or choose another algorithm`,
    );
  });
}

function adaptiveProblems(path: Path, upstream: UpstreamConfig): Problem[] {
  const { floor, ceiling } = upstream.adaptive;
  const profile = profileOf(upstream);
  const learned = adaptiveOf(upstream, profile);
  if (learned === undefined || learned.floorMs <= learned.ceilingMs) return [];
  const of = (own: number | undefined): string =>
    own === undefined ? ` of profile ${profile}` : '';
  const low = `floor ${formatDuration(learned.floorMs)}${of(floor)}`;
  const high = `ceiling ${formatDuration(learned.ceilingMs)}${of(ceiling)}`;
  const at = floor === undefined ? 'ceiling' : 'floor';
  return [error([...path, at], `${low} is above ${high}; lower floor or raise ceiling`)];
}

/** An upstream of a route, with what its answers may be late by. */
interface Reached {
  readonly name: string;
  readonly upstream: UpstreamConfig;
  readonly byteIdleMs: number;
  readonly progressIdleMs: number;
}

function routeProblems(
  route: RouteConfig,
  at: number,
  config: WrittenConfig,
  isWritten: IsWritten,
): Problem[] {
  const names = new Set(route.upstreams.map((written) => routeUpstream(written).name));
  const reached = [...names].flatMap((name): Reached[] => {
    const upstream = config.upstreams?.[name];
    if (upstream === undefined) return [];
    const { byteIdleMs, progressIdleMs } = limitsOf(upstream, config.limits.writeStall);
    return [{ name, upstream, byteIdleMs, progressIdleMs }];
  });
  return [
    ...heartbeatProblems(route, at, reached, isWritten),
    ...holdProblems(route, at, reached, config, isWritten),
  ];
}

function heartbeatProblems(
  { heartbeat }: RouteConfig,
  at: number,
  reached: readonly Reached[],
  isWritten: IsWritten,
): Problem[] {
  if (!heartbeat.enabled) return [];
  const path = ['routes', at, 'heartbeat', 'every'];
  const every = formatDuration(heartbeat.every);
  const problems: Problem[] = [];
  for (const { name, upstream, byteIdleMs } of reached) {
    if (heartbeat.every < byteIdleMs) continue;
    const idle = formatDuration(byteIdleMs);
    if (isWritten(path)) {
      const pair = `${every} is not below the ${idle} idle limit of "${name}"`;
      const reason = 'a silent answer is cut before its first heartbeat';
      problems.push(error(path, `${pair}: ${reason}; lower it or raise timeouts.byteIdle there`));
    } else if (streams(upstream) && isWritten(['upstreams', name, 'timeouts', 'byteIdle'])) {
      const pair = `${idle} is not above the ${every} between heartbeats of routes[${at}]`;
      const advice = `raise it, or write a shorter heartbeat.every there`;
      problems.push(
        warning(
          ['upstreams', name, 'timeouts', 'byteIdle'],
          `${pair}, so none is ever sent; ${advice}`,
        ),
      );
    }
  }
  return problems;
}

/** Whether answers of an upstream are mostly streams, to which heartbeats can be added. */
function streams({ dialect }: UpstreamConfig): boolean {
  return isModelDialect(dialect) || dialect === 'sse' || dialect === 'ndjson';
}

function holdProblems(
  { retry }: RouteConfig,
  at: number,
  reached: readonly Reached[],
  { limits }: WrittenConfig,
  isWritten: IsWritten,
): Problem[] {
  const problems: Problem[] = [];
  const path = ['routes', at, 'retry'];
  const { holdBytes = 0, holdFor } = retry;
  if (holdBytes > limits.bufferBytes) {
    const all = formatSize(limits.bufferBytes);
    const reason = 'which bound the bodies of all calls: one answer could fill the memory';
    problems.push(
      error(
        [...path, 'holdBytes'],
        `${formatSize(holdBytes)} is above the ${all} of limits.bufferBytes, ${reason}; lower it`,
      ),
    );
  } else if (holdBytes > Math.max(limits.replayBytes, DOCUMENT_HOLD_BYTES)) {
    const reason = 'each call may hold as much, and limits.bufferBytes does not count it';
    problems.push(
      warning(
        [...path, 'holdBytes'],
        `${formatSize(holdBytes)} is a lot: ${reason}; write for example "4MiB"`,
      ),
    );
  }
  if (!isWritten([...path, 'holdFor'])) return problems;
  for (const { name, byteIdleMs, progressIdleMs } of reached) {
    const [idleMs, phase] =
      progressIdleMs === Number.POSITIVE_INFINITY
        ? [byteIdleMs, 'byteIdle']
        : [progressIdleMs, 'progressIdle'];
    if (holdFor <= idleMs) continue;
    const idle = `${phase} ${formatDuration(idleMs)} of "${name}"`;
    const pair = `${formatDuration(holdFor)} is above ${idle}`;
    const reason = 'an answer without content is cut before; lower holdFor';
    problems.push(error([...path, 'holdFor'], `${pair}: ${reason}`));
  }
  return problems;
}
