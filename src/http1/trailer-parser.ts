// Reads the trailer section after a chunked body. Fields that would re-frame or re-route the
// message or steer the connection are a fault: no honest sender writes them, and peers that believe
// them (llhttp obeys Connection here) would disagree with us about what comes next. Fields that RFC
// 9110 6.5.1 forbids for other reasons (credentials, content description, caching) only mislead
// whoever merges them into the head: they are marked to stay on this hop and the message lives on.

import { FieldKind, HeaderList, MARKS_PER_FIELD } from '../core/header-list.ts';
import { FieldScanner } from './field-scanner.ts';
import type { HeadLimits, HttpFault } from './head.ts';
import { badRequest, tooLarge } from './head.ts';
import { endsWithEmptyLine } from './start-line.ts';

/** Trailers carry a checksum or a status; nobody needs more. */
export const defaultTrailerLimits: HeadLimits = { headBytes: 8192, fields: 32 };

const refusedKinds: ReadonlySet<number> = new Set([
  FieldKind.connection,
  FieldKind.contentLength,
  FieldKind.host,
  FieldKind.proxyConnection,
  FieldKind.transferEncoding,
  FieldKind.upgrade,
]);

/** RFC 9110 6.5.1: not for trailers. Those that steer the connection are known by their kind. */
const keptOnHop: ReadonlySet<string> = new Set([
  'age',
  'authorization',
  'cache-control',
  'content-encoding',
  'content-range',
  'content-type',
  'cookie',
  'date',
  'expires',
  'location',
  'max-forwards',
  'pragma',
  'range',
  'retry-after',
  'set-cookie',
  'vary',
  'www-authenticate',
]);

const fields = new FieldScanner();

/**
 * Reads the field lines in bytes[from..to), where `to` is just past the empty line and bytes[from]
 * does not start that line.
 */
export function parseTrailers(
  bytes: Buffer,
  from: number,
  to: number,
  limits: HeadLimits,
): HeaderList | HttpFault {
  if (to - from > limits.headBytes) return tooLarge('The trailers are too long.');
  if (!endsWithEmptyLine(bytes, from, to)) return badRequest('Trailers do not end as they must.');
  const fault = fields.scan(bytes, from, to, limits.fields);
  if (fault !== undefined) return fault;
  const list = fields.list(bytes, to);
  for (let index = 0; index < list.count; index += 1) {
    if (refusedKinds.has(list.kind(index))) {
      return badRequest('A trailer field tries to steer the message or its connection.');
    }
  }
  return withMisplacedKept(list);
}

function withMisplacedKept(list: HeaderList): HeaderList {
  let marks: number[] | undefined;
  for (let index = 0; index < list.count; index += 1) {
    if (!keptOnHop.has(list.name(index).toLowerCase())) continue;
    marks ??= [...list.marks];
    marks[index * MARKS_PER_FIELD + 4] = FieldKind.nominated;
  }
  return marks === undefined ? list : new HeaderList(list.text, marks);
}
