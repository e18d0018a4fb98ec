// Where a suite of client tests is run against. The base URL and the model names are all that
// differs from one target to the next, so what passes directly must pass through the gateway.

import { allGivenBack, eventually } from '../../../src/testing/eventually.fixture.ts';
import { startGatewayBetween } from '../gateway-between.ts';
import type { GatewayBetween } from '../gateway-between.ts';
import { PlainSimServer } from '../plain-sim-server.ts';

/** A place that speaks all three dialects. */
export interface Target {
  /** Without `/v1`. */
  readonly url: string;
  readonly models: { readonly anthropic: string; readonly openai: string; readonly echo: string };
  /** A stream cut short never looks finished here; a plain server cannot promise that. */
  readonly honest: boolean;
  /** The upstream in plain sight, where there is one. */
  readonly upstream: PlainSimServer | undefined;
  /** Answers that are going on, here and behind. */
  callsRunning(): number;
  close(): Promise<void>;
}

/** Opens one target; the name is known before, for the title of the suite. */
export interface TargetKind {
  readonly name: string;
  open(): Promise<Target>;
}

/** The simulator itself behind a plain server: what the clients do without us. */
const direct: TargetKind = {
  name: 'straight at the simulator',
  async open() {
    const upstream = await PlainSimServer.listen();
    return {
      url: upstream.url,
      models: { ...wireModels, echo: 'sim-echo' },
      honest: false,
      upstream,
      callsRunning: () => upstream.running,
      close: () => upstream.close(),
    };
  },
};

/** Names that no gateway takes for its own simulator. */
const wireModels = { anthropic: 'claude-test', openai: 'gpt-test' };

/** The gateway as it comes, over its wire to the simulator in the place of the providers. */
function throughTheWire(edge: 'own' | 'node-http'): TargetKind {
  return {
    name: `through the gateway (edge: ${edge})`,
    async open() {
      const upstream = await PlainSimServer.listen();
      // Refusals are tried again on one of the two edges; what waits there is the same on both.
      const retry = edge === 'own' ? {} : { attempts: 1 };
      const options = { simulator: false, edge, retry };
      const between = await startGatewayBetween(upstream.url, options);
      return {
        url: between.gateway.url,
        models: { ...wireModels, echo: 'sim-echo' },
        honest: true,
        upstream,
        callsRunning: () => between.callsRunning() + upstream.running,
        close: () => closeBoth(between, upstream),
      };
    },
  };
}

/** The gateway with the simulator inside it; only lists of models go further. */
const embedded: TargetKind = {
  name: 'at the simulator in the gateway',
  async open() {
    const upstream = await PlainSimServer.listen();
    const between = await startGatewayBetween(upstream.url, { simulator: true });
    return {
      url: between.gateway.url,
      models: { anthropic: 'sim-fast', openai: 'sim-fast', echo: 'sim-echo' },
      honest: true,
      upstream: undefined,
      callsRunning: () => between.callsRunning(),
      close: () => closeBoth(between, upstream),
    };
  },
};

async function closeBoth({ gateway }: GatewayBetween, upstream: PlainSimServer): Promise<void> {
  await gateway.close(2000);
  try {
    await allGivenBack(gateway.leases);
  } finally {
    await upstream.close();
  }
}

/** Every target that the suites are run against. */
export const targetKinds: readonly TargetKind[] = [
  direct,
  throughTheWire('own'),
  throughTheWire('node-http'),
  embedded,
];

/** Waits until no answer is going on, here or behind. */
export function allCallsOver(target: Target): Promise<void> {
  return eventually(
    () => target.callsRunning() === 0,
    () => `the end of ${target.callsRunning()} answers`,
    2_000,
  );
}
