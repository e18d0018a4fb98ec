// Turns the bytes of a request head into a RequestHead, or says why they are not one. Accepts a
// strict subset of RFC 9112: what any other implementation could read differently is a fault.
// Invariant: never throws, never reads outside bytes[from..to), keeps no reference to `bytes`.

import { isAuthority } from './authority.ts';
import { Char, charClass, CR, LF, SP, spells } from './char-class.ts';
import { FieldScanner } from './field-scanner.ts';
import type { HeadLimits } from './head.ts';
import { badRequest, HttpFault, RequestHead, tooLarge } from './head.ts';
import { endsWithEmptyLine, versionFault, versionMinor } from './start-line.ts';

/** The longest registered method has 17 characters. */
const METHOD_BYTES_MAX = 32;
const SLASH = 0x2f;
const ASTERISK = 0x2a;

const fields = new FieldScanner();

/** Reads the head in bytes[from..to); `to` is just past its empty line. */
export function parseRequestHead(
  bytes: Buffer,
  from: number,
  to: number,
  limits: HeadLimits,
): RequestHead | HttpFault {
  if (to - from > limits.headBytes) return tooLarge('The head is too long.');
  if (!endsWithEmptyLine(bytes, from, to)) return badRequest('The head does not end as it must.');
  let at = from;
  while (((charClass[bytes[at] as number] as number) & Char.token) !== 0) at += 1;
  const methodEnd = at;
  if (methodEnd === from || bytes[at] !== SP) return badRequest('The request line has no method.');
  if (methodEnd - from > METHOD_BYTES_MAX) return badRequest('The method is too long.');
  at += 1;
  const targetStart = at;
  while (((charClass[bytes[at] as number] as number) & Char.target) !== 0) at += 1;
  const targetEnd = at;
  if (bytes[at] !== SP || targetEnd === targetStart) return targetFault(bytes, targetEnd);
  const minor = versionMinor(bytes, targetEnd + 1);
  if (minor < 0) return versionFault(bytes, targetEnd + 1, to);
  const lineEnd = targetEnd + 9;
  if (bytes[lineEnd] !== CR || bytes[lineEnd + 1] !== LF) {
    return badRequest('The request line does not end after the version.');
  }
  const fieldsStart = lineEnd + 2;
  const fault = fields.scan(bytes, fieldsStart, to, limits.fields);
  if (fault !== undefined) return fault;
  const head = new RequestHead(fields.list(bytes, to));
  head.minor = minor;
  head.method = methodText(bytes, from, methodEnd);
  return (
    readTarget(head, bytes, targetStart, targetEnd) ??
    readHost(head, bytes) ??
    readRest(head, bytes)
  );
}

function methodText(bytes: Buffer, start: number, end: number): string {
  const length = end - start;
  if (length === 4 && isText(bytes, start, 'POST')) return 'POST';
  if (length === 3 && isText(bytes, start, 'GET')) return 'GET';
  return bytes.toString('latin1', start, end);
}

function isText(bytes: Buffer, start: number, text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    if (bytes[start + at] !== text.charCodeAt(at)) return false;
  }
  return true;
}

function targetFault(bytes: Buffer, at: number): HttpFault {
  const byte = bytes[at];
  if (byte === CR || byte === LF) return badRequest('The request line has no version.');
  if (byte === SP) return badRequest('The request target is empty.');
  return badRequest('The request target holds a character that is not allowed.');
}

function readTarget(
  head: RequestHead,
  bytes: Buffer,
  start: number,
  end: number,
): HttpFault | undefined {
  if (head.method === 'CONNECT') return new HttpFault('NOT_SUPPORTED', 'CONNECT is not offered.');
  if (bytes[start] === SLASH) {
    head.target = bytes.toString('latin1', start, end);
    return undefined;
  }
  if (bytes[start] === ASTERISK && end - start === 1 && head.method === 'OPTIONS') {
    head.target = '*';
    return undefined;
  }
  return readAbsoluteTarget(head, bytes, start, end);
}

/** RFC 9112 3.2.2: reduces `http://host/path` to its path and lets its host win over Host. */
function readAbsoluteTarget(
  head: RequestHead,
  bytes: Buffer,
  start: number,
  end: number,
): HttpFault | undefined {
  let hostStart = start;
  if (end - start > 7 && spells(bytes, start, 'http') && isText(bytes, start + 4, '://')) {
    hostStart += 7;
  } else if (end - start > 8 && spells(bytes, start, 'https') && isText(bytes, start + 5, '://')) {
    hostStart += 8;
  } else {
    return badRequest('The request target is neither a path nor an http URL.');
  }
  let at = hostStart;
  while (at < end && bytes[at] !== SLASH && bytes[at] !== QUESTION) at += 1;
  if (!isAuthority(bytes, hostStart, at)) return badRequest('The host of the target is not valid.');
  head.authority = bytes.toString('latin1', hostStart, at);
  const path = bytes.toString('latin1', at, end);
  if (path !== '') head.target = path.startsWith('/') ? path : `/${path}`;
  // RFC 9112 3.2.4: OPTIONS with an empty path asks about the server.
  else head.target = head.method === 'OPTIONS' ? '*' : '/';
  return undefined;
}

const QUESTION = 0x3f;

function readHost(head: RequestHead, bytes: Buffer): HttpFault | undefined {
  if (fields.hostCount === 0) {
    return head.minor === 0 ? undefined : badRequest('Host is missing.');
  }
  if (fields.hostCount > 1) return badRequest('Host is repeated.');
  const { hostStart, hostEnd } = fields;
  if (!isAuthority(bytes, hostStart, hostEnd)) return badRequest('Host is not valid.');
  if (head.authority === '') head.authority = fields.text(head.headers, hostStart, hostEnd);
  return undefined;
}

function readRest(head: RequestHead, bytes: Buffer): RequestHead | HttpFault {
  if (fields.chunked) {
    if (head.minor === 0) return badRequest('HTTP/1.0 has no Transfer-Encoding.');
    head.framing = 'chunked';
  } else if (fields.contentLength >= 0) {
    head.framing = 'length';
    head.contentLength = fields.contentLength;
  }
  const wantsUpgrade = fields.upgradeNamed && fields.upgradeStart >= 0;
  // RFC 9110 7.8: HTTP/1.0 cannot upgrade. One that asks may go on in another protocol: close.
  const persistent = head.minor === 1 || (fields.keepAlive && !wantsUpgrade);
  head.keepAlive = persistent && !fields.close;
  if (wantsUpgrade && head.minor === 1) {
    const protocols = fields.text(head.headers, fields.upgradeStart, fields.upgradeEnd);
    head.upgrade = firstProtocol(protocols);
  }
  // RFC 9110 10.1.1: HTTP/1.0 cannot expect; without content there is nothing to continue with.
  if (fields.expectCount === 0 || head.minor === 0) return head;
  const length = fields.expectEnd - fields.expectStart;
  if (length !== 12 || !spells(bytes, fields.expectStart, '100-continue')) {
    return badRequest('Expect can only be 100-continue.');
  }
  if (fields.expectCount > 1) return badRequest('Expect is repeated.');
  head.expectContinue = head.framing === 'chunked' || head.contentLength > 0;
  return head;
}

/** Upgrade lists protocols by preference; only the first is looked at. */
function firstProtocol(value: string): string | undefined {
  const first = (value.split(',', 1)[0] ?? '').trim().toLowerCase();
  return first === '' ? undefined : first;
}
