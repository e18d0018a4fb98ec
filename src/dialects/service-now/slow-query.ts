// Tells of calls that took long, in words that an operator can act on: where, how long, what was
// asked for, and what to change in it. Holds nothing back and changes nothing.

import type { Call } from '../../core/call.ts';
import { NEVER } from '../../core/timeline.ts';
import { queryAdvice, queryShape } from './query-shape.ts';

/**
 * A call is worth a warning from this time on, in ms: a sixth of what the platform's own quota rule
 * allows (60 s), so that there is time to act before it strikes.
 */
export const SLOW_QUERY_MS = 10_000;

/** One slow call. Upstream, route and dialect are names of the configuration. */
export interface SlowQuery {
  readonly upstream: string;
  readonly route: string;
  /** From the first written byte to the last read one, in ms: our own queue is no slow query. */
  readonly tookMs: number;
  /** See `QueryShape.text`; the method alone where it was no call of the Table API. */
  readonly query: string;
  /** What to change, a sentence each. */
  readonly advice: readonly string[];
}

/** What is to be said of a call that is over; `undefined` = nothing. */
export function slowQuery(call: Call, slowMs: number = SLOW_QUERY_MS): SlowQuery | undefined {
  const { route, timeline, method, path } = call;
  if (route.dialect.name !== 'servicenow') return undefined;
  const { firstWriteAt, endedAt } = timeline;
  if (firstWriteAt === NEVER || endedAt - firstWriteAt < slowMs) return undefined;
  const shape = queryShape(path, method);
  return {
    upstream: route.upstream,
    route: route.name,
    tookMs: Math.round(endedAt - firstWriteAt),
    query: shape === undefined ? method : `${method} ${shape.text}`,
    advice: (shape?.missing ?? []).map((missing) => queryAdvice[missing]),
  };
}
