// What the heartbeat layer tells about itself.

/** Hears of each act of the layer. */
export interface HeartbeatObserver {
  /** One heartbeat went to a caller; `dialect` is the name of the route's dialect. */
  sent(dialect: string): void;
  /** A caller of the route of this name got a head from us, before there was an answer. */
  committed(route: string): void;
}

/** For those who do not ask. */
export const silentHeartbeats: HeartbeatObserver = { sent() {}, committed() {} };
