// All targets by name, and which of them run when nobody says otherwise.

import type { Target } from '../target.ts';
import { haproxy } from './haproxy.ts';
import { holdfast, holdfastBare } from './holdfast.ts';
import { nginx } from './nginx.ts';
import { fastify, fetchProxy, httpxy, nodeRelay, portkey } from './node-peers.ts';

const direct: Target = {
  name: 'direct',
  does: 'no gateway: load and origin alone, the baseline of every added latency',
  missing: () => undefined,
  version: () => '-',
  command: () => undefined,
  loadWords: () => [],
};

const all: readonly Target[] = [
  direct,
  nginx,
  haproxy,
  holdfast,
  holdfastBare,
  fetchProxy,
  httpxy,
  fastify,
  portkey,
  nodeRelay,
];

const quickNames = ['direct', 'nginx', 'haproxy', 'holdfast', 'holdfast-bare'];

/** The targets asked for, in a fixed order; throws on a name that does not exist. */
export function chooseTargets(only: readonly string[], quick: boolean): readonly Target[] {
  for (const name of only) {
    if (!all.some((target) => target.name === name)) {
      throw new Error(`no target "${name}"; there are ${all.map((each) => each.name).join(' ')}`);
    }
  }
  if (only.length > 0) return all.filter((target) => only.includes(target.name));
  if (quick) return all.filter((target) => quickNames.includes(target.name));
  return all.filter((target) => target !== nodeRelay);
}

/** JavaScript gateways that the budget "three times slower per call" is about. */
export const scriptPeers: readonly string[] = ['fetch', 'httpxy', 'fastify', 'portkey'];
