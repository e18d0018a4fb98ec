// What a stream means, as seen by everything that is not a dialect. Layers and edges know this
// interface only; the dialects themselves live in src/dialects.

import type { Replay } from './error-row.ts';
import type { CallError, ErrorCode } from './errors.ts';
import type { Head } from './sink.ts';

/** What a scanner has understood of one response so far. Plain slots, written in passing. */
export class Progress {
  /** Content events (or, in plain bodies, body reads) so far. */
  contentEvents: number = 0;
  /** Pings and comments so far. */
  pings: number = 0;
  /** A block that a caller may keep has been completed (decides how to fail, clients.md 1.6). */
  blockCompleted: boolean = false;
  /** The last byte ended an event: the only place where bytes of ours may be put in. */
  atBoundary: boolean = true;
  /** The answer is one document: no part of it is of use before its end. */
  isDocument: boolean = false;
  /** The terminal event was seen. */
  terminal: boolean = false;
  /** The terminal event came although the answer is not whole: it must not reach the caller. */
  falseEnd: boolean = false;
  /** All content came although the terminal event did not (a finish reason was seen). */
  contentComplete: boolean = false;
  /** The answer was taken as complete without its terminal event, because its route is lenient. */
  lenientEnd: boolean = false;
  /** `type` of an error event seen in the stream, if any. */
  errorType: string | undefined = undefined;
  /** Token counts as the upstream reported them, -1 when it did not. */
  inputTokens: number = -1;
  outputTokens: number = -1;
  cachedTokens: number = -1;
  /** The upstream did not count, or not all: counts that the caller was told are estimates. */
  tokensEstimated: boolean = false;
  /** The last `sequence_number` seen (OpenAI Responses), -1 when there is none. */
  sequence: number = -1;
  /** `id` of the message or response, for in-stream errors that must repeat it. */
  messageId: string | undefined = undefined;
  model: string | undefined = undefined;
  /** What the first event of a converted answer said, where in-stream errors must repeat it. */
  opening: Opening | undefined = undefined;
}

/** How a converted answer was announced to its caller. */
export interface Opening {
  /** As the caller named it; `Progress.model` has the upstream's name. */
  readonly model: string;
  /** Seconds since the Unix epoch. */
  readonly createdAt: number;
}

/** Reads one response body in passing, at any split, without decoding text. */
export interface Scanner {
  readonly progress: Progress;
  /** Reads `bytes[from..to)`. The bytes are lent: copy what must outlive the call. */
  scan(bytes: Uint8Array, from: number, to: number): void;
  /**
   * Judges a clean end. `undefined` = complete; otherwise the code that tells how it is not.
   * Called once, after the last `scan`.
   */
  finish(): 'STREAM_TRUNCATED' | 'EMPTY_ANSWER' | undefined;
  /** What `finish` found, where the answer itself tells more than that verdict. */
  readonly fault?: HeadFault | undefined;
}

/** A response the gateway makes itself. `body` is complete. */
export interface Rendered {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** Why an answer is none, although its head, or its form, may look like success. */
export interface HeadFault {
  readonly code: ErrorCode;
  /** What was seen, in a sentence. */
  readonly detail: string;
  /** Whether the request may have been acted on, where the head tells; else as in the table. */
  readonly replay?: Replay;
}

/**
 * What a 429 without a word about limits or waiting means: too many calls in a time (`rate`), or
 * too many at the same time (`room`).
 */
export type SilentRefusal = 'rate' | 'room';

/** One wire format: how its answers end, fail and stay alive. */
export interface Dialect {
  readonly name: string;
  /**
   * A scanner for the answer with this head, or `undefined` when its end says nothing (HEAD, 204,
   * errors).
   */
  scannerFor(head: Head, lenient: boolean): Scanner | undefined;
  /**
   * Judges an answer to `method` by its head alone. A fault makes the attempt fail: the caller sees
   * neither this head nor its body. Without this method every head is taken at its word.
   * `strict`: only the types of content that completions of this API have are an answer.
   */
  judgeHead?(head: Head, method: string, strict: boolean): HeadFault | undefined;
  /**
   * Methods whose calls may be made again although an attempt may have been acted on. Without it
   * those that HTTP calls idempotent (RFC 9110 9.2.2).
   */
  readonly repeatable?: ReadonlySet<string>;
  /** `rate` unless told. */
  readonly silentRefusal?: SilentRefusal;
  /** The error as a whole response, in the wording that clients of this dialect understand. */
  renderError(error: CallError, callId: string): Rendered;
  /**
   * Bytes that tell of the error inside a started stream, or `undefined` to destroy the socket
   * without a word. The socket is destroyed in both cases, never ended cleanly.
   */
  inStreamError(error: CallError, progress: Progress): string | undefined;
  /**
   * Bytes of one heartbeat, or `undefined` where none is safe. `started`: an event has passed
   * already.
   */
  heartbeat(progress: Progress, started: boolean): string | undefined;
}
