// The limit for a first byte, from what is usual: three times the 99th percentile, within bounds.
// Source: resilience reference, section 2.

import type { AdaptiveLimit } from './options.ts';

/** Three times the usual worst is no longer bad luck. */
const TIMES_P99 = 3;

/**
 * The limit in whole ms. `staticMs` is that of the route: it holds while too little is known, and
 * it is the operator's last word on how long a caller may wait in any case.
 */
export function adaptiveLimitMs(
  p99Ms: number | undefined,
  bounds: AdaptiveLimit,
  staticMs: number,
): number {
  if (p99Ms === undefined) return staticMs;
  const learnedMs = Math.ceil(Math.max(p99Ms * TIMES_P99, bounds.floorMs));
  return Math.min(learnedMs, bounds.ceilingMs, staticMs);
}
