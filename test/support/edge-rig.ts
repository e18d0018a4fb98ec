// An HTTP edge in front of a service written in the test, on a real port.

import type { Call } from '../../src/core/call.ts';
import { anonymousCaller } from '../../src/core/caller.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { Dialect } from '../../src/core/dialect.ts';
import type { Service } from '../../src/core/layer.ts';
import { Leases } from '../../src/core/leases.ts';
import { systemRandom } from '../../src/core/random.ts';
import { BufferBudget } from '../../src/core/replay-body.ts';
import type { Head } from '../../src/core/sink.ts';
import { HeaderList } from '../../src/core/header-list.ts';
import { Sweep } from '../../src/core/sweep.ts';
import { plainDialect } from '../../src/dialects/plain.ts';
import { CallIds } from '../../src/edges/http-server/call-ids.ts';
import { defaultEdgeOptions } from '../../src/edges/http-server/edge-options.ts';
import type { EdgeDeps, EdgeOptions } from '../../src/edges/http-server/edge-options.ts';
import { HttpServer } from '../../src/edges/http-server/http-server.ts';
import { NodeHttpServer } from '../../src/edges/http-server/node-http-server.ts';
import type { Router } from '../../src/edges/http-server/router.ts';
import { testRoute } from '../../src/testing/test-call.ts';

/** Which edge a suite runs on. */
export type EdgeKind = 'own' | 'node-http';

/** A listening edge and what it was asked. */
export interface EdgeRig {
  readonly port: number;
  readonly calls: Call[];
  readonly refused: string[];
  readonly sweep: Sweep;
  readonly budget: BufferBudget;
  readonly leases: Leases;
  close(): Promise<void>;
}

/** Settings of a rig. */
export interface RigOptions {
  readonly edge?: Partial<EdgeOptions>;
  readonly dialect?: Dialect;
  readonly keepBytes?: number;
}

/** Starts an edge whose every call goes to `service`. */
export async function startEdge(
  kind: EdgeKind,
  service: Service,
  options: RigOptions = {},
): Promise<EdgeRig> {
  const calls: Call[] = [];
  const refused: string[] = [];
  const dialect = options.dialect ?? plainDialect;
  const route = testRoute({ dialect });
  const router: Router = {
    resolve: (request) => ({
      route,
      path: request.target,
      headers: request.headers,
      caller: anonymousCaller,
      fingerprint: '',
      service: (call, sink) => {
        calls.push(call);
        service(call, sink);
      },
    }),
    keepBytesMax: () => options.keepBytes ?? 1024 * 1024,
    dialectFor: () => dialect,
  };
  const deps: EdgeDeps = {
    clock: systemClock,
    random: systemRandom,
    sweep: new Sweep(systemClock),
    leases: new Leases(systemClock),
    bodyBudget: new BufferBudget(64 * 1024 * 1024),
    callIds: new CallIds(),
    observer: {
      connectionOpened() {},
      connectionClosed() {},
      turnedAway: () => refused.push('CONNECTIONS'),
      refused: ({ error }) => refused.push(error.code),
    },
  };
  const Edge = kind === 'own' ? HttpServer : NodeHttpServer;
  const server = new Edge(router, deps, { ...defaultEdgeOptions, ...options.edge });
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 });
  return {
    port,
    calls,
    refused,
    sweep: deps.sweep,
    budget: deps.bodyBudget,
    leases: deps.leases,
    async close() {
      server.destroy();
      await server.close(0);
    },
  };
}

/** A response head for services in tests. */
export function head(
  status: number,
  fields: Record<string, string> = {},
  framing: Head['framing'] = 'chunked',
  contentLength: number = -1,
): Head {
  const headers = HeaderList.of(Object.entries(fields));
  return { status, reason: 'Said So', headers, framing, contentLength };
}
