// One run of the simulation: peers with changing weather, callers with changing habits, the real
// stack between them, all on one clock and one seed. The invariants are the promises of the
// product; the same seed replays the same run to the last byte.

import { createHash } from 'node:crypto';
import type { Caller } from '../../src/core/caller.ts';
import { anonymousCaller } from '../../src/core/caller.ts';
import type { Clock } from '../../src/core/clock.ts';
import type { Service } from '../../src/core/layer.ts';
import { Leases } from '../../src/core/leases.ts';
import { seededRandom } from '../../src/core/random.ts';
import { BufferBudget } from '../../src/core/replay-body.ts';
import { Sweep } from '../../src/core/sweep.ts';
import { defaultCredentialsOptions } from '../../src/layers/credentials/options.ts';
import type { TokenLifeOptions } from '../../src/layers/credentials/options.ts';
import { Credentials } from '../../src/layers/credentials/stored-credentials.ts';
import { testEndpoint } from '../../src/testing/test-call.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { defaultTransportOptions } from '../../src/transport/transport-options.ts';
import { Transport } from '../../src/transport/transport.ts';
import { Draw } from './draw.ts';
import { SimulatedNetwork } from './network.ts';
import { drawWeather, fairWeather, Peer, wholeAnswer } from './peer.ts';
import { fairAnswers } from './fair-answers.ts';
import { Judge } from './judge.ts';
import { TokenDesk } from './token-desk.ts';
import {
  convertingPlan,
  lonePlan,
  simulatedGateway,
  straightPlan,
  tokenPlan,
} from './simulated-gateway.ts';
import type { Place, SimulatedGateway } from './simulated-gateway.ts';
import { essence, VirtualCaller } from './virtual-caller.ts';
import type { CallPlan } from './virtual-caller.ts';

/** What a run is made of. */
export interface RunOptions {
  readonly seed: number;
  readonly calls: number;
  /** Breaks the product on purpose, to see whether a run finds it out. */
  readonly sabotage?: (service: Service, clock: Clock) => Service;
  /** Other rules of a token's life than the product's, to the same end. */
  readonly tokenLife?: Partial<TokenLifeOptions>;
}

/** What a run has shown. */
export interface RunReport {
  readonly seed: number;
  readonly calls: number;
  /** Whole answers, those with an error event of the upstream's own included. */
  readonly answered: number;
  /** Failures that callers saw, by code or status. */
  readonly failed: Readonly<Record<string, number>>;
  /** Requests that reached a peer whole. */
  readonly arrived: number;
  readonly virtualMs: number;
  /** Broken promises; empty in a good run. */
  readonly broken: readonly string[];
  /** Equal for equal runs. */
  readonly digest: string;
}

const PEERS = 3;
/** So few that they are met: callers wait for a connection, or for room in memory. */
const SOCKETS_PER_PEER = 60;
const KEPT_BYTES_MAX = 512 * 1024;
/** The call, its place at the limit, its way through a queue and two of a transport. */
const LEASES_PER_CALL = 5;
/** Tokens are promises, which go on between two steps only. */
const STEP_MS = 200;
const TURNS = 20;
const FIRST_PORT = 9_000;
/** Calls come this close together on average, ms; about a hundred run at a time. */
const SPACING_MS = 40;
/** Weather lasts about this long, ms. */
const WEATHER_MS = 15_000;
/** A place that is well again is found out within this time, ms. */
const NOTICE_MS = 40_000;
/** Longer than any limit of a call; whoever is not over then hangs. */
const HANGING_MS = 3_600_000;

const callers: readonly Caller[] = [
  anonymousCaller,
  { name: 'ui', tenant: 'web', priority: 'interactive' },
  { name: 'night', tenant: 'jobs', priority: 'batch' },
];

/** Runs one seed to its end. */
export function simulate(options: RunOptions): Promise<RunReport> {
  return new World(options).run();
}

class World {
  readonly #options: RunOptions;
  readonly #clock = new VirtualClock();
  readonly #draw: Draw;
  readonly #leases = new Leases(this.#clock);
  readonly #sweep = new Sweep(this.#clock);
  readonly #budget = new BufferBudget(KEPT_BYTES_MAX);
  readonly #judge = new Judge();
  readonly #desk: TokenDesk;
  readonly #callers: VirtualCaller[] = [];
  readonly #network = new SimulatedNetwork(this.#clock);
  readonly #peers: Peer[] = [];
  readonly #transport: Transport;
  /** Each with a configuration of its own, over the same connections. */
  readonly #gateways: readonly SimulatedGateway[];
  readonly #places: readonly Place[];
  readonly #failed = new Map<string, number>();
  /** Calls that must not run twice. */
  readonly #strict = new Set<string>();
  readonly #digest = createHash('sha256');
  /** Where the weather has been fair for the longest time. */
  #fair: Peer | undefined = undefined;
  #answered: number = 0;
  #running: number = 0;
  #begun: number = 0;

  constructor(options: RunOptions) {
    this.#options = options;
    this.#draw = new Draw(seededRandom(options.seed));
    const random = seededRandom(options.seed + 1);
    const deps = { clock: this.#clock, random, leases: this.#leases };
    const broken = (promise: string, id: string): void => this.#judge.note(promise, id);
    this.#desk = new TokenDesk(this.#clock, this.#draw, broken);
    const life = { ...defaultCredentialsOptions.life, ...options.tokenLife };
    const credentials = new Credentials(
      {
        ...deps,
        endpointOf: () => this.#desk,
        runCommand: unasked,
        files: { stamp: unasked, read: unasked },
      },
      { ...defaultCredentialsOptions, life },
    );
    this.#transport = new Transport(
      { ...deps, connector: this.#network },
      { ...defaultTransportOptions, connectionsPerEndpointMax: SOCKETS_PER_PEER },
    );
    const ports = Array.from({ length: PEERS }, (_none, at) => FIRST_PORT + at);
    const gatewayDeps = { ...deps, sweep: this.#sweep, calls: this.#judge.observer, credentials };
    const plans = [
      straightPlan(ports),
      convertingPlan(ports),
      tokenPlan(ports),
      lonePlan(FIRST_PORT),
    ];
    this.#gateways = plans.map((plan) =>
      simulatedGateway(gatewayDeps, plan, this.#transport.service),
    );
    this.#places = this.#gateways.flatMap(({ places }) => places);
    for (const port of ports) {
      const peer = new Peer(this.#clock, this.#draw, broken, this.#desk);
      this.#peers.push(peer);
      this.#network.add(testEndpoint(port).key, peer);
    }
  }

  async run(): Promise<RunReport> {
    this.#begin();
    this.#nextCaller();
    let left = HANGING_MS;
    while ((this.#begun < this.#options.calls || this.#running > 0) && left > 0) {
      await this.#step(STEP_MS);
      if (this.#begun >= this.#options.calls) left -= STEP_MS;
    }
    const virtualMs = this.#clock.now();
    await this.#judgeTheEnd();
    return {
      seed: this.#options.seed,
      calls: this.#options.calls,
      answered: this.#answered,
      failed: Object.fromEntries([...this.#failed].toSorted(([a], [b]) => (a < b ? -1 : 1))),
      arrived: this.#peers.reduce((sum, peer) => sum + peer.arrived, 0),
      virtualMs,
      broken: this.#judge.broken,
      digest: this.#digest.digest('hex').slice(0, 16),
    };
  }

  async #step(ms: number): Promise<void> {
    this.#clock.advance(ms);
    for (let turn = 0; turn < TURNS; turn += 1) await Promise.resolve();
    this.#judge.bounded(
      {
        running: this.#running,
        leases: this.#leases.size,
        sockets: this.#network.open,
        keptBytes: this.#budget.usedBytes,
      },
      {
        sockets: PEERS * SOCKETS_PER_PEER,
        keptBytes: KEPT_BYTES_MAX,
        leasesPerCall: LEASES_PER_CALL,
      },
    );
  }

  /** Everybody begins in a weather of their own; one of them in a fair one. */
  #begin(): void {
    this.#clearUp(this.#draw.one(this.#peers));
    this.#darken();
    this.#changeDesk();
  }

  #changeDesk(): void {
    this.#desk.change();
    if (this.#begun >= this.#options.calls) return;
    this.#clock.after(this.#draw.scale(3_000, 30_000), () => this.#changeDesk());
  }

  /**
   * One peer clears up, and a while later another one may darken: somewhere the weather has always
   * been fair for long enough to have been noticed.
   */
  #changeWeather(): void {
    this.#clearUp(this.#draw.one(this.#peers));
    this.#clock.after(NOTICE_MS, () => this.#darken());
  }

  #clearUp(peer: Peer): void {
    peer.weather = fairWeather;
    this.#fair = peer;
  }

  #darken(): void {
    for (const peer of this.#peers) if (peer !== this.#fair) peer.weather = drawWeather(this.#draw);
    if (this.#begun >= this.#options.calls) return;
    const lasts = this.#draw.scale(WEATHER_MS / 3, WEATHER_MS * 3);
    this.#clock.after(lasts, () => this.#changeWeather());
  }

  #nextCaller(): void {
    if (this.#begun >= this.#options.calls) return;
    this.#begun += 1;
    this.#running += 1;
    const place = this.#draw.one(this.#places);
    const plan = this.#plan(`call-${this.#begun}`, place);
    const { service } = place.destination;
    const caller = new VirtualCaller(
      {
        clock: this.#clock,
        draw: this.#draw,
        budget: this.#budget,
        service: this.#options.sabotage?.(service, this.#clock) ?? service,
        wholeAnswers,
        broken: (promise, id) => this.#judge.note(promise, id),
        done: (done) => this.#done(done),
      },
      plan,
    );
    this.#callers.push(caller);
    caller.send();
    this.#clock.after(this.#draw.scale(SPACING_MS / 20, SPACING_MS * 3), () => this.#nextCaller());
  }

  #plan(id: string, { path, destination, token }: Place): CallPlan {
    const draw = this.#draw;
    const { route } = destination;
    if (route.replay === 'strict') this.#strict.add(id);
    return {
      id,
      path,
      route,
      caller: draw.one(callers),
      inputSize: draw.chance(0.75) ? draw.whole(2, 3_000) : draw.whole(3_000, 60_000),
      parts: draw.chance(0.5) ? 1 : draw.whole(2, 7),
      uploadMs: draw.scale(1, 4_000),
      sized: draw.chance(0.7),
      leavesMs: draw.chance(0.1) ? draw.scale(1, 20_000) : Number.POSITIVE_INFINITY,
      slow: draw.chance(0.1),
      token,
    };
  }

  #done(caller: VirtualCaller): void {
    const { error, plan, status } = caller;
    this.#running -= 1;
    this.#judge.over(caller, this.#clock.now(), this.#desk);
    const failure = error?.code ?? (status < 400 ? undefined : `status ${status}`);
    if (failure === undefined) this.#answered += 1;
    else this.#failed.set(failure, (this.#failed.get(failure) ?? 0) + 1);
    const told = error === undefined ? status : error.code;
    this.#digest.update(`${this.#clock.now()} ${plan.id} ${told}\n`);
  }

  async #judgeTheEnd(): Promise<void> {
    const note = (what: string): void => this.#judge.note(what, 'all');
    if (this.#running > 0) note(`8: ${this.#running} calls hang`);
    this.#judgeExecutions();
    this.#judge.verdicts(this.#callers);
    for (const gateway of this.#gateways) gateway.close();
    this.#transport.destroy();
    await this.#step(1_000);
    const { size } = this.#leases;
    const oldest = JSON.stringify(this.#leases.oldest(3));
    if (size > 0) note(`10: ${size} leases left: ${oldest}`);
    if (this.#sweep.size > 0) note(`10: ${this.#sweep.size} limits left in the sweep`);
    if (this.#budget.usedBytes !== 0) note(`10: ${this.#budget.usedBytes} bytes kept`);
    if (this.#network.open !== 0) note(`10: ${this.#network.open} sockets left`);
  }

  /** A call of a strict route runs once at most, whatever happened on the way. */
  #judgeExecutions(): void {
    const total = new Map<string, number>();
    for (const { executed } of this.#peers) {
      for (const [id, times] of executed) total.set(id, (total.get(id) ?? 0) + times);
    }
    for (const [id, times] of total) {
      if (times > 1 && this.#strict.has(id)) this.#judge.note(`4: it ran ${times} times`, id);
    }
  }
}

const unasked = (): never => {
  throw new Error('nobody has secrets in files here');
};

/** What the call of a plan is to hear when it is whole; an upstream chosen later may convert. */
function wholeAnswers({ path, route }: CallPlan): readonly string[] {
  return fairAnswers().get(path) ?? [essence(wholeAnswer(route.dialect.name).text)];
}
