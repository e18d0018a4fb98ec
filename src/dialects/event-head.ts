// The first bytes of an event's data, where every known server puts what most events are asked
// for: `{"type":"...","sequence_number":N,`. With this the long rest need not be read. When the
// bytes look different in any way the answer is -1 and the data is read in full: same result.
// Indexed reads are in range by the conditions around them, which is what the casts say.

import { sameBytes } from './json-fields.ts';

const TYPE = Buffer.from('{"type":', 'latin1');
const SEQUENCE = Buffer.from('"sequence_number":', 'latin1');
const DONE = Buffer.from('[DONE]', 'latin1');

/** The index of the first byte of the type's text in the JSON at `from`, or -1. */
export function typeStart(bytes: Uint8Array, from: number, end: number): number {
  const colon = from + TYPE.length;
  if (colon + 2 > end || !sameBytes(TYPE, bytes, from)) return -1;
  const quote = bytes[colon] === 32 ? colon + 1 : colon;
  return bytes[quote] === 34 ? quote + 1 : -1;
}

/** The index of the quote that ends the plain text at `from`, or -1. */
export function plainTextEnd(bytes: Uint8Array, from: number, end: number): number {
  for (let at = from; at < end; at += 1) {
    const byte = bytes[at];
    if (byte === 34) return at;
    if (byte === 92) return -1;
  }
  return -1;
}

/** The sequence number that stands right behind the type of the JSON at `from`, or -1. */
export function sequenceAfterType(bytes: Uint8Array, from: number, end: number): number {
  const start = typeStart(bytes, from, end);
  const quote = start < 0 ? -1 : plainTextEnd(bytes, start, end);
  if (quote < 0 || bytes[quote + 1] !== 44) return -1;
  let at = bytes[quote + 2] === 32 ? quote + 3 : quote + 2;
  if (at + SEQUENCE.length >= end || !sameBytes(SEQUENCE, bytes, at)) return -1;
  at += SEQUENCE.length;
  if (bytes[at] === 32) at += 1;
  const first = at;
  let number = 0;
  for (; at < end; at += 1) {
    const byte = bytes[at] as number;
    if (byte < 48 || byte > 57) break;
    number = number * 10 + (byte - 48);
  }
  const whole = at > first && at < end && (bytes[at] === 44 || bytes[at] === 125);
  return whole ? number : -1;
}

/** The data is `[DONE]`, with white space after it or not. */
export function isDone(bytes: Uint8Array, from: number, end: number): boolean {
  if (end - from < DONE.length || !sameBytes(DONE, bytes, from)) return false;
  for (let at = from + DONE.length; at < end; at += 1) {
    if (bytes[at] !== 32 && bytes[at] !== 9) return false;
  }
  return true;
}

/** The line at `from` is a `data` field. */
export function isData(bytes: Uint8Array, from: number, end: number): boolean {
  return (
    end - from >= 5 &&
    bytes[from] === 100 &&
    bytes[from + 1] === 97 &&
    bytes[from + 2] === 116 &&
    bytes[from + 3] === 97 &&
    bytes[from + 4] === 58
  );
}

/** The line at `from` is an `event` field. */
export function isEvent(bytes: Uint8Array, from: number, end: number): boolean {
  return (
    end - from >= 6 &&
    bytes[from] === 101 &&
    bytes[from + 1] === 118 &&
    bytes[from + 2] === 101 &&
    bytes[from + 3] === 110 &&
    bytes[from + 4] === 116 &&
    bytes[from + 5] === 58
  );
}
