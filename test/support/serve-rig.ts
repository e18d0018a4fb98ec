// One upstream, and the gateways in processes of their own, the callers and the loads that a test
// puts in front of it. Invariant: what a test has started is gone after `clear`.

import type { MisbehavingUpstream } from '../../src/testing/index.ts';
import { drainConfig, listenForDrain } from './drain-upstream.ts';
import { RawCaller } from './raw-caller.ts';
import { startServe } from './serve-process.ts';
import type { ServeOptions, ServeProcess } from './serve-process.ts';
import { startLoad } from './steady-load.ts';
import type { LoadOptions, SteadyLoad } from './steady-load.ts';

/** A way out without lag and ramp. */
export const QUICK = { lag: '0s', ramp: '0s', grace: '60s' } as const;

/** An upstream and all in front of it. Ends by `close`. */
export class ServeRig {
  readonly upstream: MisbehavingUpstream;
  readonly #processes: ServeProcess[] = [];
  readonly #callers: RawCaller[] = [];
  readonly #loads: SteadyLoad[] = [];

  private constructor(upstream: MisbehavingUpstream) {
    this.upstream = upstream;
  }

  static async open(): Promise<ServeRig> {
    return new ServeRig(await listenForDrain());
  }

  /** Starts a gateway in front of the upstream; its way out is quick unless told otherwise. */
  serve(
    overrides: Record<string, unknown> = {},
    reusePort: boolean = false,
  ): Promise<ServeProcess> {
    const config = drainConfig(this.upstream.url);
    return this.launch({ overrides: { ...config, drain: QUICK, ...overrides }, reusePort });
  }

  /** Starts a gateway with nothing but these options. */
  async launch(options: ServeOptions): Promise<ServeProcess> {
    const serving = await startServe(options);
    this.#processes.push(serving);
    return serving;
  }

  /** A caller that has said `text`. */
  async ask(port: number, text: string): Promise<RawCaller> {
    const caller = await RawCaller.open(port);
    this.#callers.push(caller);
    caller.say(text);
    return caller;
  }

  loadOn(options: LoadOptions): SteadyLoad {
    const load = startLoad(options);
    this.#loads.push(load);
    return load;
  }

  /** Ends whatever one test has started. */
  async clear(): Promise<void> {
    for (const caller of this.#callers.splice(0)) caller.destroy();
    await Promise.all(this.#loads.splice(0).map((load) => load.stop()));
    for (const each of this.#processes.splice(0)) await each.close();
  }

  close(): Promise<void> {
    return this.upstream.close();
  }
}
