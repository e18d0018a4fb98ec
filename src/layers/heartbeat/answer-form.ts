// Into which answers bytes of ours may be put, and whether the upstream still deserves that its
// caller is kept. Pure: reads heads and timelines, knows no clock.

import type { Call } from '../../core/call.ts';
import type { PhaseLimits } from '../../core/route.ts';
import type { Head } from '../../core/sink.ts';
import { NEVER } from '../../core/timeline.ts';

/** What a body is to us. `none` = no byte of ours may stand in it. */
export const Form = { none: 0, events: 1, lines: 2, json: 3 } as const;

const formByType = new Map<string, number>([
  ['text/event-stream', Form.events],
  ['application/x-ndjson', Form.lines],
  ['application/ndjson', Form.lines],
  ['application/jsonl', Form.lines],
  ['application/x-jsonl', Form.lines],
  ['application/json-lines', Form.lines],
  ['application/json', Form.json],
]);

/** The form of a successful answer by its head; compressed bodies have none. */
export function formOf(head: Head): number {
  if (head.status < 200 || head.status > 299 || head.framing === 'none') return Form.none;
  if (isEncoded(head)) return Form.none;
  const type = head.headers.get('content-type') ?? '';
  const end = type.indexOf(';');
  const media = (end < 0 ? type : type.slice(0, end)).trim().toLowerCase();
  return formByType.get(media) ?? Form.none;
}

/** The body is compressed: nothing can be read in it, and nothing put between its bytes. */
export function isEncoded(head: Head): boolean {
  const encoding = head.headers.get('content-encoding');
  return encoding !== undefined && encoding.toLowerCase() !== 'identity';
}

/**
 * Whether the answer that has begun is within every idle limit that could hold for it. A stalled
 * upstream is cut by the timeouts; until then, and without them, it must not be made to look alive.
 */
export function isAlive(call: Call, now: number): boolean {
  const { timeline, route } = call;
  // We hold it back, or somebody below us does: its silence says nothing, and ours must not either.
  if (timeline.pausedAt !== NEVER) return false;
  if (timeline.firstByteAt === NEVER) return true;
  const silentMs = now - Math.max(timeline.firstByteAt, timeline.lastByteAt);
  const stuckMs = now - Math.max(timeline.firstByteAt, timeline.lastProgressAt);
  const pings = timeline.progress !== undefined && timeline.progress.pings > 0;
  if (isWithin(route.limits, pings, silentMs, stuckMs)) return true;
  // The attempt under way may be at a target with more patience than the route's first one.
  return route.targets.some((target) => isWithin(target.route.limits, pings, silentMs, stuckMs));
}

function isWithin(limits: PhaseLimits, pings: boolean, silentMs: number, stuckMs: number): boolean {
  const idleMs = pings ? limits.byteIdleAfterPingMs : limits.byteIdleMs;
  return silentMs <= idleMs && stuckMs <= limits.progressIdleMs;
}
