// One run of the simulation: peers with changing weather, callers with changing habits, the real
// stack between them, all on one clock and one seed. The invariants are the promises of the product;
// the same seed replays the same run to the last byte.

import { createHash } from 'node:crypto';
import type { Caller } from '../../src/core/caller.ts';
import { anonymousCaller } from '../../src/core/caller.ts';
import type { Dialect } from '../../src/core/dialect.ts';
import { Leases } from '../../src/core/leases.ts';
import { seededRandom } from '../../src/core/random.ts';
import { BufferBudget } from '../../src/core/replay-body.ts';
import type { Route, RouteKind } from '../../src/core/route.ts';
import type { Target } from '../../src/core/target.ts';
import { Sweep } from '../../src/core/sweep.ts';
import { dialectTable } from '../../src/gateway/dialect-table.ts';
import { profileLimits } from '../../src/gateway/config/settings.ts';
import { testEndpoint } from '../../src/testing/test-call.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { defaultTransportOptions } from '../../src/transport/transport-options.ts';
import { Transport } from '../../src/transport/transport.ts';
import { Draw } from './draw.ts';
import { SimulatedNetwork } from './network.ts';
import { Peer, weathers } from './peer.ts';
import type { Weather } from './peer.ts';
import { simulatedStacks } from './simulated-stacks.ts';
import type { SimulatedStacks } from './simulated-stacks.ts';
import { VirtualCaller } from './virtual-caller.ts';
import type { CallPlan } from './virtual-caller.ts';

/** What a run is made of. */
export interface RunOptions {
  readonly seed: number;
  readonly calls: number;
}

/** What a run has shown. */
export interface RunReport {
  readonly seed: number;
  readonly calls: number;
  /** Whole answers, the upstream's own errors included. */
  readonly answered: number;
  /** Failures that callers saw, by code. */
  readonly failed: Readonly<Record<string, number>>;
  /** Requests that reached a peer whole. */
  readonly arrived: number;
  readonly virtualMs: number;
  /** Broken promises; empty in a good run. */
  readonly broken: readonly string[];
  /** Equal for equal runs. */
  readonly digest: string;
}

const DIALECTS = ['anthropic', 'openai-chat', 'openai-responses'] as const;
const PEERS = 3;
const FIRST_PORT = 9_000;
/** Calls come this close together on average, ms; about a hundred run at a time. */
const SPACING_MS = 40;
/** Weather lasts about this long, ms. */
const WEATHER_MS = 15_000;
/** Longer than any limit of a call; whoever is not over then hangs. */
const HANGING_MS = 3_600_000;

const callers: readonly Caller[] = [
  anonymousCaller,
  { name: 'ui', tenant: 'web', priority: 'interactive' },
  { name: 'night', tenant: 'jobs', priority: 'batch' },
];

/** Runs one seed to its end. */
export function simulate(options: RunOptions): RunReport {
  return new World(options).run();
}

class World {
  readonly #options: RunOptions;
  readonly #clock = new VirtualClock();
  readonly #draw: Draw;
  readonly #leases = new Leases(this.#clock);
  readonly #sweep = new Sweep(this.#clock);
  readonly #budget = new BufferBudget(64 * 1024 * 1024);
  readonly #network = new SimulatedNetwork(this.#clock);
  readonly #peers: Peer[] = [];
  readonly #transport: Transport;
  readonly #stacks: SimulatedStacks;
  readonly #routes: Route[] = [];
  readonly #broken: string[] = [];
  readonly #failed = new Map<string, number>();
  /** Calls that must not run twice. */
  readonly #strict = new Set<string>();
  readonly #digest = createHash('sha256');
  #answered: number = 0;
  #running: number = 0;
  #begun: number = 0;

  constructor(options: RunOptions) {
    this.#options = options;
    this.#draw = new Draw(seededRandom(options.seed));
    const random = seededRandom(options.seed + 1);
    const deps = { clock: this.#clock, random, leases: this.#leases };
    this.#transport = new Transport({ ...deps, connector: this.#network }, defaultTransportOptions);
    this.#stacks = simulatedStacks({ ...deps, sweep: this.#sweep }, this.#transport.service);
    for (let at = 0; at < PEERS; at += 1) this.#addPeer(at);
    for (const dialect of DIALECTS) {
      this.#routes.push(routeTo(dialectTable[dialect], 'completion'));
      this.#routes.push(routeTo(dialectTable[dialect], 'other'));
    }
  }

  run(): RunReport {
    this.#changeWeather();
    this.#nextCaller();
    let left = HANGING_MS;
    while ((this.#begun < this.#options.calls || this.#running > 0) && left > 0) {
      this.#clock.advance(1_000);
      if (this.#begun >= this.#options.calls) left -= 1_000;
    }
    const virtualMs = this.#clock.now();
    this.#judgeTheEnd();
    return {
      seed: this.#options.seed,
      calls: this.#options.calls,
      answered: this.#answered,
      failed: Object.fromEntries([...this.#failed].toSorted()),
      arrived: this.#peers.reduce((sum, peer) => sum + peer.arrived, 0),
      virtualMs,
      broken: this.#broken,
      digest: this.#digest.digest('hex').slice(0, 16),
    };
  }

  #addPeer(at: number): void {
    const peer = new Peer(this.#clock, this.#draw);
    this.#peers.push(peer);
    this.#network.add(testEndpoint(FIRST_PORT + at).key, peer);
  }

  /** Every peer has a weather of its own; one of them is always fair. */
  #changeWeather(): void {
    const fair = this.#draw.whole(0, PEERS);
    for (const [at, peer] of this.#peers.entries()) {
      peer.weather = at === fair ? (weathers[0] as Weather) : this.#draw.one(weathers);
    }
    if (this.#begun < this.#options.calls) {
      this.#clock.after(this.#draw.scale(WEATHER_MS / 3, WEATHER_MS * 3), () =>
        this.#changeWeather(),
      );
    }
  }

  #nextCaller(): void {
    if (this.#begun >= this.#options.calls) return;
    this.#begun += 1;
    this.#running += 1;
    const plan = this.#plan(`call-${this.#begun}`);
    const caller = new VirtualCaller(
      {
        clock: this.#clock,
        draw: this.#draw,
        budget: this.#budget,
        service: this.#stacks.service(plan.route),
        broken: (promise, id) => this.#broken.push(`${promise} (${id})`),
        done: (done) => this.#done(done),
      },
      plan,
    );
    caller.send();
    this.#clock.after(this.#draw.scale(SPACING_MS / 20, SPACING_MS * 3), () => this.#nextCaller());
  }

  #plan(id: string): CallPlan {
    const draw = this.#draw;
    const route = draw.one(this.#routes);
    if (route.replay === 'strict') this.#strict.add(id);
    return {
      id,
      route,
      caller: draw.one(callers),
      bodyBytes: draw.chance(0.9) ? draw.whole(2, 3_000) : draw.whole(3_000, 200_000),
      leavesMs: draw.chance(0.1) ? draw.scale(1, 20_000) : Number.POSITIVE_INFINITY,
      slow: draw.chance(0.1),
    };
  }

  #done(caller: VirtualCaller): void {
    const { error, plan, status } = caller;
    this.#running -= 1;
    if (error === undefined) this.#answered += 1;
    else this.#failed.set(error.code, (this.#failed.get(error.code) ?? 0) + 1);
    const told = error === undefined ? status : error.code;
    this.#digest.update(`${this.#clock.now()} ${plan.id} ${told}\n`);
  }

  #judgeTheEnd(): void {
    if (this.#running > 0) this.#broken.push(`8: ${this.#running} calls hang`);
    this.#judgeExecutions();
    this.#stacks.close();
    this.#transport.destroy();
    this.#clock.advance(1_000);
    const { size } = this.#leases;
    const oldest = JSON.stringify(this.#leases.oldest(3));
    if (size > 0) this.#broken.push(`10: ${size} leases left: ${oldest}`);
    if (this.#sweep.size > 0) this.#broken.push(`10: ${this.#sweep.size} limits left in the sweep`);
    if (this.#budget.usedBytes !== 0) this.#broken.push(`10: ${this.#budget.usedBytes} bytes kept`);
    if (this.#network.open !== 0) this.#broken.push(`10: ${this.#network.open} sockets left`);
  }

  /** A call of a strict route runs once at most, whatever happened on the way. */
  #judgeExecutions(): void {
    const total = new Map<string, number>();
    for (const { executed } of this.#peers) {
      for (const [id, times] of executed) total.set(id, (total.get(id) ?? 0) + times);
    }
    for (const [id, times] of total) {
      if (times > 1 && this.#strict.has(id)) this.#broken.push(`4: ${id} ran ${times} times`);
    }
  }
}

/** A route over all peers: two of the first choice, one to fall back to. */
function routeTo(dialect: Dialect, kind: RouteKind): Route {
  const base = {
    name: `${dialect.name} ${kind}`,
    kind,
    dialect,
    credential: 'stored',
    limits: profileLimits(kind === 'completion' ? 'llm-hosted' : 'rest', 30_000),
    replay: kind === 'completion' ? ('idle-race' as const) : ('strict' as const),
    lenient: false,
    replayBytesMax: 64 * 1024,
  };
  const targets = Array.from({ length: PEERS }, (_, at): Target => {
    const endpoint = testEndpoint(FIRST_PORT + at);
    const upstream = at < PEERS - 1 ? 'main' : 'backup';
    const key = `${upstream} ${endpoint.key}`;
    const tier = at < PEERS - 1 ? 0 : 1;
    const route = { ...base, upstream, targets: [], endpoints: [endpoint] };
    return { key, endpoint, upstream, tier, weight: 1, edit: undefined, route };
  });
  const endpoints = targets.map(({ endpoint }) => endpoint);
  return { ...base, upstream: 'main', targets, endpoints };
}
