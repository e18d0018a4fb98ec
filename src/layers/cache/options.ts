// What one route may say about twins, what holds for all of them together, and what holds where
// nothing is said.

/** Settings of one route. */
export interface TwinsOptions {
  /**
   * Lower-case names of the header fields that name a caller's session; the first one present
   * counts. A call without any is never shared. Empty = the layer is not there.
   */
  readonly sessionFields: readonly string[];
  /**
   * How long an upstream call goes on after its last caller has left, in ms, waiting for a twin;
   * 0 = it is cancelled at once.
   */
  readonly lingerMs: number;
  /** Requests with a longer body are not shared, in bytes. */
  readonly bodyBytesMax: number;
  /** Bytes of one answer that are kept for twins; a longer one can no longer be joined. */
  readonly replayBytesMax: number;
  /** JSON members of requests, by name, in whose object the order of members says nothing. */
  readonly unorderedMembers: readonly string[];
}

/** Settings where a route gives none. */
export const defaultTwinsOptions: TwinsOptions = Object.freeze({
  // What Claude Code and Codex send. Without a session two equal requests may be two questions.
  sessionFields: Object.freeze(['x-claude-code-session-id', 'session-id']),
  // Whoever leaves is taken at their word: the upstream is told, and bills no more.
  lingerMs: 0,
  // A full context of a large model; the digest of it costs 2.4 ms.
  bodyBytesMax: 4 * 1024 * 1024,
  // About 8,000 tokens of streamed events; nearly every answer of a coding agent is shorter.
  replayBytesMax: 1024 * 1024,
  // Codex 0.169 writes this object from a hash map: the order changes with each repetition.
  unorderedMembers: Object.freeze(['client_metadata']),
});

/** Bounds of all routes of one process together. */
export interface TwinsLimits {
  /** Memory for answers that are kept for twins, in bytes. */
  readonly bytesMax: number;
  /** A call this old can no longer be joined, in ms. */
  readonly keepMs: number;
  /** Calls that may run at one time for nobody; beyond it they are cancelled at once. */
  readonly lingeringMax: number;
}

/** Bounds where none are given. */
export const defaultTwinsLimits: TwinsLimits = Object.freeze({
  // Two hundred answers of usual length: more than one process streams to agents at a time.
  bytesMax: 64 * 1024 * 1024,
  // The total timeout of Claude Code and of the official SDKs: no one waits for longer.
  keepMs: 600_000,
  // Each holds a slot of its upstream for nobody; a crowd of them is an outage of ours.
  lingeringMax: 256,
});
