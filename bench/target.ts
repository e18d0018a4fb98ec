// What the bench needs to know of a gateway to measure it: how to start it, and what it does.

import type { Command } from './processes.ts';

/** Ports of one run, all on 127.0.0.1. */
export interface RunPorts {
  /** Where the gateway listens. */
  readonly listen: number;
  /** A second port, for those that have an admin listener. */
  readonly admin: number;
  /** Where the fake upstream listens. */
  readonly upstream: number;
}

/** One gateway in the comparison. */
export interface Target {
  readonly name: string;
  /** What it does in this bench for each call, so that ratios can be judged. */
  readonly does: string;
  /** Why it can not run here, or `undefined`. */
  missing(): string | undefined;
  version(): string;
  /** Writes its configuration into `folder`; `undefined` = there is nothing to start. */
  command(ports: RunPorts, folder: string): Command | undefined;
  /** Further words for the load generator, with the stream parameters of the scenario. */
  loadWords(ports: RunPorts, parameters: string): readonly string[];
}
