// Writes heads, chunk prefixes and trailers from what was understood, never from the bytes that
// came. The framing fields and Host are always written here and nowhere else.
// Invariant: writes exactly one framing; trusts that its inputs were validated by a parser, by
// `HeaderList.of` or by `URL`.

import type { HeaderList } from '../core/header-list.ts';
import type { Framing } from '../core/sink.ts';

/** Ends a chunked body that has no trailers. */
export const LAST_CHUNK: string = '0\r\n\r\n';

/** A request head as latin1 text. `extraLines` is empty or whole lines with their CRLF. */
export function requestHeadText(
  method: string,
  target: string,
  authority: string,
  headers: HeaderList,
  framing: Framing,
  contentLength: number,
  extraLines: string,
): string {
  return (
    `${method} ${target} HTTP/1.1\r\nHost: ${authority}\r\n` +
    `${headers.forwardable()}${framingLine(framing, contentLength)}${extraLines}\r\n`
  );
}

/** A response head as latin1 text. `extraLines` is empty or whole lines with their CRLF. */
export function responseHeadText(
  status: number,
  reason: string,
  minor: number,
  headers: HeaderList,
  framing: Framing,
  contentLength: number,
  extraLines: string,
): string {
  const line =
    framing === 'none' ? announcedLengthLine(status, headers) : framingLine(framing, contentLength);
  return `HTTP/1.${minor} ${status} ${reason}\r\n${headers.forwardable()}${line}${extraLines}\r\n`;
}

function framingLine(framing: Framing, contentLength: number): string {
  if (framing === 'length') return `Content-Length: ${contentLength}\r\n`;
  return framing === 'chunked' ? 'Transfer-Encoding: chunked\r\n' : '';
}

/**
 * The length that an answer to HEAD, or a 304, announces without sending it (RFC 9110 8.6); such an
 * answer has framing `none`. 1xx and 204 may not carry one.
 */
function announcedLengthLine(status: number, headers: HeaderList): string {
  if (status < 200 || status === 204) return '';
  const length = headers.get('content-length');
  return length !== undefined && /^[0-9]{1,15}$/.test(length)
    ? `Content-Length: ${length}\r\n`
    : '';
}

/** Sizes up to this are spelt once: streamed events are nearly always smaller. */
const PREFIXES_KEPT = 4096;
const prefixes: string[] = [];

/** Size line of a chunk; the caller adds CRLF after the payload. */
export function chunkPrefix(size: number): string {
  if (size >= PREFIXES_KEPT) return `${size.toString(16)}\r\n`;
  while (prefixes.length <= size) prefixes.push(`${prefixes.length.toString(16)}\r\n`);
  return prefixes[size] as string;
}

/** The trailer lines that may be passed on; they stand between `0` CRLF and the last CRLF. */
export function trailerText(trailers: HeaderList): string {
  return trailers.forwardable();
}
