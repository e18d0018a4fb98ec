// All simulated services on one origin, for a server of its own: the providers of models at the
// root, and below a prefix each service that would be another host. Knows no sockets.

import type { Random } from '../core/random.ts';
import { openAnswer } from './answer-plan.ts';
import type { PlanRequest } from './answer-plan.ts';
import { withPath } from './simulated-service.ts';
import type { ServiceAnswer, SimulatedService } from './simulated-service.ts';

/** The simulated providers of models. */
export const simulatedProviders: SimulatedService = { open: openAnswer };

/** A composite of services. */
export class StandaloneSimulator implements SimulatedService {
  readonly #mounts: readonly (readonly [string, SimulatedService])[];
  readonly #rest: SimulatedService;

  /** `mounts`: a prefix such as `/salesforce` and who answers below it. The first match counts. */
  constructor(
    mounts: readonly (readonly [string, SimulatedService])[],
    rest: SimulatedService = simulatedProviders,
  ) {
    this.#mounts = mounts;
    this.#rest = rest;
  }

  open(request: PlanRequest, random: Random, wallMs: number): ServiceAnswer {
    const { path } = request;
    for (const [prefix, service] of this.#mounts) {
      if (!isBelow(path, prefix)) continue;
      const inner = path.slice(prefix.length);
      const own = inner.startsWith('/') ? inner : `/${inner}`;
      return service.open(withPath(request, own), random, wallMs);
    }
    return this.#rest.open(request, random, wallMs);
  }
}

function isBelow(path: string, prefix: string): boolean {
  if (!path.startsWith(prefix)) return false;
  const next = path.charAt(prefix.length);
  return next === '' || next === '/' || next === '?';
}
