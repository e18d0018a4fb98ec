// What request lines and status lines share: the version, and the ending that every loop of the
// parsers relies on.

import { CR, LF } from './char-class.ts';
import { badRequest, HttpFault } from './head.ts';

/** Whether bytes[from..to) lies inside `bytes` and its last four bytes are CR LF CR LF. */
export function endsWithEmptyLine(bytes: Uint8Array, from: number, to: number): boolean {
  if (from < 0 || to - from < 4 || to > bytes.length) return false;
  return (
    bytes[to - 4] === CR && bytes[to - 3] === LF && bytes[to - 2] === CR && bytes[to - 1] === LF
  );
}

/** 0 or 1 when `HTTP/1.0` or `HTTP/1.1` stands at `at`, else -1. */
export function versionMinor(bytes: Uint8Array, at: number): number {
  if (at + 8 > bytes.length) return -1;
  if (bytes[at] !== 0x48 || bytes[at + 1] !== 0x54 || bytes[at + 2] !== 0x54) return -1;
  if (bytes[at + 3] !== 0x50 || bytes[at + 4] !== 0x2f || bytes[at + 5] !== 0x31) return -1;
  if (bytes[at + 6] !== 0x2e) return -1;
  const minor = (bytes[at + 7] as number) - 0x30;
  return minor === 0 || minor === 1 ? minor : -1;
}

/** Tells a version that is not spoken here from text that is no version. */
export function versionFault(bytes: Buffer, at: number, to: number): HttpFault {
  const text = bytes.toString('latin1', at, Math.min(at + 8, to));
  if (!/^HTTP\/[0-9]\.[0-9]$/.test(text)) return badRequest('The HTTP version is malformed.');
  return new HttpFault('NOT_SUPPORTED', `${text} is not spoken here, only HTTP/1.0 and HTTP/1.1.`);
}
