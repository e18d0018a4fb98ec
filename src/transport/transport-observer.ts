// What the transport tells those who count. Called synchronously on the data path: implementations
// add to counters and return. Invariant: each connection is opened once and closed once.

/** Why a connection was closed. */
export type CloseReason =
  /** Idle for as long as it may be, or in excess of the idle limits. */
  | 'idle_ours'
  /** The peer ended it while it was idle. */
  | 'idle_peer'
  | 'age'
  /** It has served all the requests that it or its peer allows. */
  | 'requests'
  | 'error'
  /** A call was cancelled, or its answer came before its upload was complete. */
  | 'abort'
  | 'drain';

/** Levels of the replay ladder; L4 means that response bytes were seen. */
export type LadderLevel = 'L0' | 'L1' | 'L2' | 'L3' | 'L4';

/** Receives the transport's counts. `endpoint` is the endpoint's key. */
export interface TransportObserver {
  connectionOpened(endpoint: string): void;
  /** `lifeMs` counts from the moment it could be written. */
  connectionClosed(endpoint: string, reason: CloseReason, lifeMs: number, requests: number): void;
  /** No connection could be made. */
  dialFailed(endpoint: string): void;
  /** A request is about to be written. */
  requestSent(endpoint: string, reused: boolean): void;
  /** A connection ended under a call before any answer. */
  staleFailure(endpoint: string, level: LadderLevel, replayed: boolean): void;
  /** The peer closed the connection that is only watched, after so long. */
  sentinelClosed(endpoint: string, idleMs: number): void;
  /** The idle budget has changed. */
  idleBudget(endpoint: string, budgetMs: number): void;
}

/** For those who do not count. */
export const silentObserver: TransportObserver = {
  connectionOpened() {},
  connectionClosed() {},
  dialFailed() {},
  requestSent() {},
  staleFailure() {},
  sentinelClosed() {},
  idleBudget() {},
};
