// The phases of a finished call and how long each took, as its log line has them. The phase in
// which a call failed has no end of its own: it lasted until the call was over, and is the one that
// a reader looks for.

import { NEVER, Timeline } from '../core/timeline.ts';

/** The member `ms` of a log line, with the comma before it. `failed`: it did not end by itself. */
export function phaseTimes(timeline: Timeline, failed: boolean): string {
  return phases(failed ? closedAtEnd(timeline) : timeline);
}

function phases(timeline: Timeline): string {
  const { routedAt, connectedAt, securedAt, acquiredAt, firstWriteAt, firstByteAt } = timeline;
  const connected = securedAt === NEVER ? connectedAt : securedAt;
  const acquiring = connected === NEVER ? acquiredAt : connected;
  return (
    `,"ms":{"total":${tenths(timeline.endedAt - timeline.startedAt)}` +
    span(',"route":', timeline.startedAt, routedAt) +
    waited(',"receive":', timeline.receivedAt - routedAt) +
    waited(',"queue":', timeline.admittedAt - routedAt) +
    waited(',"backoff":', timeline.backoffMs) +
    span(',"connect":', acquiredAt, connectedAt) +
    span(',"tls":', connectedAt, securedAt) +
    span(',"acquire":', acquiring, firstWriteAt) +
    span(',"send":', firstWriteAt, timeline.sentAt) +
    span(',"wait":', timeline.sentAt, firstByteAt) +
    span(',"stream":', firstByteAt, timeline.lastByteAt) +
    '}'
  );
}

/** A copy in which the phase that was under way ends with the call. */
function closedAtEnd(timeline: Timeline): Timeline {
  const shown = Object.assign(new Timeline(timeline.startedAt), timeline);
  const { endedAt } = timeline;
  if (shown.routedAt === NEVER) return shown;
  if (shown.receivedAt === NEVER) shown.receivedAt = endedAt;
  if (shown.backoffSince !== NEVER) shown.backoffMs += endedAt - shown.backoffSince;
  else if (shown.acquiredAt === NEVER) closeBeforeWire(shown);
  else if (shown.firstByteAt !== NEVER) shown.lastByteAt = endedAt;
  else if (shown.firstWriteAt === NEVER) closeConnecting(shown);
  else if (shown.sentAt === NEVER) shown.sentAt = endedAt;
  else shown.firstByteAt = endedAt;
  return shown;
}

/** It waited for its slot or, with that, for what its first attempt needs: a token, its body. */
function closeBeforeWire(shown: Timeline): void {
  const { admittedAt, endedAt } = shown;
  if (admittedAt === NEVER) {
    shown.admittedAt = endedAt;
    return;
  }
  shown.acquiredAt = admittedAt;
  shown.firstWriteAt = endedAt;
}

function closeConnecting(shown: Timeline): void {
  const { endedAt } = shown;
  if (shown.connectedAt === NEVER) shown.connectedAt = endedAt;
  else if (shown.securedAt === NEVER) shown.securedAt = endedAt;
  else shown.firstWriteAt = endedAt;
}

/** The duration of a phase; nothing when the phase did not happen. */
function span(label: string, from: number, to: number): string {
  if (from === NEVER || to === NEVER || to < from) return '';
  return label + tenths(to - from);
}

/** A wait that most calls are spared; nothing where there was none. */
function waited(label: string, durationMs: number): string {
  return durationMs < 0.05 ? '' : label + tenths(durationMs);
}

/** A duration with one decimal. From whole numbers, since `toFixed` costs three times as much. */
function tenths(durationMs: number): string {
  const all = Math.round(durationMs * 10);
  const whole = Math.floor(all / 10);
  return `${whole}.${all - whole * 10}`;
}
