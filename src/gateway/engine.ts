// What a gateway is made of below its configuration: clock, limits, transport, layers, numbers.
// Lives as long as the gateway; reloads change only which routes lead into it.

import type { Clock } from '../core/clock.ts';
import { Leases } from '../core/leases.ts';
import type { Random } from '../core/random.ts';
import { BufferBudget } from '../core/replay-body.ts';
import { Sweep } from '../core/sweep.ts';
import { CallIds } from '../edges/http-server/call-ids.ts';
import type { EdgeDeps, EdgeObserver, EdgeOptions } from '../edges/http-server/edge-options.ts';
import { simulatorService } from '../simulator/simulator.ts';
import type { LineWriter } from '../telemetry/access-log.ts';
import { CallRecord } from '../telemetry/call-record.ts';
import { Metrics } from '../telemetry/metrics.ts';
import type { EndpointView } from '../transport/endpoint-pool.ts';
import { Transport } from '../transport/transport.ts';
import { NetConnector } from '../transport/net-connector.ts';
import { defaultTransportOptions } from '../transport/transport-options.ts';
import type { Settings } from './config/settings.ts';
import { defaultWebSocketOptions } from '../edges/web-socket/options.ts';
import { WebSocketProxy } from '../edges/web-socket/web-socket-proxy.ts';
import { Drain, drainLayer } from '../layers/drain/drain.ts';
import { drainPhases } from '../layers/drain/drain-phases.ts';
import type { AccessObserver } from './access/access-observer.ts';
import type { AdminPage } from './admin.ts';
import { ProcessGuard } from '../layers/admission/process-guard.ts';
import { EndpointProber } from './endpoint-prober.ts';
import { OwnReadings } from './process-readings.ts';
import { LayerMetrics } from './layer-metrics.ts';
import type { RouteTable, Services } from './route-table.ts';
import { Stacks } from './stacks.ts';
import { TransportMetrics } from './transport-metrics.ts';

/** Unused connections kept ready per model endpoint; saves a handshake on the next call. */
const SPARES = 1;

/** Pages of the admin listener that show the memory of layers. */
type LayerPage = Exclude<AdminPage, 'endpoints' | 'leases' | 'config'>;

/** WebSocket sessions the debug view lists. */
const SESSIONS_SHOWN = 200;

const breakerStates = { closed: 0, 'half-open': 1, open: 2 } as const;

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
  #targets: RouteTable['targets'] = [];
  readonly #readings = new OwnReadings();
  readonly #guard: ProcessGuard;
  #callerConnections: number = 0;

  constructor(clock: Clock, random: Random, settings: Settings, lines: LineWriter | undefined) {
    this.leases = new Leases(clock);
    const sweep = new Sweep(clock);
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
    this.#guard = new ProcessGuard({ clock, readings: this.#readings });
    const layerMetrics = new LayerMetrics(this.#metrics);
    this.#layerMetrics = layerMetrics;
    this.#stacks = new Stacks(
      {
        clock,
        random,
        leases,
        sweep,
        drain: drainLayer(this.drain),
        prober: new EndpointProber({ clock, sweep, connector, wire }),
        ...(settings.guard ? { guard: this.#guard } : {}),
        calls: new CallRecord(this.#metrics, clock, lines),
        observers: layerMetrics,
      },
      settings,
    );
    const stacks = this.#stacks;
    const proxy = new WebSocketProxy(
      { clock, random, sweep, leases, otherwise: wire },
      layerMetrics.webSocket,
    );
    this.#proxy = proxy;
    // The drain spreads its cuts already.
    const sockets = proxy.service({ ...defaultWebSocketOptions, drainSpreadMs: 0 });
    this.services = {
      wire: (route, upstreams) => {
        const isWebSocket = upstreams.every(({ profile }) => profile === 'websocket');
        return stacks.wire(route, upstreams, isWebSocket ? sockets : wire);
      },
      simulator: stacks.simulator(simulatorService({ clock, random })),
      local: (answer) => stacks.local(answer),
    };
    this.edgeDeps = {
      clock,
      random,
      sweep,
      bodyBudget: new BufferBudget(settings.limits.bufferBytes),
      callIds: new CallIds(),
      observer: this.#edgeObserver(),
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
      quotas: () => quotas.view(clock.now()),
      latency: () => times.view(),
      websockets: () => this.#proxy.view(SESSIONS_SHOWN),
    };
  }

  /** Hears of requests without a valid key. */
  get access(): AccessObserver {
    return this.#layerMetrics.access;
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
    for (const { key } of this.endpoints()) if (!keys.has(key)) this.#forget(key);
    this.#transport.retain(keys);
    this.#stacks.retain(table);
    for (const endpoint of table.endpoints) {
      this.#transport.warm(endpoint, table.warm.has(endpoint) ? SPARES : 0);
    }
  }

  #forget(endpoint: string): void {
    this.#transportMetrics.forget(endpoint);
    for (const state of ['active', 'idle']) this.#metrics.openConnections.forget(endpoint, state);
  }

  close(): void {
    this.#transport.destroy();
    this.#stacks.close();
    this.#guard.close();
    this.#readings.close();
    this.#metrics.close();
  }

  #edgeObserver(): EdgeObserver {
    return {
      connectionOpened: () => {
        this.#callerConnections += 1;
      },
      connectionClosed: () => {
        this.#callerConnections -= 1;
      },
      refused: (code) => {
        this.#metrics.serverRefused.at(code).value += 1;
      },
    };
  }

  #collectLimits(): void {
    const { headroom, inFlight, limit, queueDepth } = this.#layerMetrics;
    for (const view of this.#stacks.limits.view()) {
      const { upstream } = view;
      limit.at(upstream).value = view.limit;
      inFlight.at(upstream).value = view.occupied;
      headroom.at(upstream).value = view.headroom;
      for (const [priority, waiting] of Object.entries(view.queued)) {
        queueDepth.at(upstream, priority).value = waiting;
      }
    }
  }

  #collect(): void {
    this.#metrics.leases.at().value = this.leases.size;
    this.#metrics.serverConnections.at().value = this.#callerConnections;
    this.#collectLimits();
    this.#layerMetrics.draining.at().value = drainPhases.indexOf(this.drain.phase);
    this.#layerMetrics.webSocketsOpen.at().value = this.#proxy.size;
    for (const { endpoint, kind, ratio } of this.#stacks.pacer.remaining(this.#targets)) {
      this.#layerMetrics.remaining.at(endpoint, kind).value = ratio;
    }
    for (const { upstream, remaining } of this.#stacks.budgets.view(this.edgeDeps.clock.now())) {
      this.#layerMetrics.retryBudget.at(upstream).value = remaining;
    }
    for (const { key, open, idle } of this.endpoints()) {
      const state = breakerStates[this.#stacks.breakers.stateOf(key)];
      this.#layerMetrics.breakerState.at(key).value = state;
      this.#metrics.openConnections.at(key, 'active').value = open - idle;
      this.#metrics.openConnections.at(key, 'idle').value = idle;
    }
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
