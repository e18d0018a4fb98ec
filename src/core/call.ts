// One caller's request, carrying what its layers may need and nothing global.

import type { Cancellation } from './cancellation.ts';
import type { HeaderList } from './header-list.ts';
import type { ReplayBody } from './replay-body.ts';
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
  /** Absolute monotonic ms; inner scopes may only shorten it. `Infinity` = none. */
  readonly deadline: number;
  readonly cancellation: Cancellation;
  readonly timeline: Timeline;
  /** 1 for the first try. */
  readonly attempt: number;
}

/** A copy of `call` for one attempt, cancelled with it or alone. */
export function attemptOf(call: Call, attempt: number, cancellation: Cancellation): Call {
  return {
    id: call.id,
    method: call.method,
    path: call.path,
    headers: call.headers,
    body: call.body,
    route: call.route,
    deadline: call.deadline,
    cancellation,
    timeline: call.timeline,
    attempt,
  };
}
