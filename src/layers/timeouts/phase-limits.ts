// Decides, from a timeline alone, which phase a call is in and whether that phase has lasted too
// long. Knows no clock and cancels nothing. Limits follow reference "phase timeouts": each phase
// has its own, and a stream that is producing is never cut by the total.

import type { ErrorCode } from '../../core/errors.ts';
import type { PhaseLimits } from '../../core/route.ts';
import { NEVER } from '../../core/timeline.ts';
import type { Timeline } from '../../core/timeline.ts';

/** A limit that has passed. `limitMs` is the limit's value, for the message. */
export interface Overdue {
  readonly code: ErrorCode;
  readonly limitMs: number;
  readonly what: string;
}

/**
 * An answer counts as producing when a byte came within this time, in ms. Longer than the pauses
 * inside one event, far shorter than any idle limit.
 */
export const PRODUCING_MS = 10_000;

/** What the limits need to know beside the timeline. */
export interface CallFacts {
  /** The endpoint is reached by TLS. */
  readonly secure: boolean;
  /**
   * Until then the upload has waited for the caller, not for the upstream; `NEVER` = it has not.
   * The time of a caller who rests is not the upstream's, also when its next bytes have come.
   */
  readonly awaitedCallerAt: number;
}

/**
 * The first limit that has passed at `now`, or `undefined`. `firstByteMs` stands in for the one
 * among `limits` where it was learned.
 */
export function overdue(
  timeline: Timeline,
  limits: PhaseLimits,
  facts: CallFacts,
  now: number,
  firstByteMs: number = limits.firstByteMs,
): Overdue | undefined {
  const inPhase =
    timeline.firstByteAt === NEVER
      ? beforeAnswer(timeline, limits, facts, firstByteMs, now)
      : duringAnswer(timeline, limits, now);
  return inPhase ?? total(timeline, limits, now);
}

function beforeAnswer(
  timeline: Timeline,
  limits: PhaseLimits,
  facts: CallFacts,
  firstByteMs: number,
  now: number,
): Overdue | undefined {
  const { acquiredAt, connectedAt, securedAt, firstWriteAt, uploadProgressAt, sentAt } = timeline;
  if (acquiredAt === NEVER) return undefined;
  if (firstWriteAt === NEVER) {
    if (connectedAt === NEVER) {
      return passed('CONNECT_TIMEOUT', now - acquiredAt, limits.connectMs, 'connecting');
    }
    if (!facts.secure || securedAt !== NEVER) return undefined;
    return passed('TLS_TIMEOUT', now - connectedAt, limits.tlsMs, 'in the TLS handshake');
  }
  if (sentAt === NEVER) {
    const since = Math.max(firstWriteAt, uploadProgressAt, facts.awaitedCallerAt);
    return passed('SEND_STALLED', now - since, limits.uploadMs, 'without upload progress');
  }
  return passed('FIRST_BYTE_TIMEOUT', now - sentAt, firstByteMs, 'without a first byte');
}

function duringAnswer(timeline: Timeline, limits: PhaseLimits, now: number): Overdue | undefined {
  if (timeline.pausedAt !== NEVER) return undefined;
  const { progress, firstByteAt, lastByteAt, lastProgressAt } = timeline;
  const idleMs =
    progress !== undefined && progress.pings > 0 ? limits.byteIdleAfterPingMs : limits.byteIdleMs;
  const silent = now - Math.max(firstByteAt, lastByteAt);
  const idle = passed('STREAM_IDLE', silent, idleMs, 'without a byte');
  if (idle !== undefined || progress === undefined) return idle;
  const stuck = now - Math.max(firstByteAt, lastProgressAt);
  return passed('STREAM_IDLE', stuck, limits.progressIdleMs, 'with nothing but pings');
}

function total(timeline: Timeline, limits: PhaseLimits, now: number): Overdue | undefined {
  if (timeline.pausedAt !== NEVER) return undefined;
  const quietMs = now - timeline.lastByteAt;
  if (timeline.firstByteAt !== NEVER && quietMs < PRODUCING_MS) return undefined;
  return passed('DEADLINE_EXCEEDED', now - timeline.startedAt, limits.totalMs, 'in total');
}

function passed(
  code: ErrorCode,
  spentMs: number,
  limitMs: number,
  what: string,
): Overdue | undefined {
  return spentMs > limitMs ? { code, limitMs, what } : undefined;
}
