// The product's own edge and wire with single protections taken away that no option of the
// configuration takes away. Incident tests run against it first, so that each shows the failure
// that its protection forbids.

import { attemptOf } from '../../src/core/call.ts';
import { Cancellation } from '../../src/core/cancellation.ts';
import { systemClock } from '../../src/core/clock.ts';
import { Leases } from '../../src/core/leases.ts';
import { systemRandom } from '../../src/core/random.ts';
import type { Dialect } from '../../src/core/dialect.ts';
import { testEndpoint, testLimits, testRoute } from '../../src/testing/index.ts';
import { Transport } from '../../src/transport/transport.ts';
import { silentObserver } from '../../src/transport/transport-observer.ts';
import { defaultTransportOptions } from '../../src/transport/transport-options.ts';
import type { TransportOptions } from '../../src/transport/transport-options.ts';
import { startEdge } from './edge-rig.ts';

/** What is taken away, and what is in front of what. */
export interface BareOptions {
  readonly upstreamPort: number;
  readonly dialect: Dialect;
  readonly transport?: Partial<TransportOptions>;
  /** Nobody below hears that the caller has left. */
  readonly deafToLeaving?: boolean;
}

/** A running one. Ends by `close`. */
export interface BareGateway {
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

/** Starts it on a free port. */
export async function startBareGateway(options: BareOptions): Promise<BareGateway> {
  const { upstreamPort, dialect, deafToLeaving = false } = options;
  const deps = { clock: systemClock, random: systemRandom, leases: new Leases(systemClock) };
  const wire = { ...defaultTransportOptions, ...options.transport };
  const transport = new Transport(deps, wire, silentObserver);
  const endpoints = [testEndpoint(upstreamPort)];
  const route = testRoute({ dialect, endpoints, limits: testLimits });
  const edge = await startEdge(
    'own',
    (call, sink) => {
      const cancellation = deafToLeaving ? new Cancellation() : call.cancellation;
      transport.service(attemptOf(call, 1, cancellation, { route }), sink);
    },
    { dialect },
  );
  return {
    url: `http://127.0.0.1:${edge.port}`,
    port: edge.port,
    async close() {
      await edge.close();
      transport.destroy();
    },
  };
}
