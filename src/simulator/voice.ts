// How one dialect says a composition: as a row of events or as one body. A voice knows nothing of
// time; pacing.ts spreads what it says. Events are framed only when they are sent, so that a ping
// between two of them takes its own place in the numbering.

/** One event before it is framed. */
export interface VoiceEvent {
  /** The event's name; dialects without names use it to tell events apart. */
  readonly type: string;
  readonly data: object;
  /** Stands for one token; faults count these. */
  readonly content: boolean;
}

/** One answer in one dialect. Either `events` is read once, or `whole` is called once. */
export interface Voice {
  /** The events of the answer, in order. */
  events(): Iterable<VoiceEvent>;
  /** The bytes of one event, in the order in which events are sent. */
  frame(event: VoiceEvent): string;
  /** The answer as one JSON value. */
  whole(): object;
  /** The dialect's sign of life, if it has one. */
  readonly ping: VoiceEvent | undefined;
  /** The event that tells of a failure in a started stream. */
  readonly failure: VoiceEvent;
}
