// What the misbehaving upstream does with one request or one connection, as plain data.
// Owns the vocabulary only: wire-plan.ts turns it into bytes, connection.ts plays it.
// Invariant: an empty object is a well-behaved upstream that answers 200 with a small JSON body.

import type { SeenConnection, SeenRequest } from './seen.ts';

/** One write of a body. A step of an event stream is one whole event. */
export interface Step {
  /** Pause before it, in ms. */
  readonly afterMs: number;
  readonly bytes: string | Uint8Array;
}

/** What a well-behaved upstream would say; faults are laid over it. */
export interface Answer {
  readonly status: number;
  readonly reason?: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly steps: Iterable<Step>;
  /** Length not known beforehand; default: more than one step, or steps made as they are sent. */
  readonly streamed?: boolean;
  /** Pause before the head, in ms. */
  readonly headAfterMs?: number;
  /** Breaks off: a length promises twice as much, and a reset takes the place of the end. */
  readonly broken?: boolean;
  /** Body bytes, for `framing: 'length'` when `steps` is made up as it goes. */
  readonly bodyBytes?: number;
}

/**
 * An instant in the life of a request, in order of time:
 * - `request`: its head was read, nothing of its body
 * - `before-head`: the request was read whole and counts as executed; nothing was sent
 * - `head:n`: n bytes of the response head were sent
 * - `after-head` and `first-event`: the head was sent, nothing of the body
 * - `event:n`: n steps of the body were sent
 * - `byte:n`: n body bytes were sent, wherever that falls
 * - `before-terminal`: all steps but the last were sent
 * - `before-end`: all steps were sent, but not what ends the framing (last chunk, missing length)
 * - `end`: the answer is complete
 */
export type Point =
  | 'request'
  | 'before-head'
  | `head:${number}`
  | 'after-head'
  | 'first-event'
  | `event:${number}`
  | `byte:${number}`
  | 'before-terminal'
  | 'before-end'
  | 'end';

/**
 * What happens at a point: `rst`; `fin` (close; later bytes from the peer are answered by a reset);
 * `half-close` (FIN, but we go on reading); `stall` (nothing more is sent, the peer's bytes are
 * still taken); `silence` (as a dead path: the kernel drops all packets where it can); `wait` (a
 * pause of `forMs`, after which it goes on).
 */
export type FaultAction = 'rst' | 'fin' | 'half-close' | 'stall' | 'silence' | 'wait';

/** One action at one point. */
export interface Fault {
  readonly do: FaultAction;
  readonly at: Point;
  /** Length of a `wait`, in ms. */
  readonly forMs?: number;
}

/** How a connection without a request under way comes to its end. */
export interface IdleClose {
  readonly afterMs: number;
  readonly how: 'fin' | 'rst' | 'silence';
}

/** An informational response. */
export interface Interim {
  readonly status: number;
  readonly headers?: readonly (readonly [string, string])[];
  readonly afterMs?: number;
}

/** Writes at most `bytes` at a time, `everyMs` apart. */
export interface Trickle {
  readonly bytes: number;
  readonly everyMs: number;
  readonly part: 'head' | 'body' | 'all';
}

/** How a request body is taken. */
export type Reading =
  | { readonly how: 'fast' }
  /** Takes at most this many bytes a second, on average. */
  | { readonly how: 'slow'; readonly bytesPerSecond: number }
  /** Stops reading after the head, for good. */
  | { readonly how: 'never' };

/** What happens to one request. Everything left out is well behaved. */
export interface Behaviour {
  /** Fixed, or made once the request was read. Default: 200 with a small JSON body. */
  readonly answer?: Answer | ((request: SeenRequest) => Answer);
  /** Begin to answer when the request's head is there, without its body. Default `body`. */
  readonly answerAt?: 'head' | 'body';
  /** What `Expect: 100-continue` gets: 100, nothing, or 417 and a close. Default `continue`. */
  readonly expect?: 'continue' | 'ignore' | 'refuse';
  readonly reading?: Reading;
  /** `false`: the request does not count as executed, although it was read. */
  readonly executes?: boolean;
  /** Pause before the head, in ms. */
  readonly thinkMs?: number;
  readonly interim?: readonly Interim[];
  readonly version?: '1.1' | '1.0';
  /** `bare` writes the body without any framing or length. Default: by the answer. */
  readonly framing?: 'length' | 'chunked' | 'until-close' | 'bare';
  /** Added to the Content-Length that is told: positive promises too much, negative too little. */
  readonly lengthOff?: number;
  /** Breaks chunked framing at the first chunk after `afterEvents` steps. */
  readonly badChunk?: { readonly afterEvents: number; readonly how: BadChunk };
  readonly trailers?: readonly (readonly [string, string])[];
  /** Bytes written right behind the complete answer. */
  readonly extraBytes?: string;
  /** Replaces all that follows `afterEvents` steps by these bytes, sent as one step. */
  readonly errorEvent?: { readonly afterEvents: number; readonly bytes: string };
  /** Sent as the `Keep-Alive` field, as in `timeout=5, max=100`. */
  readonly keepAlive?: string;
  /** Announces `Connection: close` and closes after the answer. */
  readonly close?: boolean;
  /** Overrides what the connection does when idle after this answer. */
  readonly idle?: IdleClose;
  readonly trickle?: Trickle;
  /** `each`: every step is a write of its own, a turn of the event loop apart. Default `merged`. */
  readonly writes?: 'merged' | 'each';
  /** Written instead of the head, as it stands; must hold its own blank line. */
  readonly rawHead?: string;
  readonly faults?: readonly Fault[];
}

/** A wrong chunk: not hexadecimal, data without its CRLF, negative, or beyond any number. */
export type BadChunk = 'size' | 'no-crlf' | 'negative' | 'huge';

/** What happens to one connection. Everything left out is well behaved. */
export interface ConnectionBehaviour {
  /** At once after accepting, before TLS. `stall` never reads; `serve` is the default. */
  readonly accept?: 'serve' | 'rst' | 'fin' | 'stall' | 'silence';
  readonly idle?: IdleClose;
  /**
   * Closes after this many answers; announced by `Connection: close` unless `announce` is false.
   */
  readonly requestsMax?: number;
  readonly announce?: boolean;
}

/** One behaviour for all, one per item in order (the last repeats), or a choice. */
export type Script = Behaviour | readonly Behaviour[] | ((request: SeenRequest) => Behaviour);

/** The same for connections. */
export type ConnectionScript =
  | ConnectionBehaviour
  | readonly ConnectionBehaviour[]
  | ((connection: SeenConnection) => ConnectionBehaviour);
