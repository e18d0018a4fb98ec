// Turns the bytes of a response head into a ResponseHead with its framing decided, or says why they
// are not one. The same strictness as for requests: an upstream that can be read in two ways would
// let one caller read the answer of another. Invariant: never throws, never reads outside
// bytes[from..to), keeps no reference to `bytes`.

import { Char, charClass, CR, LF, SP, spells } from './char-class.ts';
import { FieldScanner } from './field-scanner.ts';
import { readContentLength } from './framing-fields.ts';
import type { HeadLimits, HttpFault } from './head.ts';
import { badRequest, ResponseHead, tooLarge } from './head.ts';
import { endsWithEmptyLine, versionFault, versionMinor } from './start-line.ts';

const COMMA = 0x2c;
const EQUALS = 0x3d;
/** A day; a longer promise of an idle life helps nobody. */
const KEEP_ALIVE_SECONDS_MAX = 86_400;

const fields = new FieldScanner();

/**
 * Reads the head in bytes[from..to); `to` is just past its empty line. `requestMethod` decides,
 * with the status, whether a body follows (RFC 9112 6.3).
 */
export function parseResponseHead(
  bytes: Buffer,
  from: number,
  to: number,
  limits: HeadLimits,
  requestMethod: string,
): ResponseHead | HttpFault {
  if (to - from > limits.headBytes) return tooLarge('The head is too long.');
  if (!endsWithEmptyLine(bytes, from, to)) return badRequest('The head does not end as it must.');
  const minor = versionMinor(bytes, from);
  if (minor < 0) return versionFault(bytes, from, to);
  const status = readStatus(bytes, from + 8, to);
  if (status < 0) return badRequest('The status line has no status from 100 to 599.');
  let at = from + 12;
  const reasonStart = at + 1;
  // A status line may end after its status: many servers leave out the last space.
  if (bytes[at] === SP) {
    at += 1;
    while (((charClass[bytes[at] as number] as number) & Char.value) !== 0) at += 1;
  }
  if (bytes[at] !== CR || bytes[at + 1] !== LF) return badRequest('The status line is malformed.');
  const fault = fields.scan(bytes, at + 2, to, limits.fields);
  if (fault !== undefined) return fault;
  if (fields.chunked && minor === 0) return badRequest('HTTP/1.0 has no Transfer-Encoding.');
  const announcesBody = fields.chunked || fields.contentLength > 0;
  if (status < 200 && announcesBody) return badRequest('An interim answer announces a body.');
  const head = new ResponseHead(fields.list(bytes, to));
  head.status = status;
  head.minor = minor;
  head.reason = at > reasonStart ? reasonText(bytes, reasonStart, at) : '';
  readFraming(head, requestMethod);
  if (fields.keepAliveStart >= 0) readKeepAlive(head, bytes);
  return head;
}

/** Reads SP and three digits at `at`; -1 when they are not there or out of range. */
function readStatus(bytes: Buffer, at: number, to: number): number {
  // SP, three digits, and at least the CRLF and the empty line.
  if (at + 8 > to || bytes[at] !== SP) return -1;
  const hundreds = (bytes[at + 1] as number) - 0x30;
  const tens = (bytes[at + 2] as number) - 0x30;
  const ones = (bytes[at + 3] as number) - 0x30;
  if (hundreds < 1 || hundreds > 5 || tens < 0 || tens > 9 || ones < 0 || ones > 9) return -1;
  return hundreds * 100 + tens * 10 + ones;
}

function reasonText(bytes: Buffer, start: number, end: number): string {
  const isOk = end - start === 2 && bytes[start] === 0x4f && bytes[start + 1] === 0x4b;
  return isOk ? 'OK' : bytes.toString('latin1', start, end);
}

function readFraming(head: ResponseHead, requestMethod: string): void {
  const persistent = !fields.close && (head.minor === 1 || fields.keepAlive);
  if (hasNoBody(head.status, requestMethod)) {
    head.framing = 'none';
  } else if (fields.chunked) {
    head.framing = 'chunked';
  } else if (fields.contentLength >= 0) {
    head.framing = 'length';
    head.contentLength = fields.contentLength;
  } else {
    head.framing = 'until-close';
  }
  head.keepAlive = persistent && isReusableAfter(head, requestMethod);
}

/** Whether the next message can start where this one ends. */
function isReusableAfter(head: ResponseHead, requestMethod: string): boolean {
  if (head.framing === 'until-close') return false;
  // A 204 has no body (RFC 9110 15.3.5), but a server that announces one may well send it.
  if (head.status === 204) return !fields.chunked && fields.contentLength <= 0;
  // After 101, or a tunnel, the connection speaks another protocol.
  return head.status !== 101 && !(requestMethod === 'CONNECT' && isSuccess(head.status));
}

function hasNoBody(status: number, requestMethod: string): boolean {
  if (status < 200 || status === 204 || status === 304 || requestMethod === 'HEAD') return true;
  return requestMethod === 'CONNECT' && isSuccess(status);
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

/** Keep-Alive is a hint: what is not understood in it is passed over. */
function readKeepAlive(head: ResponseHead, bytes: Buffer): void {
  let at = fields.keepAliveStart;
  const end = fields.keepAliveEnd;
  while (at < end) {
    while (at < end && (isBlank(bytes[at] as number) || bytes[at] === COMMA)) at += 1;
    const nameStart = at;
    while (at < end && ((charClass[bytes[at] as number] as number) & Char.token) !== 0) at += 1;
    const nameLength = at - nameStart;
    while (at < end && isBlank(bytes[at] as number)) at += 1;
    const hasValue = bytes[at] === EQUALS && at < end;
    if (hasValue) at += 1;
    while (at < end && isBlank(bytes[at] as number)) at += 1;
    const valueStart = at;
    while (at < end && bytes[at] !== COMMA) at += 1;
    if (!hasValue) continue;
    let valueEnd = at;
    while (valueEnd > valueStart && isBlank(bytes[valueEnd - 1] as number)) valueEnd -= 1;
    const value = readContentLength(bytes, valueStart, valueEnd);
    if (value < 0) continue;
    if (nameLength === 7 && spells(bytes, nameStart, 'timeout')) {
      head.keepAliveTimeoutMs = Math.min(value, KEEP_ALIVE_SECONDS_MAX) * 1000;
    } else if (nameLength === 3 && spells(bytes, nameStart, 'max')) {
      head.keepAliveMax = value;
    }
  }
}

function isBlank(byte: number): boolean {
  return byte === SP || byte === 0x09;
}
