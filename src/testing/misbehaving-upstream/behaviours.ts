// Readable names for behaviours. Each builder returns plain data, so `also(stream(5), cut('rst',
// 'event:3'))` is a whole sentence. Owns no state. Invariant: a builder sets only what its name
// says.

import type {
  Answer,
  BadChunk,
  Behaviour,
  FaultAction,
  IdleClose,
  Interim,
  Point,
  Trickle,
} from './behaviour.ts';
import type { RetryAfter } from './built-in-answers.ts';
import {
  emptyAnswer,
  errorEventFor,
  eventsAnswer,
  htmlErrorAnswer,
  hugeAnswer,
  refusalAnswer,
} from './built-in-answers.ts';

/** Several behaviours in one; the later ones win, but all their faults count. */
export function also(...behaviours: readonly Behaviour[]): Behaviour {
  const faults = behaviours.flatMap((behaviour) => behaviour.faults ?? []);
  const merged = behaviours.reduce<Behaviour>((sum, one) => Object.assign(sum, one), {});
  return faults.length === 0 ? merged : { ...merged, faults };
}

/** Answers with this. */
export const answering = (answer: Answer): Behaviour => ({ answer });

/** Streams `count` numbered events and `[DONE]`. */
export const stream = (count: number, everyMs: number = 0): Behaviour => ({
  answer: eventsAnswer(count, everyMs),
});

/** Refuses in the wording of the request's dialect. */
export const refusing = (status: number, retryAfter?: RetryAfter): Behaviour => ({
  answer: (request) => refusalAnswer(status, request.path, retryAfter),
});

/** Ends or stops the connection at a point of the answer. */
export const cut = (action: Exclude<FaultAction, 'wait'>, at: Point): Behaviour => ({
  faults: [{ do: action, at }],
});

/** Sends nothing from this point on, but keeps the connection. */
export const stalling = (at: Point): Behaviour => cut('stall', at);

/** Pauses once at this point, then goes on. */
export const pausing = (at: Point, forMs: number): Behaviour => ({
  faults: [{ do: 'wait', at, forMs }],
});

/** Closes when a request's head arrives, without reading on: the request was not executed. */
export const closedUnread = (how: 'fin' | 'rst' = 'rst'): Behaviour => ({
  executes: false,
  faults: [{ do: how, at: 'request' }],
});

/** Executes the request, then closes without a word of answer. */
export const processedThenClosed = (how: 'fin' | 'rst' = 'fin'): Behaviour =>
  cut(how, 'before-head');

/** Ends the connection inside the head, after `bytes` of it. */
export const halfHead = (bytes: number, how: 'fin' | 'rst' | 'stall' = 'fin'): Behaviour =>
  cut(how, `head:${bytes}`);

/** Answers whole and closes at once, without having announced it: races the next request. */
export const closingUnannounced = (how: 'fin' | 'rst' = 'fin'): Behaviour => cut(how, 'end');

/** After this answer the connection is idle and ends like this. */
export const idleAfter = (afterMs: number, how: IdleClose['how'] = 'fin'): Behaviour => ({
  idle: { afterMs, how },
});

/** Sends at most `bytes` at a time. */
export const trickling = (
  bytes: number,
  everyMs: number,
  part: Trickle['part'] = 'all',
): Behaviour => ({ trickle: { bytes, everyMs, part } });

/**
 * Tells a Content-Length that is off by so much. Too long a promise is broken by a FIN, as a
 * connection that merely waits would be a stall.
 */
export const wrongLength = (off: number): Behaviour =>
  off > 0
    ? { framing: 'length', lengthOff: off, faults: [{ do: 'fin', at: 'end' }] }
    : { framing: 'length', lengthOff: off };

/** Breaks chunked framing after `afterEvents` good steps. */
export const badChunk = (how: BadChunk, afterEvents: number = 0): Behaviour => ({
  badChunk: { how, afterEvents },
});

/** Sends everything but the last chunk, then closes or stays silent. */
export const withoutLastChunk = (how: 'fin' | 'rst' | 'stall' = 'fin'): Behaviour => ({
  framing: 'chunked',
  faults: [{ do: how, at: 'before-end' }],
});

/** Ends the stream by an error event after `afterEvents` steps (0 = as the first event). */
export const errorEvent = (path: string, afterEvents: number = 0): Behaviour => ({
  errorEvent: { afterEvents, bytes: errorEventFor(path) },
});

/** Reads request bodies at this rate. */
export const readingSlowly = (bytesPerSecond: number): Behaviour => ({
  reading: { how: 'slow', bytesPerSecond },
});

/** Never reads a request body. */
export const neverReading = (): Behaviour => ({ reading: { how: 'never' } });

/** A body of this size, made as it is sent. */
export const huge = (bytes: number): Behaviour => ({ answer: hugeAnswer(bytes) });

/** Informational heads before the final one. */
export const withInterim = (...interim: readonly (number | Interim)[]): Behaviour => ({
  interim: interim.map((one) => (typeof one === 'number' ? { status: one } : one)),
});

/** Trailer fields behind a chunked body. */
export const withTrailers = (trailers: Readonly<Record<string, string>>): Behaviour => ({
  trailers: Object.entries(trailers),
});

/** HTTP/1.0, ending the body by closing, or with a length on a kept connection. */
export const http10 = (ending: 'close' | 'keep-alive' = 'close'): Behaviour =>
  ending === 'close'
    ? { version: '1.0', framing: 'until-close' }
    : { version: '1.0', framing: 'length' };

/** A `Keep-Alive` field, true or not: what the connection does is said by `idle`. */
export const hinting = (keepAlive: string): Behaviour => ({ keepAlive });

/** Bytes nobody asked for, behind the complete answer. */
export const withExtraBytes = (bytes: string = 'HTTP/1.1 200 OK\r\n\r\n'): Behaviour => ({
  extraBytes: bytes,
});

/** 200 and nothing in it. */
export const empty = (): Behaviour => ({ answer: emptyAnswer });

/** A load balancer's error page. */
export const htmlError = (status: number = 502): Behaviour => ({ answer: htmlErrorAnswer(status) });

/** Exactly these bytes as the head, however wrong; the body follows without framing. */
export const rawHead = (text: string): Behaviour => ({ rawHead: text, framing: 'bare' });
