// Every number the WebSocket proxy obeys, with its default and the reason for it. Invariant: the
// defaults are the only home of a value.

/** Limits of the sessions to one upstream; times in ms, sizes in bytes. */
export interface WebSocketOptions {
  /** Silence of one peer after which it is asked for a sign of life; `Infinity` = never asked. */
  readonly pingMs: number;
  /** Share by which `pingMs` is spread, so that sessions opened together do not ping together. */
  readonly pingJitter: number;
  /** From the ping to any sign of life of the peer. */
  readonly pongMs: number;
  /** Bytes wait for one peer and the kernel takes none of them. */
  readonly stallMs: number;
  /** From our close frame to the end of the connection. */
  readonly closeMs: number;
  /** Waiting for one peer; above it the other one is not read. */
  readonly backlogBytes: number;
  /** Waiting in all sessions together; above it whoever has a backlog holds its sender back. */
  readonly backlogTotalBytes: number;
  /** Longest message; above it the session ends with 1009. Below 2 GiB, where `ws` overflows. */
  readonly messageBytes: number;
  /** Longest piece that is handed to the kernel at once; longer messages go out in fragments. */
  readonly pieceBytes: number;
  /** Sessions are told to leave at random instants within this time when the gateway drains. */
  readonly drainSpreadMs: number;
  /** Per address of an upstream, before the next one is tried. */
  readonly addressAttemptMs: number;
  /** Longest response head of an upstream. */
  readonly headBytes: number;
}

/** Defaults of resilience reference sections 9, 10 and 11, each for the reason beside it. */
export const defaultWebSocketOptions: WebSocketOptions = {
  // Below every idle limit of proxies in the field (60 s); with jitter and pong limit a peer that
  // vanished is gone after at most 37.8 s.
  pingMs: 25_000,
  pingJitter: 0.1,
  // A living peer answers within a round trip; ten seconds forgive a sleeping phone's radio.
  pongMs: 10_000,
  // As long as an HTTP answer may wait for its reader.
  stallMs: 30_000,
  closeMs: 5_000,
  backlogBytes: 1024 * 1024,
  backlogTotalBytes: 256 * 1024 * 1024,
  messageBytes: 16 * 1024 * 1024,
  // Progress is seen per piece: a reader of 9 KB/s is still told from one that stands still.
  pieceBytes: 256 * 1024,
  // Reconnects of a whole gateway should not reach the next one in the same second.
  drainSpreadMs: 5_000,
  // RFC 8305 section 8.
  addressAttemptMs: 250,
  headBytes: 65_536,
};
