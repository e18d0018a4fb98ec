// Options of the layers that keep calls alive: retry, breaker, limits, heartbeats. A default that a
// layer has is taken from there, so that no number has two homes.

import { z } from 'zod';
import {
  modelLimitOptions,
  restLimitOptions,
  serviceNowLimitOptions,
} from '../../layers/admission/options.ts';
import { defaultBreakerOptions, defaultSlowRule } from '../../layers/breaker/options.ts';
import { defaultTwinsOptions } from '../../layers/cache/options.ts';
import { defaultHeartbeatOptions } from '../../layers/heartbeat/options.ts';
import { defaultRetryOptions } from '../../layers/retry/options.ts';
import { modelAdaptiveLimit, restAdaptiveLimit } from '../../layers/timeouts/options.ts';
import * as option from './option.ts';
import { formatDuration, formatPercent, formatSize } from './units.ts';
import * as values from './values.ts';

/** Pages of rows may report a failure at their very end. */
export const DOCUMENT_HOLD_BYTES: number = 4 * 1024 * 1024;

const enabled = (what: string): z.ZodPrefault<z.ZodType<boolean, boolean | string>> =>
  option.withDefault(option.flag(), true, {
    doc: `Whether ${what}.`,
    why: 'Off for comparison, or where something in front does it already.',
  });

const calls = (): z.ZodType<number, number | string> => option.integer({ min: 1, max: 100_000 });

/** `breaker`. */
export const breaker = z.strictObject({
  failures: option.withDefault(
    option.integer({ min: 1, max: 1_000 }),
    defaultBreakerOptions.failuresInARow,
    {
      doc: 'Failures in a row that open the circuit.',
      why: 'Five in a row hardly ever happen by chance.',
    },
  ),
  successRate: option.withDefault(
    option.percentage(),
    formatPercent(defaultBreakerOptions.successRateMin),
    {
      doc: 'A share of successes below this opens it too, over 30 s and at least 10 calls.',
      why: 'An endpoint that fails every second call never fails five times in a row.',
    },
  ),
  openMin: option.withDefault(
    option.duration({ min: '100ms' }),
    formatDuration(defaultBreakerOptions.openMsMin),
    {
      doc: 'How long it stays open at first; doubled each time it opens again.',
      why: 'A restart takes seconds.',
    },
  ),
  openMax: option.withDefault(
    option.duration({ min: '100ms' }),
    formatDuration(defaultBreakerOptions.openMsMax),
    {
      doc: 'Longest time between two probes.',
      why: 'After an outage of hours, minutes matter little.',
    },
  ),
  slowAfter: option.withDefault(
    option.duration({ min: '10ms', orNone: true }),
    formatDuration(defaultSlowRule.floorMs),
    {
      doc: `For upstreams of profile rest: an answer is slow whose first byte takes longer than this, and longer than ${defaultSlowRule.timesP95} times what 95 % of the last hour took. \`none\` = slowness opens nothing.`,
      why: 'A service that hangs while it still answers holds callers and places; models are not judged, because a long thought is normal.',
    },
  ),
  slowShare: option.withDefault(option.percentage(), formatPercent(defaultSlowRule.shareMax), {
    doc: `A share of slow answers above this opens the circuit, over 30 s and at least ${defaultSlowRule.callsMin} calls.`,
    why: 'Slow is much weaker evidence than broken, so it takes nearly all of them, and many.',
  }),
});

/** `limit` of an upstream. */
export const limit = z.strictObject({
  enabled: enabled('calls at a time are limited'),
  algorithm: option.optional(option.choice('aimd', 'gradient2', 'fixed'), {
    doc: 'How the limit moves: `aimd` by refusals, `gradient2` by latency as well, `fixed` not at all. Without it: aimd for models, gradient2 for rest.',
    why: 'The latency of a model says how long its answer is; that of a service says how busy it is.',
  }),
  start: option.optional(calls(), {
    doc: `Calls at a time before anything is known. Without it: ${modelLimitOptions.callsStart} for models, ${restLimitOptions.callsStart} for rest, ${serviceNowLimitOptions.callsStart} for servicenow.`,
    why: 'A gateway that has just started must not be slower than none.',
  }),
  min: option.optional(calls(), {
    doc: 'Never fewer than this.',
    why: 'How a recovery is found out.',
  }),
  max: option.optional(calls(), {
    doc: `Never more than this; with \`fixed\` the limit itself, as \`start\` is. Without it: ${modelLimitOptions.callsMax} for models, ${restLimitOptions.callsMax} for rest, ${serviceNowLimitOptions.callsMax} for servicenow.`,
    why: 'What the upstream has been promised, or is known to carry.',
  }),
  soft: option.withDefault(option.percentage(), formatPercent(modelLimitOptions.softShare), {
    doc: 'From this share of the limit on, calls go to the next upstream of their route.',
    why: 'An early warning leaves time to act.',
  }),
  queue: option.optional(option.integer({ min: 0, max: 100 }), {
    doc: `Places to wait in, for each call of the limit; never fewer than 16 in all. Without it: ${modelLimitOptions.queuePerSlot}, ${serviceNowLimitOptions.queuePerSlot} for servicenow.`,
    why: 'Whoever would wait longer than two rounds is better refused at once.',
  }),
  patient: option.optional(option.flag(), {
    doc: 'Let calls wait for as long as they may, even where the queue does not get shorter. Without it: yes for servicenow, else no.',
    why: 'Where an upstream carries four calls at a time, a burst of forty takes ten rounds.',
  }),
  shadow: option.withDefault(option.flag(), modelLimitOptions.shadow, {
    doc: 'Decide and count, but let every call pass.',
    why: 'See what a limit would do before it does it.',
  }),
});

/** `adaptive` of an upstream. */
export const adaptive = z.strictObject({
  enabled: option.optional(option.flag(), {
    doc: 'Whether it learns. Without it: yes for profile rest, no for models.',
    why: 'The same path of a model answers a stream at once and a whole answer after minutes.',
  }),
  floor: option.optional(option.duration({ min: '10ms' }), {
    doc: `Never shorter than this. Without it: ${formatDuration(restAdaptiveLimit.floorMs)} for rest, ${formatDuration(modelAdaptiveLimit.floorMs)} for models.`,
    why: 'A pause for garbage collection is no failure.',
  }),
  ceiling: option.optional(option.duration({ min: '10ms' }), {
    doc: 'Never longer than this, nor than timeouts.firstByte.',
    why: 'However slow it has become, somebody is waiting.',
  }),
});

/** `retry` of a route. */
export const retry = z.strictObject({
  attempts: option.withDefault(
    option.integer({ min: 1, max: 10 }),
    defaultRetryOptions.attemptsMax,
    {
      doc: 'Attempts of one call, the first included. 1 = none beyond it.',
      why: 'What fails three times is not bad luck.',
    },
  ),
  holdBytes: option.optional(option.size({ min: '0B' }), {
    doc: `An answer is held back until its first content, but no more of it than this. Without it: ${formatSize(defaultRetryOptions.gateBytes)}, ${formatSize(DOCUMENT_HOLD_BYTES)} for servicenow.`,
    why: 'An error event behind a 200 can then still be replaced.',
  }),
  holdFor: option.withDefault(
    option.duration({ min: '0s' }),
    formatDuration(defaultRetryOptions.gateMs),
    {
      doc: 'And for no longer than this after its head.',
      why: 'A model that thinks before its first word must not look dead.',
    },
  ),
  waitMax: option.withDefault(
    option.duration({ min: '0s' }),
    formatDuration(defaultRetryOptions.retryAfterMsMax),
    {
      doc: 'A longer Retry-After is passed on instead of waited for.',
      why: 'Whoever has to wait for minutes should know it.',
    },
  ),
});

/** `heartbeat` of a route. */
export const heartbeat = z.strictObject({
  enabled: enabled('silent answers are kept alive'),
  every: option.withDefault(
    option.duration({ min: '100ms' }),
    formatDuration(defaultHeartbeatOptions.everyMs),
    {
      doc: 'Silence after which a caller hears from the gateway: a comment or ping between events.',
      why: 'Proxies on the way close what is silent for 30 to 60 s.',
    },
  ),
  commitAfter: option.optional(option.duration({ min: '100ms', orNone: true }), {
    doc: `Silence before any answer after which a caller who asked for a stream gets its head. Without it: ${formatDuration(defaultHeartbeatOptions.commitAfterMs)} for model dialects, else none.`,
    why: 'Keeps the connection, but an error is then told inside the stream, where SDKs do not retry.',
  }),
  padding: option.withDefault(
    option.size({ min: '0B' }),
    formatSize(defaultHeartbeatOptions.padBytes),
    {
      doc: 'Least size of a heartbeat.',
      why: 'Some proxies collect 2 KiB before they pass anything on.',
    },
  ),
  blankLines: option.withDefault(option.flag(), defaultHeartbeatOptions.ndjsonBlankLines, {
    doc: 'Put empty lines between JSON lines (NDJSON).',
    why: 'Only for readers known to skip them.',
  }),
  leadingSpace: option.withDefault(option.flag(), defaultHeartbeatOptions.jsonWhitespace, {
    doc: 'Put spaces in front of JSON answers that take long; commits 200 for them too.',
    why: 'Legal in JSON, but it costs every error its status.',
  }),
});

/** `twins` of a route. */
export const twins = z.strictObject({
  enabled: enabled('equal requests of one session that run at the same time become one'),
  linger: option.withDefault(
    option.duration({ min: '0s' }),
    formatDuration(defaultTwinsOptions.lingerMs),
    {
      doc: 'How long an upstream call goes on after its caller has left, so that the same request finds it again. 0s = it is cancelled at once.',
      why: 'Agents send a cut request again within a second; but whoever really left pays for this time.',
    },
  ),
  replay: option.withDefault(
    option.size({ min: '0B' }),
    formatSize(defaultTwinsOptions.replayBytesMax),
    {
      doc: 'Most bytes of one answer kept for a twin; a longer one can not be joined any more.',
      why: 'Nearly every answer of a coding agent is shorter.',
    },
  ),
  body: option.withDefault(
    option.size({ min: '1B' }),
    formatSize(defaultTwinsOptions.bodyBytesMax),
    {
      doc: 'Requests with a longer body are not joined.',
      why: 'Each is digested, which costs about 0.6 ms a megabyte.',
    },
  ),
  session: option.optional(
    z.array(option.parsedText('header name', 'session-id', values.parseHeaderName)),
    {
      doc: 'Headers that name a session; the first present counts. Without it: those of Claude Code and Codex.',
      why: 'Without a session two equal requests may be two questions.',
    },
  ),
});

/** A header whose value keeps calls on one endpoint. */
export const sticky = option.parsedText(
  'header name',
  'x-claude-code-session-id',
  values.parseHeaderName,
);
