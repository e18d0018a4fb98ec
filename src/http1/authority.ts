// Checks the host and port of a request, from Host or from an absolute-form target. Refuses user
// names, commas, empty hosts and anything that could be taken for part of a path.
// Invariant: an authority it accepts can be written into a Host field and means one thing.

import { Char, charClass, COLON } from './char-class.ts';

const OPEN = 0x5b;
const CLOSE = 0x5d;
const PORT_DIGITS_MAX = 5;

/** Whether bytes[start..end) is `host`, `host:port`, `[v6]` or `[v6]:port` (RFC 3986 3.2). */
export function isAuthority(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  if (start < end && bytes[start] === OPEN) {
    at = skip(bytes, start + 1, end, Char.ipv6);
    if (at === start + 1 || at === end || bytes[at] !== CLOSE) return false;
    at += 1;
  } else {
    at = skip(bytes, start, end, Char.host);
    if (at === start) return false;
  }
  if (at === end) return true;
  if (bytes[at] !== COLON) return false;
  const portStart = at + 1;
  const digits = end - portStart;
  if (digits < 1 || digits > PORT_DIGITS_MAX) return false;
  return skip(bytes, portStart, end, Char.digit) === end;
}

function skip(bytes: Uint8Array, from: number, end: number, flag: number): number {
  let at = from;
  while (at < end && ((charClass[bytes[at] as number] as number) & flag) !== 0) at += 1;
  return at;
}
