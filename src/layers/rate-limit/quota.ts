// What one key or one tenant may use. Values only; gcra.ts and quota-account.ts count against them.
// The same shape as in the configuration, so that it can be handed over as it was written.

/** So many units in so many milliseconds. */
export interface Rate {
  readonly count: number;
  readonly perMs: number;
}

/** Everything left out is not limited. */
export interface Quota {
  /** Calls. */
  readonly requests?: Rate | undefined;
  /** Calls that may come at once; without it a tenth of `requests`, at least 1. */
  readonly burst?: number | undefined;
  /** Model tokens, prompt and answer together. A whole period's worth may be used at once. */
  readonly tokens?: Rate | undefined;
  /** Calls running at the same time, each to its last byte. */
  readonly concurrent?: number | undefined;
}

/** Both of them hold for a call; either may be missing. */
export interface CallerQuotas {
  readonly key?: Quota | undefined;
  readonly tenant?: Quota | undefined;
}

/** Whose quota it is: that of one key, or of all keys of a tenant together. */
export type QuotaScope = 'key' | 'tenant';

/** What of a quota was used up. A closed list, so it may be a metric label. */
export type QuotaKind = 'requests' | 'tokens' | 'concurrency';

const BURST_SHARE = 1 / 10;

/** Calls that may come at once under this quota; `rate` is its rate of requests. */
export function burstOf(quota: Quota, rate: Rate): number {
  return Math.max(1, quota.burst ?? Math.floor(rate.count * BURST_SHARE));
}

const periods = new Map<number, string>([
  [1_000, 'second'],
  [60_000, 'minute'],
  [3_600_000, 'hour'],
  [86_400_000, 'day'],
]);

/** `600 calls per minute`, for errors. */
export function rateText({ count, perMs }: Rate, unit: string): string {
  return `${count} ${unit} per ${periods.get(perMs) ?? `${perMs} ms`}`;
}
