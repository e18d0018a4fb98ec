// Reads the two fields that decide where a body ends: Content-Length and Transfer-Encoding.
// Refuses every spelling that two implementations have ever read differently: signs, lists,
// repeats, unknown codings. Invariant: a length it accepts is a safe integer.

import { Char, charClass, COLON, CR, SP, spells } from './char-class.ts';
import { HttpFault } from './head.ts';

/** 15 digits stay below `Number.MAX_SAFE_INTEGER`; a petabyte is bound enough. */
const LENGTH_DIGITS_MAX = 15;

/**
 * Whether only spaces stand between the colon and `start`, and nothing between `end` and CR. Other
 * parsers, llhttp among them, read `chunked` followed by HTAB as an unknown coding.
 */
export function isPlainlySpaced(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start - 1;
  while (bytes[at] === SP) at -= 1;
  return bytes[at] === COLON && bytes[end] === CR;
}

/** The length spelt by bytes[start..end), or -1 when it is not 1 to 15 digits and nothing else. */
export function readContentLength(bytes: Uint8Array, start: number, end: number): number {
  if (end === start || end - start > LENGTH_DIGITS_MAX) return -1;
  let length = 0;
  for (let at = start; at < end; at += 1) {
    const digit = (bytes[at] as number) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    length = length * 10 + digit;
  }
  return length;
}

/** Undefined when bytes[start..end) is exactly `chunked` in any case; else why it is refused. */
export function codingFault(bytes: Buffer, start: number, end: number): HttpFault | undefined {
  if (end - start === 7 && spells(bytes, start, 'chunked')) return undefined;
  const codings = bytes.toString('latin1', start, end).toLowerCase().split(',');
  const malformed = codings.some((coding) => !isToken(coding.trim()));
  const chunkedTwice = codings.filter((coding) => coding.trim() === 'chunked').length > 1;
  const last = codings.at(-1)?.trim();
  if (malformed || chunkedTwice || (last !== 'chunked' && codings.length > 1)) {
    return new HttpFault('BAD_REQUEST', 'Transfer-Encoding must be exactly "chunked".');
  }
  return new HttpFault('NOT_SUPPORTED', 'Transfer-Encoding knows only "chunked" here.');
}

function isToken(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    if (((charClass[text.charCodeAt(at)] ?? 0) & Char.token) === 0) return false;
  }
  return text.length > 0;
}
