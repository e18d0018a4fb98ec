// The stacks under simulation.

import type { Clock } from '../../src/core/clock.ts';
import { checked } from '../../src/core/checked.ts';
import { stack } from '../../src/core/layer.ts';
import type { Service } from '../../src/core/layer.ts';
import type { Leases } from '../../src/core/leases.ts';
import type { Random } from '../../src/core/random.ts';
import type { Route } from '../../src/core/route.ts';
import type { Sweep } from '../../src/core/sweep.ts';
import { meaningLayer } from '../../src/layers/meaning/meaning.ts';
import { timeoutsLayer } from '../../src/layers/timeouts/timeouts.ts';

export interface SimulatedStacks {
  service(route: Route): Service;
  close(): void;
}

export function simulatedStacks(
  deps: { clock: Clock; random: Random; leases: Leases; sweep: Sweep },
  wire: Service,
): SimulatedStacks {
  const service = stack([timeoutsLayer(deps), meaningLayer(deps)], wire, { between: checked });
  return { service: () => service, close() {} };
}
