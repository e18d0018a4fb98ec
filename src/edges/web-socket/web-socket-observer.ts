// What the WebSocket proxy tells those who count. Called synchronously on the data path:
// implementations add to counters and return. Invariant: each session is opened once and closed
// once; every argument but sizes and times comes from configuration or a closed list.

import type { CloseLabel, LegSide } from './close-codes.ts';

/** Who ended a session. */
export type ClosedBy = LegSide | 'gateway';

/** Receives the counts of sessions. `upstream` is the upstream's configured name. */
export interface WebSocketObserver {
  /** Both handshakes are done. */
  opened(upstream: string): void;
  /** Both connections are gone, or given up. `code` is what the one who ended it said. */
  closed(upstream: string, code: CloseLabel, by: ClosedBy, lifeMs: number): void;
  /** A peer gave no sign of life. */
  zombie(upstream: string, leg: LegSide): void;
  /** A peer took none of the bytes that waited for it. */
  stalled(upstream: string, leg: LegSide): void;
  /** A message of this many bytes passed on its way to `toward`. */
  message(upstream: string, toward: LegSide, bytes: number): void;
}

/** For those who do not count. */
export const silentWebSocketObserver: WebSocketObserver = {
  opened() {},
  closed() {},
  zombie() {},
  stalled() {},
  message() {},
};
