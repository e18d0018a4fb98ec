// What a gateway is made of below its configuration: clock, limits, transport, layers, numbers.
// Lives as long as the gateway; reloads change only which routes lead into it.

import type { Clock } from '../core/clock.ts';
import { Leases } from '../core/leases.ts';
import type { Random } from '../core/random.ts';
import { BufferBudget } from '../core/replay-body.ts';
import { Sweep } from '../core/sweep.ts';
import type { TokenStore } from '../core/token-store.ts';
import { CallIds } from '../edges/http-server/call-ids.ts';
import type { EdgeDeps, EdgeOptions } from '../edges/http-server/edge-options.ts';
import { MemoryTokenStore } from '../state/memory-token-store.ts';
import type { LineWriter } from '../telemetry/access-log.ts';
import { CallRecord } from '../telemetry/call-record.ts';
import { Metrics } from '../telemetry/metrics.ts';
import type { EndpointView } from '../transport/endpoint-pool.ts';
import { Transport } from '../transport/transport.ts';
import { NetConnector } from '../transport/net-connector.ts';
import { defaultTransportOptions } from '../transport/transport-options.ts';
import type { Environment } from './config/interpolate.ts';
import type { Settings } from './config/settings.ts';
import { WebSocketProxy } from '../edges/web-socket/web-socket-proxy.ts';
import { Drain, drainLayer } from '../layers/drain/drain.ts';
import { Credentials } from '../layers/credentials/stored-credentials.ts';
import { drainPhases } from '../layers/drain/drain-phases.ts';
import type { AccessObserver } from './access/access-observer.ts';
import type { AdminPage } from './admin.ts';
import { askedModel } from './asked-model.ts';
import { admissionPace } from './admission-watch.ts';
import { commandRunner } from './command-runner.ts';
import { credentialsWatch } from './credentials-watch.ts';
import { EdgeWatch } from './edge-watch.ts';
import { EndpointProber } from './endpoint-prober.ts';
import type { ProcessLog } from './process-log.ts';
import { PacedLog } from './paced-log.ts';
import { OwnReadings } from './process-readings.ts';
import { secretFiles } from './secret-files.ts';
import { HttpTokenEndpoint } from './token-endpoint.ts';
import { LayerMetrics } from './layer-metrics.ts';
import type { RouteTable, Services } from './route-table.ts';
import { setStackGauges } from './stack-gauges.ts';
import { Stacks } from './stacks.ts';
import { WatchedCalls } from './watched-calls.ts';
import { WatchedGuard } from './watched-guard.ts';
import { wiredServices } from './wired-services.ts';
import { TransportMetrics } from './transport-metrics.ts';

/** Unused connections kept ready per model endpoint; saves a handshake on the next call. */
const SPARES = 1;

/** Pages of the admin listener that show the memory of layers. */
type LayerPage = Exclude<AdminPage, 'endpoints' | 'leases' | 'config'>;

/** WebSocket sessions the debug view lists. */
const SESSIONS_SHOWN = 200;

/** What an engine is given. */
export interface EngineDeps {
  readonly clock: Clock;
  readonly random: Random;
  /** Takes the lines of calls; `undefined` = nobody wants them. */
  readonly lines: LineWriter | undefined;
  readonly log: ProcessLog;
  /** For the proxies on the way to token endpoints. */
  readonly env: Environment;
  /** `undefined` = tokens stay in this process. */
  readonly tokens: TokenStore | undefined;
}

/** The parts of a gateway that outlive reloads. Ends by `close`. */
export class Engine {
  readonly leases: Leases;
  readonly drain: Drain;
  readonly services: Services;
  readonly edgeDeps: EdgeDeps;
  readonly edgeOptions: EdgeOptions;
  readonly #metrics = new Metrics();
  readonly #transportMetrics: TransportMetrics;
  readonly #transport: Transport;
  readonly #layerMetrics: LayerMetrics;
  readonly #stacks: Stacks;
  readonly #proxy: WebSocketProxy;
  readonly #credentials: Credentials;
  /** By the certificates they are trusted with; '' = the built-in ones. */
  readonly #tokenEndpoints: Map<string, HttpTokenEndpoint> = new Map();
  /** Ends the helper programs that run. */
  readonly #ending = new AbortController();
  #targets: RouteTable['targets'] = [];
  readonly #crowdLog: PacedLog;
  readonly #guard: WatchedGuard | undefined;
  readonly #env: Environment;
  readonly #edge: EdgeWatch;

  constructor(deps: EngineDeps, settings: Settings) {
    const { clock, random, log } = deps;
    this.#env = deps.env;
    this.leases = new Leases(clock);
    const sweep = new Sweep(clock);
    const bodies = new BufferBudget(settings.limits.bufferBytes);
    this.drain = new Drain({ clock, random, sweep });
    const head = { headBytes: settings.limits.headBytes, fields: settings.limits.headFields };
    this.#transportMetrics = new TransportMetrics(this.#metrics);
    const { leases } = this;
    const transportOptions = { ...defaultTransportOptions, headLimits: head };
    const connector = new NetConnector(clock, transportOptions);
    this.#transport = new Transport(
      { clock, random, leases, connector },
      transportOptions,
      this.#transportMetrics,
    );
    const wire = this.#transport.service;
    this.#crowdLog = new PacedLog(clock, log, admissionPace);
    if (settings.guard) this.#guard = new WatchedGuard({ clock, log, readings: new OwnReadings() });
    this.#edge = new EdgeWatch(this.#metrics, clock, deps.lines);
    const layerMetrics = new LayerMetrics(this.#metrics, this.#crowdLog);
    this.#layerMetrics = layerMetrics;
    this.#credentials = this.#storedCredentials(deps);
    this.#stacks = new Stacks(
      {
        clock,
        random,
        leases,
        sweep,
        bodies,
        drain: drainLayer(this.drain),
        credentials: this.#credentials,
        prober: new EndpointProber({ clock, sweep, connector, wire }),
        ...(this.#guard === undefined ? {} : { guard: this.#guard }),
        calls: this.#watchedCalls(deps),
        observers: layerMetrics,
      },
      settings,
    );
    const proxy = new WebSocketProxy(
      { clock, random, sweep, leases, otherwise: wire },
      layerMetrics.webSocket,
    );
    this.#proxy = proxy;
    this.services = wiredServices({ clock, random, stacks: this.#stacks, wire, proxy });
    this.edgeDeps = {
      clock,
      random,
      sweep,
      leases,
      bodyBudget: bodies,
      callIds: new CallIds(),
      observer: this.#edge,
      upgrades: proxy,
    };
    this.edgeOptions = edgeOptionsOf(settings, head);
    this.#metrics.collect(() => this.#collect());
  }

  /** What the layers remember, for the admin listener. */
  pages(): Record<LayerPage, () => unknown> {
    const { clock } = this.edgeDeps;
    const { breakers, limits, loads, pacer, quotas, times } = this.#stacks;
    return {
      limits: () => limits.view(),
      breakers: () => breakers.view(),
      loads: () => loads.view(clock.now()),
      pacing: () => pacer.view(),
      twins: () => this.#stacks.twins.view(),
      credentials: () => this.#credentials.view(clock.now()),
      quotas: () => quotas.view(clock.now()),
      latency: () => times.view(),
      websockets: () => this.#proxy.view(SESSIONS_SHOWN),
    };
  }

  /** Hears of requests without a valid key. */
  get access(): AccessObserver {
    return this.#layerMetrics.access;
  }

  /** What to know of this process before it is sent calls; `undefined` = nothing. */
  get readyNote(): string | undefined {
    return this.#guard?.note;
  }

  /** Calls that have not seen their last byte. */
  get callsRunning(): number {
    return this.leases.oldest(Infinity).filter(({ kind }) => kind === 'call').length;
  }

  async scrape(): Promise<{ contentType: string; text: string }> {
    const text = await this.#metrics.text();
    return { contentType: this.#metrics.contentType, text };
  }

  /** Upstream connections by endpoint, for the debug view. */
  endpoints(): EndpointView[] {
    return this.#transport.endpoints();
  }

  /** Gets ready for the endpoints of a configuration; connections to all others drain. */
  use(table: RouteTable): void {
    this.#targets = table.targets;
    const keys = new Set(table.endpoints.map(({ key }) => key));
    for (const { key } of this.endpoints()) {
      if (!keys.has(key)) this.#transportMetrics.forget(key);
    }
    this.#transport.retain(keys);
    this.#stacks.retain(table);
    for (const [name, stored] of table.credentials) this.#credentials.configure(name, stored);
    this.#credentials.retain(new Set(table.credentials.keys()));
    void this.#credentials.warm();
    for (const endpoint of table.endpoints) {
      this.#transport.warm(endpoint, table.warm.has(endpoint) ? SPARES : 0);
    }
  }

  #watchedCalls({ clock, lines, log }: EngineDeps): WatchedCalls {
    return new WatchedCalls(new CallRecord(this.#metrics, clock, lines, askedModel()), log);
  }

  #storedCredentials({ clock, random, log, tokens }: EngineDeps): Credentials {
    return new Credentials({
      clock,
      random,
      observer: credentialsWatch(this.#layerMetrics.credentials, log),
      endpointOf: ({ ca }) => this.#tokenEndpoint(clock, ca),
      runCommand: commandRunner(clock, this.#ending.signal),
      files: secretFiles,
      // Keeps the tokens of upstreams, too, that one reload takes away and another brings back.
      store: tokens ?? new MemoryTokenStore(clock),
    });
  }

  /** A way to a token endpoint of its own: a renewal must not stand in line behind calls. */
  #tokenEndpoint(clock: Clock, ca: string | undefined): HttpTokenEndpoint {
    const known = this.#tokenEndpoints.get(ca ?? '');
    if (known !== undefined) return known;
    const endpoint = new HttpTokenEndpoint({ clock, ca, env: this.#env });
    this.#tokenEndpoints.set(ca ?? '', endpoint);
    return endpoint;
  }

  /** Ends what runs for nobody; the drain counts calls of callers alone. */
  cut(): void {
    this.#stacks.twins.close();
  }

  close(): void {
    this.#transport.destroy();
    this.#stacks.close();
    this.#credentials.close();
    this.#ending.abort();
    for (const endpoint of this.#tokenEndpoints.values()) endpoint.close();
    this.#guard?.close();
    this.#crowdLog.close();
    this.#metrics.close();
  }

  #collect(): void {
    this.#metrics.leases.at().value = this.leases.size;
    this.#metrics.serverConnections.at().value = this.#edge.connections;
    this.#layerMetrics.draining.at().value = drainPhases.indexOf(this.drain.phase);
    if (this.#guard !== undefined) this.#layerMetrics.guardLevel.at().value = this.#guard.gauge;
    this.#layerMetrics.webSocketsOpen.at().value = this.#proxy.size;
    const endpoints = this.endpoints();
    this.#transportMetrics.show(endpoints);
    const places = { targets: this.#targets, endpoints };
    setStackGauges(this.#layerMetrics, this.#stacks, places, this.edgeDeps.clock.now());
  }
}

function edgeOptionsOf({ limits }: Settings, head: EdgeOptions['head']): EdgeOptions {
  return {
    head,
    bodyBytes: limits.bodyBytes,
    headMs: limits.headTimeout,
    bodyStallMs: limits.bodyStall,
    keepAliveMs: limits.keepAlive,
    writeStallMs: limits.writeStall,
    connectionAgeMs: limits.connectionAge,
    connections: limits.connections,
  };
}
