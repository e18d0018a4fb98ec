// Support for tests of scanners: heads, reads cut anywhere, and bytes that are lent, not given.

import { Buffer } from 'node:buffer';
import type { Progress, Scanner } from '../core/dialect.ts';
import { HeaderList } from '../core/header-list.ts';
import type { Framing, Head } from '../core/sink.ts';
import { dialectByName } from './dialects.ts';

/** A response head with these fields. */
export function headWith(
  fields: Record<string, string>,
  options?: { readonly status?: number; readonly framing?: Framing; readonly length?: number },
): Head {
  return {
    status: options?.status ?? 200,
    reason: 'OK',
    headers: HeaderList.of(Object.entries(fields)),
    framing: options?.framing ?? 'chunked',
    contentLength: options?.length ?? -1,
  };
}

/** A scanner of that dialect for a 200 of that type. Fails the test when there is none. */
export function scannerOf(dialect: string, contentType: string, lenient = false): Scanner {
  const scanner = dialectByName(dialect)?.scannerFor(
    headWith({ 'content-type': contentType }),
    lenient,
  );
  if (scanner === undefined) throw new Error(`${dialect} has no scanner for ${contentType}`);
  return scanner;
}

/** Gives `piece` to the scanner inside a larger buffer, and spoils the buffer afterwards. */
export function lend(scanner: Scanner, piece: Uint8Array, lead = piece.length % 5): void {
  const read = new Uint8Array(piece.length + 12).fill(10);
  read.set(piece, lead);
  scanner.scan(read, lead, lead + piece.length);
  read.fill(0x22);
}

/** Gives `bytes` in pieces that end at each of `cuts` (ascending). */
export function lendCut(scanner: Scanner, bytes: Uint8Array, cuts: readonly number[]): void {
  let from = 0;
  for (const cut of [...cuts, bytes.length]) {
    if (cut <= from) continue;
    lend(scanner, bytes.subarray(from, cut));
    from = cut;
  }
}

/** Everything in `progress`, as a plain object to compare. */
export function slots(progress: Progress): Record<string, unknown> {
  return { ...progress };
}

/** `text` as bytes. */
export function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'utf8'));
}
