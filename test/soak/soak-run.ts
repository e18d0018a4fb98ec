// What a soak leaves behind to be judged: plain data, so that verdicts can be tested with recorded
// runs of gateways that leak.

/** The gateway at one moment, read from its metrics. */
export interface SoakSample {
  /** Since the load began. */
  readonly atMs: number;
  readonly residentBytes: number;
  /** What V8 counts: used heap and the buffers outside of it. */
  readonly heldBytes: number;
  /** Label sets of all metrics together; a histogram counts once for each. */
  readonly labelSets: number;
  /** Metrics that had to put values into their overflow series. */
  readonly overflowed: readonly string[];
  readonly leases: number;
  readonly callerConnections: number;
  readonly upstreamConnections: number;
  readonly loopDelayP99Ms: number;
  /** Different label values that callers had tried by then. */
  readonly valuesTried: number;
}

/** What came of the calls. */
export interface CallTally {
  /** Calls of each kind that ended as they were meant to. */
  readonly planned: Readonly<Record<string, number>>;
  /** How many ended otherwise. */
  readonly unplanned: number;
  /** The first of those, in words. */
  readonly examples: readonly string[];
  /** Calls that were not begun because too many were under way. */
  readonly heldBack: number;
}

/** What was left once the load had ended. */
export interface AtRest {
  /** Leases by what they are for, idle upstream connections apart. */
  readonly held: readonly string[];
  readonly callerConnections: number;
  /** Requests that upstreams still worked on. */
  readonly underWay: number;
  /** How the process ended after SIGTERM; `undefined` = not within its time. */
  readonly exitCode: number | undefined;
  /** Calls that its drain had to cut. */
  readonly cut: number;
  /** Faults in its log, shortened. */
  readonly faults: readonly string[];
}

/** A whole soak. */
export interface SoakRun {
  readonly durationMs: number;
  /** From here on nothing new should turn up. */
  readonly warmUpMs: number;
  readonly samples: readonly SoakSample[];
  readonly calls: CallTally;
  readonly atRest: AtRest;
}
