// A short name for a whole request body: equal bodies have equal digests, different ones do not.
// Bodies that differ only in the order in which some objects list their members count as equal,
// since that order says nothing in JSON (RFC 8259, section 1) and some clients draw it anew each
// time. Only objects whose member name is given are looked at: a whole JSON text would have to be
// parsed for it, which costs five times the digest.

import { createHash, hash } from 'node:crypto';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPENING = new Set([0x7b, 0x5b]);
const CLOSING = new Set([0x7d, 0x5d]);

/** SHA-256 of `body`, with the members of the objects called one of `unordered` sorted. */
export function bodyDigest(body: Uint8Array, unordered: readonly string[]): string {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const spans: Span[] = [];
  for (const name of unordered) findSpans(bytes, name, spans);
  if (spans.length === 0) return hash('sha256', bytes, 'base64');
  const sum = createHash('sha256');
  let at = 0;
  for (const { from, to, members } of spans.toSorted((a, b) => a.from - b.from)) {
    // One inside another would be counted twice; the outer one alone is sorted.
    if (from < at) continue;
    sum.update(bytes.subarray(at, from));
    for (const member of members.toSorted((a, b) => Buffer.compare(a, b))) {
      sum.update(member).update(',');
    }
    at = to;
  }
  return sum.update(bytes.subarray(at)).digest('base64');
}

/** The inside of one object, without its braces. */
interface Span {
  readonly from: number;
  readonly to: number;
  readonly members: readonly Buffer[];
}

/**
 * Finds `"name":{`. A quote inside a JSON string is written with a backslash in front of it, so in
 * JSON these bytes can only be a member. In a body that is not JSON they may be anything; there
 * two bodies must still agree in every byte outside the braces, and in every piece inside.
 */
function findSpans(bytes: Buffer, name: string, spans: Span[]): void {
  const opening = `"${name}":{`;
  let from = bytes.indexOf(opening, 0, 'latin1');
  while (from >= 0) {
    const span = readSpan(bytes, from + opening.length);
    if (span === undefined) return;
    spans.push(span);
    from = bytes.indexOf(opening, span.to, 'latin1');
  }
}

/** Cuts an object into its members, from behind its brace; `undefined` when it does not end. */
function readSpan(bytes: Buffer, from: number): Span | undefined {
  const members: Buffer[] = [];
  let depth = 0;
  let memberFrom = from;
  for (let at = from; at < bytes.length; at += 1) {
    const byte = bytes[at] as number;
    if (byte === QUOTE) {
      at = endOfString(bytes, at);
    } else if (OPENING.has(byte)) {
      depth += 1;
    } else if (CLOSING.has(byte)) {
      depth -= 1;
      if (depth < 0) {
        members.push(bytes.subarray(memberFrom, at));
        return { from, to: at, members };
      }
    } else if (byte === COMMA && depth === 0) {
      members.push(bytes.subarray(memberFrom, at));
      memberFrom = at + 1;
    }
  }
  return undefined;
}

/** Place of the quote that closes the string opened at `at`, or the end of all. */
function endOfString(bytes: Buffer, at: number): number {
  for (let next = at + 1; next < bytes.length; next += 1) {
    const byte = bytes[next] as number;
    if (byte === BACKSLASH) next += 1;
    else if (byte === QUOTE) return next;
  }
  return bytes.length;
}
