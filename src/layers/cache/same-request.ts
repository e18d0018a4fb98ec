// Whether two calls ask the same on behalf of the same. Compared as they are, not by digest: what
// tells identities apart must not rest on a short fingerprint.
// Invariant: everything counts but the few fields that are known to name the try and not the
// question. A field nobody has heard of makes two requests different.

import type { Call } from '../../core/call.ts';
import { FieldKind } from '../../core/header-list.ts';
import type { HeaderList } from '../../core/header-list.ts';

/** Fields in which repetitions of one request may differ. */
const fieldsOfTheTry = new Set([
  // The body's length is compared by itself.
  'content-length',
  'date',
  // Which try it is, and how long the caller still waits.
  'x-stainless-retry-count',
  'x-stainless-timeout',
  'x-deadline-ms',
  'grpc-timeout',
  'x-envoy-expected-rq-timeout-ms',
  // Names of one message in logs and traces.
  'x-request-id',
  'x-client-request-id',
  'x-correlation-id',
  'traceparent',
  'tracestate',
  'baggage',
  'sentry-trace',
  'x-amzn-trace-id',
  'x-cloud-trace-context',
]);

/** Where calls stand that can be twins at all: one route, one identity, one session. */
export function placeOf(call: Call, session: string): string {
  const { caller, fingerprint, route } = call;
  // Names from the configuration may hold anything, so none may be taken for a part of the next.
  const named = `${route.name.length}:${route.name}${caller.name.length}:${caller.name}`;
  return `${named}${fingerprint} ${session}`;
}

/** Whether all but the bodies agree. Order counts: one client writes its fields in one order. */
export function isSameRequest(one: Call, other: Call): boolean {
  return (
    one.method === other.method &&
    one.path === other.path &&
    one.caller.name === other.caller.name &&
    one.fingerprint === other.fingerprint &&
    haveSameFields(one.headers, other.headers)
  );
}

function haveSameFields(one: HeaderList, other: HeaderList): boolean {
  let at = nextField(one, 0);
  let otherAt = nextField(other, 0);
  while (at < one.count && otherAt < other.count) {
    if (one.name(at).toLowerCase() !== other.name(otherAt).toLowerCase()) return false;
    if (one.value(at) !== other.value(otherAt)) return false;
    at = nextField(one, at + 1);
    otherAt = nextField(other, otherAt + 1);
  }
  return at === one.count && otherAt === other.count;
}

/** The first field from `from` on that counts. */
function nextField(headers: HeaderList, from: number): number {
  for (let at = from; at < headers.count; at += 1) {
    const endsHere = headers.kind(at) !== FieldKind.endToEnd;
    if (!endsHere && !fieldsOfTheTry.has(headers.name(at).toLowerCase())) return at;
  }
  return headers.count;
}
