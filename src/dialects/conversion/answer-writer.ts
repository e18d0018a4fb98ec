// The seam inside an encoder: `ShapedEncoder` does what all formats need, an `AnswerWriter` knows
// one wire format. A writer can rely on clean events and keeps no rule of its own about them.

import type { AnswerError, AnswerPlace, FinishReason, Usage } from './answer-events.ts';

/** How an answer ended, for its closing events. */
export interface Closing {
  /** `tool-calls` exactly when the answer has calls and was not cut short or refused. */
  readonly reason: FinishReason;
  /** Set only with the reason `stop-sequence`. */
  readonly stopSequence: string | undefined;
  /** All that was said of it; -1 where nothing was. */
  readonly usage: Usage;
}

/**
 * Writes one answer in one format. Called in the order of `AnswerEvent`: `start` first and once,
 * deltas never empty, each call ended once before `end`, nothing after `end` or `error`. An `error`
 * and a `ping` may come before `start`; the ping is not written then, since the first byte commits
 * the answer to its status 200.
 */
export interface AnswerWriter {
  /** `id` is the upstream's; '' when it has none. */
  start(id: string): void;
  text(key: string, delta: string): void;
  /** `delta` is '' when there is only a signature. */
  reasoning(key: string, delta: string, signature: string | undefined): void;
  toolStart(key: string, id: string, name: string): void;
  toolArguments(key: string, delta: string): void;
  toolEnd(key: string): void;
  ping(): void;
  error(error: AnswerError): void;
  end(closing: Closing): void;
  /** See `AnswerEncoder.place`. */
  readonly place?: AnswerPlace | undefined;
  /** Why it cannot go on: what is asked for next is this error. */
  readonly failure?: AnswerError | undefined;
  /** What is to be sent since the last time. */
  take(): string;
}

/** What encoders need from outside. */
export interface EncoderDeps {
  /** A new id that begins with `prefix`; see `randomIds`. */
  readonly newId: (prefix: string) => string;
  /** Milliseconds since the Unix epoch, for the dates in answers. */
  readonly wallNow: () => number;
}
