// How long to wait before the next attempt: full jitter (AWS), because callers that failed together
// must not come back together; a wait asked for by the upstream is a floor under it.

import type { Random } from '../../core/random.ts';
import type { RetryOptions } from './options.ts';

/** The wait after the `attempt`-th attempt (from 1), in ms; `floorMs` = asked for, 0 = nothing. */
export function backoffMs(
  options: RetryOptions,
  random: Random,
  attempt: number,
  forLoad: boolean,
  floorMs: number,
): number {
  const { backoffMsMax, brokenBaseMs, refusedBaseMs } = options;
  if (floorMs > 0) {
    const { retryAfterSpread, retryAfterSpreadMsMax } = options;
    return floorMs + random.next() * Math.min(floorMs * retryAfterSpread, retryAfterSpreadMsMax);
  }
  const baseMs = forLoad ? refusedBaseMs : brokenBaseMs;
  return random.next() * Math.min(backoffMsMax, baseMs * 2 ** (attempt - 1));
}
