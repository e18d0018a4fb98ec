// A valid `Call` with defaults a test can lean on, and the route it follows.
// Owns no behaviour: the dialect here is a stub that takes every end for complete.
// Invariant: each call has its own cancellation, timeline and id.

import type { Call } from '../core/call.ts';
import { anonymousCaller } from '../core/caller.ts';
import { Cancellation } from '../core/cancellation.ts';
import type { Dialect } from '../core/dialect.ts';
import { HeaderList } from '../core/header-list.ts';
import { ReplayBody } from '../core/replay-body.ts';
import type { Endpoint, PhaseLimits, Route } from '../core/route.ts';
import type { Target } from '../core/target.ts';
import { Timeline } from '../core/timeline.ts';

/** A dialect that knows nothing: any end is complete, errors are plain text, no heartbeat. */
export const stubDialect: Dialect = {
  name: 'stub',
  scannerFor: () => undefined,
  renderError: (error) => ({
    status: error.status,
    contentType: 'text/plain',
    body: `${error.code}: ${error.message}\n`,
  }),
  inStreamError: () => undefined,
  heartbeat: () => undefined,
};

/** Round, distinct limits, so that a test sees which one has struck. */
export const testLimits: PhaseLimits = {
  queueMs: 1_000,
  connectMs: 2_000,
  tlsMs: 3_000,
  uploadMs: 4_000,
  firstByteMs: 10_000,
  byteIdleMs: 20_000,
  byteIdleAfterPingMs: 40_000,
  progressIdleMs: 60_000,
  totalMs: 120_000,
  writeStallMs: 30_000,
};

/** A plain HTTP endpoint on this machine. */
export function testEndpoint(port: number, overrides?: Partial<Endpoint>): Endpoint {
  return {
    key: `http://127.0.0.1:${port}`,
    secure: false,
    host: '127.0.0.1',
    port,
    authority: `127.0.0.1:${port}`,
    basePath: '',
    ca: undefined,
    proxy: undefined,
    ...overrides,
  };
}

/** A route to an endpoint nobody listens at (port 9, discard), unless overridden. */
export function testRoute(overrides?: Partial<Route>): Route {
  return {
    name: 'test-route',
    upstream: 'test-upstream',
    kind: 'completion',
    dialect: stubDialect,
    credential: undefined,
    conversion: undefined,
    targets: [],
    endpoints: [testEndpoint(9)],
    limits: testLimits,
    replay: 'strict',
    lenient: false,
    replayBytesMax: 1024 * 1024,
    ...overrides,
  };
}

/** A target at an endpoint of its own, with the route an attempt sent there is given. */
export function testTarget(
  port: number,
  overrides?: Partial<Omit<Target, 'route'>> & { readonly route?: Partial<Route> },
): Target {
  const { route, ...rest } = overrides ?? {};
  const endpoint = rest.endpoint ?? testEndpoint(port);
  const upstream = rest.upstream ?? 'test-upstream';
  return {
    key: `${upstream} ${endpoint.key}`,
    endpoint,
    upstream,
    tier: 0,
    weight: 1,
    edit: undefined,
    route: testRoute({ endpoints: [endpoint], upstream, ...route }),
    ...rest,
  };
}

/** What a test may say about a call in short form; anything else as in `Call`. */
export interface TestCallOptions extends Partial<Omit<Call, 'headers' | 'body' | 'route'>> {
  readonly headers?: HeaderList | Record<string, string>;
  readonly body?: ReplayBody | string | Uint8Array;
  readonly route?: Partial<Route>;
  /** Sets `timeline.startedAt` when no timeline is given. */
  readonly now?: number;
}

let serial = 0;

/** A valid call: `POST /v1/messages` with a small body, no deadline, unless told otherwise. */
export function testCall(options: TestCallOptions = {}): Call {
  const { headers, body, route, now, ...rest } = options;
  serial += 1;
  return {
    id: `test-${serial}`,
    method: 'POST',
    path: '/v1/messages',
    headers: headerListOf(headers),
    body: bodyOf(body ?? (rest.method === 'GET' || rest.method === 'HEAD' ? '' : '{"test":true}')),
    route: testRoute(route),
    caller: anonymousCaller,
    fingerprint: '',
    deadline: Number.POSITIVE_INFINITY,
    cancellation: new Cancellation(),
    timeline: new Timeline(now ?? 0),
    attempt: 1,
    ...rest,
  };
}

function headerListOf(headers: TestCallOptions['headers']): HeaderList {
  if (headers instanceof HeaderList) return headers;
  return HeaderList.of(Object.entries(headers ?? { 'content-type': 'application/json' }));
}

function bodyOf(body: ReplayBody | string | Uint8Array): ReplayBody {
  if (body instanceof ReplayBody) return body;
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  return bytes.length === 0 ? ReplayBody.none() : ReplayBody.from(bytes);
}
