// A gateway in this process in front of one upstream, for tests from the outside.

import { startGateway } from '../../src/gateway/gateway.ts';
import type { Gateway } from '../../src/gateway/gateway.ts';

/** What a test may set; the rest is the default of the profile. */
export interface HoldfastOptions {
  readonly dialect?: string;
  readonly profile?: string;
  readonly timeouts?: Record<string, string>;
  readonly replay?: string;
  readonly lenient?: boolean;
  readonly edge?: string;
  /** `limit` of the upstream. */
  readonly limit?: Record<string, unknown>;
  readonly limits?: Record<string, string>;
  /** Nothing is tried again or given up: callers see what the wire saw. */
  readonly bare?: boolean;
  /** Takes the access log's lines. */
  readonly lines?: string[];
}

/** Starts a gateway whose every path goes to `upstreamUrl`. */
export function startHoldfast(
  upstreamUrl: string,
  options: HoldfastOptions = {},
): Promise<Gateway> {
  const { dialect = 'plain', profile = 'llm-hosted', timeouts, replay, lenient, edge } = options;
  const upstream: Record<string, unknown> = { dialect, profile, endpoints: [upstreamUrl] };
  if (timeouts !== undefined) upstream['timeouts'] = timeouts;
  if (replay !== undefined) upstream['replay'] = replay;
  if (options.bare === true) upstream['breaker'] = false;
  if (options.limit !== undefined) upstream['limit'] = options.limit;
  if (lenient !== undefined) upstream['lenient'] = lenient;
  const config: Record<string, unknown> = {
    listen: '127.0.0.1:0',
    admin: '127.0.0.1:0',
    guard: false,
    log: { level: 'silent', access: options.lines !== undefined },
    upstreams: { test: upstream },
    routes: [
      {
        name: 'all',
        match: { path: '/**' },
        upstreams: ['test'],
        ...(options.bare === true ? { retry: { attempts: 1 } } : {}),
      },
    ],
  };
  if (edge !== undefined) config['edge'] = edge;
  if (options.limits !== undefined) config['limits'] = options.limits;
  const { lines } = options;
  return startGateway({
    config,
    env: {},
    ...(lines === undefined ? {} : { accessLog: { write: (line: string) => lines.push(line) } }),
  });
}
