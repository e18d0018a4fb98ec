// What one route may say about heartbeats, and what holds where it says nothing.

/** Settings of the heartbeat layer of one route. */
export interface HeartbeatOptions {
  /** Silence towards the caller after which it hears from us, in ms; `Infinity` = never. */
  readonly everyMs: number;
  /**
   * Silence before any head after which a caller who asked for a stream gets a 200 from us, in ms;
   * `Infinity` = never. From then on a refusal can only be told inside the stream.
   */
  readonly commitAfterMs: number;
  /** Least size of one heartbeat in an event stream, in bytes; 0 = as short as it is. */
  readonly padBytes: number;
  /** Put empty lines between JSON lines: only for readers known to skip them. */
  readonly ndjsonBlankLines: boolean;
  /** Put spaces in front of JSON answers, and commit 200 for them too. */
  readonly jsonWhitespace: boolean;
}

/** Settings where a route gives none. */
export const defaultHeartbeatOptions: HeartbeatOptions = {
  // The HTML standard's advice for event streams. Four fit into the 60 s of nginx and of most load
  // balancers, and one is still in time for proxies that cut at 30 s.
  everyMs: 15_000,
  // As late as proxies that cut at 30 s allow. Whatever fails sooner keeps its status, and with it
  // the retries of the caller's SDK; refusals and broken connections nearly always come in the
  // first seconds, while silence of this length is a queue or a model that thinks.
  commitAfterMs: 25_000,
  // Most proxies pass on what they get; those that collect want 2,048.
  padBytes: 0,
  // Many readers parse every line they get.
  ndjsonBlankLines: false,
  // Legal before any JSON text, but it costs every error its status.
  jsonWhitespace: false,
};
