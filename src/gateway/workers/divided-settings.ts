// What one of several workers gets of the limits that are meant for the whole gateway. Each worker
// counts alone, so the sum of their limits is the limit; callers that the kernel spreads unevenly
// are refused a little before the whole is reached. Pure.

import type { LimitOptions } from '../../layers/admission/options.ts';
import type { QuotaConfig } from '../config/schema-access.ts';
import type { AccessKeySettings, Settings } from '../config/settings.ts';
import type { Rate } from '../config/values.ts';

/** One worker's place: `index` from 0 to `of` - 1. */
export interface Place {
  readonly index: number;
  readonly of: number;
}

/**
 * A worker's part of a count. The parts add up to `total`, but nobody gets less than 1, so a limit
 * below the number of workers is exceeded.
 */
export function partOf(total: number, { index, of }: Place): number {
  const rest = total % of;
  return Math.max(1, Math.floor(total / of) + (index < rest ? 1 : 0));
}

/** The settings of one worker. */
export function dividedBy(settings: Settings, place: Place): Settings {
  if (place.of === 1) return settings;
  const { limits, access, upstreams } = settings;
  const tenants = [...access.tenantQuotas].map(
    ([tenant, quota]) => [tenant, quotaPart(quota, place)] as const,
  );
  return {
    ...settings,
    limits: {
      ...limits,
      connections: partOf(limits.connections, place),
      // Whole bodies must still fit: a worker keeps at least one.
      bufferBytes: Math.max(partOf(limits.bufferBytes, place), limits.replayBytes),
    },
    upstreams: new Map(
      [...upstreams].map(([name, upstream]) => {
        return [name, { ...upstream, limit: limitPart(upstream.limit, place) }] as const;
      }),
    ),
    access: {
      keys: access.keys.map((key) => keyPart(key, place)),
      tenantQuotas: new Map(tenants),
    },
  };
}

/** A part of the calls an upstream is given at a time, and of its queue. */
function limitPart(limit: LimitOptions, place: Place): LimitOptions {
  return {
    ...limit,
    callsStart: partOf(limit.callsStart, place),
    callsMin: partOf(limit.callsMin, place),
    callsMax: partOf(limit.callsMax, place),
    queueMin: partOf(limit.queueMin, place),
  };
}

function keyPart(key: AccessKeySettings, place: Place): AccessKeySettings {
  return key.quota === undefined ? key : { ...key, quota: quotaPart(key.quota, place) };
}

/** A part of what a caller or tenant may use. */
function quotaPart(quota: QuotaConfig, place: Place): QuotaConfig {
  const { requests, burst, tokens, concurrent } = quota;
  return {
    ...(requests === undefined ? {} : { requests: ratePart(requests, place) }),
    ...(burst === undefined ? {} : { burst: partOf(burst, place) }),
    ...(tokens === undefined ? {} : { tokens: ratePart(tokens, place) }),
    ...(concurrent === undefined ? {} : { concurrent: partOf(concurrent, place) }),
  };
}

/** Rates are not counted in whole things, so they divide exactly. */
function ratePart({ count, perMs }: Rate, { of }: Place): Rate {
  return { count: count / of, perMs };
}
