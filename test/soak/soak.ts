// One soak: a gateway and its upstreams in processes of their own, a load on it, a reading of its
// metrics every few seconds, and a look at what is left at the end.

import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '../../src/core/random.ts';
import { FreshValues } from './fresh-values.ts';
import { gatewayConfig } from './gateway-config.ts';
import { GatewayProcess } from './gateway-process.ts';
import { HttpCaller } from './http-caller.ts';
import { Load } from './load.ts';
import { readScrape } from './metrics-text.ts';
import type { AtRest, CallTally, SoakRun, SoakSample } from './soak-run.ts';
import { socketCalls } from './socket-calls.ts';
import { soundCalls } from './sound-calls.ts';
import { troubledCalls } from './troubled-calls.ts';
import { UpstreamProcess } from './upstream-process.ts';

/** A fault put in on purpose, to see that the verdict finds it. */
export type Sabotage = 'leak' | 'series';

/** How long and how hard. */
export interface SoakOptions {
  readonly durationMs: number;
  readonly callsPerSecond: number;
  readonly seed: number;
  readonly sabotage?: Sabotage;
  /** Ends the load early; what was seen until then is judged. */
  readonly stopEarly: AbortSignal;
  /** Hears of every reading. */
  readonly onSample: (sample: SoakSample, calls: CallTally) => void;
}

const SAMPLES_MAX = 2_000;
const SAMPLE_MIN_MS = 1_000;
const RELOAD_MAX_MS = 10 * 60_000;
/** New label sets of rare errors turn up for a while. */
const WARM_UP_SHARE = 0.3;
const WARM_UP_MAX_MS = 10 * 60_000;
const REST_MS = 15_000;
const leak = new URL('leak.ts', import.meta.url);

/** Runs one. Rejects only when it could not be run. */
export async function soak(options: SoakOptions): Promise<SoakRun> {
  const upstream = await UpstreamProcess.start();
  try {
    const config = gatewayConfig(upstream.ports, { turn: 0, newNames: false });
    const preload = options.sabotage === 'leak' ? leak : undefined;
    const gateway = await GatewayProcess.start(config, preload);
    try {
      return await new Soak(options, upstream, gateway).run();
    } finally {
      gateway.kill();
    }
  } finally {
    upstream.kill();
  }
}

class Soak {
  readonly #options: SoakOptions;
  readonly #upstream: UpstreamProcess;
  readonly #gateway: GatewayProcess;
  readonly #values: FreshValues;
  readonly #caller: HttpCaller;
  readonly #load: Load;
  readonly #samples: SoakSample[] = [];
  readonly #faults: string[] = [];
  #beganAt: number = 0;
  #turn: number = 0;

  constructor(options: SoakOptions, upstream: UpstreamProcess, gateway: GatewayProcess) {
    this.#options = options;
    this.#upstream = upstream;
    this.#gateway = gateway;
    this.#values = new FreshValues(seededRandom(options.seed));
    this.#caller = new HttpCaller(gateway.port);
    const kinds = [...soundCalls, ...troubledCalls, ...socketCalls];
    const tools = { caller: this.#caller, values: this.#values };
    this.#load = new Load(kinds, tools, options.callsPerSecond);
  }

  async run(): Promise<SoakRun> {
    this.#beganAt = performance.now();
    this.#load.start();
    await this.#watch();
    const durationMs = performance.now() - this.#beganAt;
    await this.#load.stop(REST_MS * 3);
    const atRest = await this.#rest();
    const warmUpMs = Math.min(durationMs * WARM_UP_SHARE, WARM_UP_MAX_MS);
    return { durationMs, warmUpMs, samples: this.#samples, calls: this.#load.tally, atRest };
  }

  /** Reads and reloads until the time is over, or the gateway is gone. */
  async #watch(): Promise<void> {
    const { durationMs, sabotage, stopEarly } = this.#options;
    const everyMs = Math.max(SAMPLE_MIN_MS, durationMs / SAMPLES_MAX);
    const reloadMs = sabotage === 'series' ? everyMs : Math.min(durationMs / 8, RELOAD_MAX_MS);
    const end = this.#beganAt + durationMs;
    let reloadAt = this.#beganAt + reloadMs;
    while (performance.now() < end && !stopEarly.aborted && this.#gateway.isAlive) {
      await sleep(Math.min(everyMs, Math.max(0, end - performance.now())));
      await this.#sample();
      if (performance.now() < reloadAt) continue;
      reloadAt += reloadMs;
      this.#turn += 1;
      const turn = { turn: this.#turn, newNames: sabotage === 'series' };
      this.#gateway.write(gatewayConfig(this.#upstream.ports, turn));
    }
    if (!this.#gateway.isAlive) this.#faults.push('the gateway ended by itself');
  }

  async #sample(): Promise<void> {
    let text: string;
    try {
      text = await this.#gateway.admin('/metrics');
    } catch (fault) {
      this.#faults.push(`no metrics: ${String(fault)}`);
      return;
    }
    const { labelSets, overflowed, sum } = readScrape(text);
    const sample: SoakSample = {
      atMs: performance.now() - this.#beganAt,
      residentBytes: sum('process_resident_memory_bytes'),
      heldBytes: sum('nodejs_heap_size_used_bytes') + sum('nodejs_external_memory_bytes'),
      labelSets,
      overflowed,
      leases: sum('gw_leases'),
      callerConnections: sum('gw_caller_connections'),
      upstreamConnections: sum('http_client_open_connections'),
      loopDelayP99Ms: sum('nodejs_eventloop_delay_p99_seconds') * 1_000,
      valuesTried: this.#values.tried,
    };
    this.#samples.push(sample);
    this.#options.onSample(sample, this.#load.tally);
  }

  /** Lets everything come to rest, looks at what stays, and ends the gateway. */
  async #rest(): Promise<AtRest> {
    this.#caller.close();
    const until = performance.now() + REST_MS;
    let left = await this.#left();
    while (!isNothing(left) && performance.now() < until && this.#gateway.isAlive) {
      await sleep(100);
      left = await this.#left();
    }
    const exitCode = await this.#gateway.stop();
    const faults = [...this.#faults, ...this.#gateway.faults];
    return { ...left, exitCode, cut: this.#gateway.cut, faults };
  }

  async #left(): Promise<Left> {
    const { sessions, underWay } = await this.#upstream.report();
    try {
      const page = await this.#gateway.admin('/api/leases');
      const leases = JSON.parse(page) as { kind: string; owner: string; ageMs: number }[];
      const { sum } = readScrape(await this.#gateway.admin('/metrics'));
      const held = leases
        // Idle connections to upstreams are kept for the next call.
        .filter(({ kind }) => kind !== 'connection')
        .map(({ kind, owner, ageMs }) => `a ${kind} of ${owner} since ${Math.round(ageMs)} ms`);
      if (sessions > 0) held.push(`${sessions} WebSockets`);
      return { held, callerConnections: sum('gw_caller_connections'), underWay };
    } catch (fault) {
      return {
        held: [`an unknown number of leases (${String(fault)})`],
        callerConnections: 0,
        underWay,
      };
    }
  }
}

type Left = Pick<AtRest, 'held' | 'callerConnections' | 'underWay'>;

function isNothing({ held, callerConnections, underWay }: Left): boolean {
  return held.length === 0 && callerConnections === 0 && underWay === 0;
}
