// A transport on virtual time and a virtual network, for tests of the pool.
// Invariant: what it hands out is the same transport as on real sockets but for its connector.

import assert from 'node:assert/strict';
import type { Call } from '../core/call.ts';
import type { Clock } from '../core/clock.ts';
import type { Sink } from '../core/sink.ts';
import type { EndpointView } from './endpoint-pool.ts';
import type { RigOptions, TransportRig } from './transport.fixture.ts';
import { startTransport } from './transport.fixture.ts';
import type { VirtualLine } from './virtual-network.fixture.ts';
import { VirtualNetwork } from './virtual-network.fixture.ts';

/** What a test of the pool works with. */
export interface VirtualRig extends TransportRig {
  readonly network: VirtualNetwork;
  /** The connection dialled as the `index`-th. */
  readonly line: (index: number) => VirtualLine;
  /** The only endpoint. */
  readonly view: () => EndpointView;
  readonly serve: (call: Call, sink: Sink) => void;
}

/** Starts a transport that sees nothing but `clock` and a virtual network. */
export function startVirtual(clock: Clock, options: Omit<RigOptions, 'clock'> = {}): VirtualRig {
  const network = new VirtualNetwork(clock);
  const rig = startTransport({ ...options, clock, connector: network });
  return {
    ...rig,
    network,
    line: (index) => {
      const found = network.lines[index];
      assert.ok(found !== undefined, `no connection ${index}`);
      return found;
    },
    view: () => {
      const [found] = rig.transport.endpoints();
      assert.ok(found !== undefined, 'no endpoint');
      return found;
    },
    serve: rig.transport.service,
  };
}
