// How a response goes out on a caller's connection: its framing and the lines the edge adds.
// Pure: knows heads, writes nothing. Streaming headers are right by construction here, and neither
// Transfer-Encoding nor Connection is ever copied from the other side.

import type { Clock } from '../../core/clock.ts';
import type { HeaderList } from '../../core/header-list.ts';
import type { Head } from '../../core/sink.ts';
import type { RequestHead } from '../../http1/head.ts';
import { dateLine } from './date-line.ts';

/** How body bytes are put on the wire towards the caller. */
export type BodyMode = 'none' | 'length' | 'chunked' | 'until-close';

/** What was decided for one response. */
export interface ResponsePlan {
  readonly mode: BodyMode;
  readonly headers: HeaderList;
  /** Field lines of our own, each ending in CRLF. */
  readonly extraLines: string;
}

const STREAM_LINES = 'Cache-Control: no-cache, no-transform\r\nX-Accel-Buffering: no\r\n';

/** Decides mode and fields. `close` = this connection takes no further request. */
export function planResponse(
  request: RequestHead,
  head: Head,
  callId: string,
  close: boolean,
  clock: Clock,
): ResponsePlan {
  const mode = bodyMode(request, head);
  let extraLines = `x-holdfast-call-id: ${callId}\r\n`;
  if (!head.headers.has('date')) extraLines += dateLine(clock.wallNow());
  // RFC 9110 15.5.22: who is told that its protocol version is wrong is told which would do.
  const offers = close && head.status === 426 && head.headers.has('sec-websocket-version');
  if (offers) extraLines += 'Upgrade: websocket\r\nConnection: close, Upgrade\r\n';
  else if (close || mode === 'until-close') extraLines += 'Connection: close\r\n';
  else if (request.minor === 0) extraLines += 'Connection: keep-alive\r\n';
  if (mode === 'none' && head.contentLength >= 0 && head.status !== 204) {
    extraLines += `Content-Length: ${head.contentLength}\r\n`;
  }
  if (!isEventStream(head.headers)) return { mode, headers: head.headers, extraLines };
  const headers = head.headers.without('cache-control', 'x-accel-buffering');
  return { mode, headers, extraLines: extraLines + STREAM_LINES };
}

function bodyMode(request: RequestHead, head: Head): BodyMode {
  if (request.method === 'HEAD' || head.status === 204 || head.status === 304) return 'none';
  if (head.framing === 'none') return 'length';
  // A stream is whole by its last event, not by a number that was said ahead: a caller who counts
  // would take a cut one for finished at its last byte, and no word could follow.
  if (head.framing === 'length' && !STREAM_TYPE.test(head.headers.get('content-type') ?? '')) {
    return 'length';
  }
  return request.minor === 0 ? 'until-close' : 'chunked';
}

const STREAM_TYPE =
  /^(?:text\/event-stream|application\/(?:x-)?(?:ndjson|jsonl)|application\/json-lines)\b/i;

function isEventStream(headers: HeaderList): boolean {
  const type = headers.get('content-type');
  return type !== undefined && /^text\/event-stream\b/i.test(type);
}
