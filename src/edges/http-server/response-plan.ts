// How a response goes out on a caller's connection: its framing and the lines the edge adds.
// Pure: knows heads, writes nothing. Streaming headers are right by construction here, and neither
// Transfer-Encoding nor Connection is ever copied from the other side.

import type { HeaderList } from '../../core/header-list.ts';
import type { Head } from '../../core/sink.ts';
import type { RequestHead } from '../../http1/head.ts';

/** How body bytes are put on the wire towards the caller. */
export type BodyMode = 'none' | 'length' | 'chunked' | 'until-close';

/** What was decided for one response. */
export interface ResponsePlan {
  readonly mode: BodyMode;
  readonly headers: HeaderList;
  /** Field lines of our own, each ending in CRLF. */
  readonly extraLines: string;
}

/** Decides mode and fields. `close` = this connection takes no further request. */
export function planResponse(
  request: RequestHead,
  head: Head,
  callId: string,
  close: boolean,
): ResponsePlan {
  const mode = bodyMode(request, head);
  let extraLines = `x-holdfast-call-id: ${callId}\r\n`;
  if (close || mode === 'until-close') extraLines += 'Connection: close\r\n';
  else if (request.minor === 0) extraLines += 'Connection: keep-alive\r\n';
  if (mode === 'none' && head.contentLength >= 0 && head.status !== 204) {
    extraLines += `Content-Length: ${head.contentLength}\r\n`;
  }
  return { mode, headers: streamHeaders(head.headers), extraLines: extraLines + streamLines(head) };
}

function bodyMode(request: RequestHead, head: Head): BodyMode {
  if (request.method === 'HEAD' || head.status === 204 || head.status === 304) return 'none';
  if (head.framing === 'length') return 'length';
  if (head.framing === 'none') return 'length';
  return request.minor === 0 ? 'until-close' : 'chunked';
}

/** Whether a head announces an event stream. */
export function isEventStream(headers: HeaderList): boolean {
  const type = headers.get('content-type');
  return type !== undefined && /^text\/event-stream\b/i.test(type);
}

const STREAM_CACHE = 'no-cache, no-transform';

function streamHeaders(headers: HeaderList): HeaderList {
  return isEventStream(headers) ? headers.without('cache-control', 'x-accel-buffering') : headers;
}

function streamLines(head: Head): string {
  if (!isEventStream(head.headers)) return '';
  return `Cache-Control: ${STREAM_CACHE}\r\nX-Accel-Buffering: no\r\n`;
}
