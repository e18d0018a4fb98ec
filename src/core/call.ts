// One caller's request, carrying what its layers may need and nothing global.

import type { Caller } from './caller.ts';
import type { Cancellation } from './cancellation.ts';
import type { HeaderList } from './header-list.ts';
import type { ReplayBody } from './replay-body.ts';
import type { ReplayPermit } from './replay-permit.ts';
import type { Route } from './route.ts';
import type { Timeline } from './timeline.ts';

/** A call on its way down the stack. A layer changes it by passing on a copy. */
export interface Call {
  /** Unique in this process and hard to guess; shown to the caller as `x-holdfast-call-id`. */
  readonly id: string;
  readonly method: string;
  /** Path with query, as sent upstream. */
  readonly path: string;
  /** End-to-end fields only; hop-by-hop fields were removed by the edge. */
  readonly headers: HeaderList;
  readonly body: ReplayBody;
  readonly route: Route;
  readonly caller: Caller;
  /**
   * Tells apart the upstream credentials that callers bring along, without holding them: a short
   * fingerprint, or '' when the call brought none.
   */
  readonly fingerprint: string;
  /** Absolute monotonic ms; inner scopes may only shorten it. `Infinity` = none. */
  readonly deadline: number;
  readonly cancellation: Cancellation;
  readonly timeline: Timeline;
  /** 1 for the first try. */
  readonly attempt: number;
  /** Asked before an attempt is sent a second time on its own; without it nobody minds. */
  readonly replays?: ReplayPermit | undefined;
}

/** A copy of `call` for one attempt, cancelled with it or alone; what differs may be given. */
export function attemptOf(
  call: Call,
  attempt: number,
  cancellation: Cancellation,
  own: Partial<Pick<Call, 'path' | 'headers' | 'body' | 'route' | 'replays'>> = call,
): Call {
  return {
    id: call.id,
    method: call.method,
    path: own.path ?? call.path,
    headers: own.headers ?? call.headers,
    body: own.body ?? call.body,
    route: own.route ?? call.route,
    caller: call.caller,
    fingerprint: call.fingerprint,
    deadline: call.deadline,
    cancellation,
    timeline: call.timeline,
    attempt,
    replays: own.replays ?? call.replays,
  };
}

/**
 * Under whose credentials a call goes upstream: the route's own by name, else the caller's by
 * fingerprint. One tenant's exhausted key must not count against the others.
 */
export function credentialOf(call: Call): string {
  return call.route.credential ?? call.fingerprint;
}
