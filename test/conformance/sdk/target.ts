// Where a suite of client tests is run against. The base URL and the model names are all that
// differs from one target to the next, so what passes directly must pass through the gateway.

import { setTimeout as sleep } from 'node:timers/promises';
import { SimServer } from '../sim-server.ts';

/** A place that speaks all three dialects. */
export interface Target {
  readonly name: string;
  /** Without `/v1`. */
  readonly url: string;
  readonly models: { readonly anthropic: string; readonly openai: string };
  /** A stream cut short never looks finished here; a plain server cannot promise that. */
  readonly honest: boolean;
  /** The upstream in plain sight, where there is one. */
  readonly upstream: SimServer | undefined;
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
    const upstream = await SimServer.listen();
    return {
      name: direct.name,
      url: upstream.url,
      models: { anthropic: 'claude-test', openai: 'gpt-test' },
      honest: false,
      upstream,
      close: () => upstream.close(),
    };
  },
};

/** Every target that the suites are run against. */
export const targetKinds: readonly TargetKind[] = [direct];

/** Waits until `holds` does, at most `forMs`; false when it never did. */
export async function becomes(holds: () => boolean, forMs = 2000): Promise<boolean> {
  const until = performance.now() + forMs;
  while (!holds()) {
    if (performance.now() > until) return false;
    await sleep(5);
  }
  return true;
}
