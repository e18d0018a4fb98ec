// From the options of the layers as they were written to those the layers take: what was left open
// is filled in from the layer's own defaults, by profile and dialect.

import {
  fixedLimitOptions,
  modelLimitOptions,
  restLimitOptions,
  serviceNowLimitOptions,
} from '../../layers/admission/options.ts';
import type { LimitAlgorithmName, LimitOptions } from '../../layers/admission/options.ts';
import { defaultTwinsOptions } from '../../layers/cache/options.ts';
import type { TwinsOptions } from '../../layers/cache/options.ts';
import { defaultBreakerOptions, defaultSlowRule } from '../../layers/breaker/options.ts';
import type { BreakerOptions } from '../../layers/breaker/options.ts';
import { defaultWebSocketOptions } from '../../edges/web-socket/options.ts';
import type { WebSocketOptions } from '../../edges/web-socket/options.ts';
import { defaultHeartbeatOptions } from '../../layers/heartbeat/options.ts';
import type { HeartbeatOptions } from '../../layers/heartbeat/options.ts';
import { defaultRetryOptions } from '../../layers/retry/options.ts';
import type { RetryOptions } from '../../layers/retry/options.ts';
import { modelAdaptiveLimit, restAdaptiveLimit } from '../../layers/timeouts/options.ts';
import type { AdaptiveLimit } from '../../layers/timeouts/options.ts';
import { DOCUMENT_HOLD_BYTES } from './schema-policies.ts';
import type { ProfileName } from './profiles.ts';
import type { RouteConfig } from './schema-route.ts';
import type { UpstreamConfig } from './schema-upstream.ts';
import type { WrittenConfig } from './schema.ts';

/** Whether a dialect, or `openai`, is that of a model. */
export function isModelDialect(name: UpstreamConfig['dialect'] | undefined): boolean {
  return name !== undefined && /^(anthropic|openai|salesforce)/.test(name);
}

/** The breaker, as written. */
export function breakerOf(written: WrittenConfig['breaker']): BreakerOptions {
  return {
    ...defaultBreakerOptions,
    failuresInARow: written.failures,
    successRateMin: written.successRate,
    openMsMin: written.openMin,
    openMsMax: written.openMax,
    slow:
      written.slowAfter === Number.POSITIVE_INFINITY
        ? undefined
        : { ...defaultSlowRule, floorMs: written.slowAfter, shareMax: written.slowShare },
  };
}

const usualLimits: Readonly<Record<ProfileName, LimitOptions>> = {
  'llm-hosted': modelLimitOptions,
  'llm-local': modelLimitOptions,
  rest: restLimitOptions,
  servicenow: serviceNowLimitOptions,
  websocket: modelLimitOptions,
};

/** How the limit of an upstream moves that says nothing of it. */
export function usualAlgorithm(profile: ProfileName): LimitAlgorithmName {
  // Sessions of hours tell nothing by their latency.
  return profile === 'websocket' ? 'fixed' : usualLimits[profile].algorithm;
}

/** The limit of an upstream. */
export function limitOf({ limit }: UpstreamConfig, profile: ProfileName): LimitOptions {
  if (!limit.enabled) return fixedLimitOptions(Number.POSITIVE_INFINITY);
  const usual = usualLimits[profile];
  const algorithm = limit.algorithm ?? usualAlgorithm(profile);
  const shared = {
    shadow: limit.shadow,
    softShare: limit.soft,
    queuePerSlot: limit.queue ?? usual.queuePerSlot,
    patient: limit.patient ?? usual.patient,
  };
  if (algorithm === 'fixed') {
    return { ...fixedLimitOptions(limit.max ?? limit.start ?? usual.callsMax), ...shared };
  }
  const callsMax = limit.max ?? Math.max(usual.callsMax, limit.start ?? 0, limit.min ?? 0);
  const callsMin = Math.min(limit.min ?? usual.callsMin, callsMax);
  const callsStart = Math.max(callsMin, Math.min(limit.start ?? usual.callsStart, callsMax));
  return { ...usual, ...shared, algorithm, callsMin, callsMax, callsStart };
}

/** The bounds of a learned first-byte limit; `undefined` = it is not learned. */
export function adaptiveOf(
  upstream: UpstreamConfig,
  profile: ProfileName,
): AdaptiveLimit | undefined {
  const { adaptive } = upstream;
  if (!(adaptive.enabled ?? profile === 'rest')) return undefined;
  const usual = profile === 'rest' ? restAdaptiveLimit : modelAdaptiveLimit;
  return {
    floorMs: adaptive.floor ?? usual.floorMs,
    ceilingMs: adaptive.ceiling ?? usual.ceilingMs,
    completions: usual.completions,
  };
}

/** The WebSocket sessions of an upstream. */
export function webSocketOf({ webSocket }: UpstreamConfig): WebSocketOptions {
  return {
    ...defaultWebSocketOptions,
    pingMs: webSocket.ping,
    pongMs: webSocket.pong,
    messageBytes: webSocket.maxMessage,
    backlogBytes: webSocket.backlog,
    stallMs: webSocket.stall,
    // The drain of the gateway spreads its cuts already.
    drainSpreadMs: 0,
  };
}

/** The heartbeats of a route to upstreams of this dialect. */
export function heartbeatOf(
  written: RouteConfig['heartbeat'],
  dialect: UpstreamConfig['dialect'] | undefined,
): HeartbeatOptions {
  // An EventSource acts on statuses, so a generic stream is not begun on behalf of its upstream.
  const unasked = isModelDialect(dialect)
    ? defaultHeartbeatOptions.commitAfterMs
    : Number.POSITIVE_INFINITY;
  return {
    everyMs: written.enabled ? written.every : Number.POSITIVE_INFINITY,
    commitAfterMs: written.commitAfter ?? unasked,
    padBytes: written.padding,
    ndjsonBlankLines: written.blankLines,
    jsonWhitespace: written.leadingSpace,
  };
}

/** The attempts of a route. */
export function retryOf(
  written: RouteConfig['retry'],
  dialect: UpstreamConfig['dialect'] | undefined,
): RetryOptions {
  const usual = dialect === 'servicenow' ? DOCUMENT_HOLD_BYTES : defaultRetryOptions.gateBytes;
  return {
    ...defaultRetryOptions,
    attemptsMax: written.attempts,
    gateBytes: written.holdBytes ?? usual,
    gateMs: written.holdFor,
    retryAfterMsMax: written.waitMax,
  };
}

/** How equal requests of one session share an answer on a route. */
export function twinsOf(written: RouteConfig['twins']): TwinsOptions {
  const usual = defaultTwinsOptions.sessionFields;
  const asked = written.session?.map((name) => name.toLowerCase()) ?? usual;
  return {
    ...defaultTwinsOptions,
    sessionFields: written.enabled ? asked : [],
    lingerMs: written.linger,
    bodyBytesMax: written.body,
    replayBytesMax: written.replay,
  };
}
