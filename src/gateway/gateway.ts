// The whole gateway in one process: configuration to routes, routes to stacks, stacks to listeners,
// and the way back down. Everything it needs of the world can be handed in; nothing is global.
// Invariant: after `close` or `destroy` no socket, timer or watcher of it is left.

import type { Clock } from '../core/clock.ts';
import { systemClock } from '../core/clock.ts';
import type { Leases } from '../core/leases.ts';
import { systemRandom } from '../core/random.ts';
import type { Random } from '../core/random.ts';
import { HttpServer } from '../edges/http-server/http-server.ts';
import { NodeHttpServer } from '../edges/http-server/node-http-server.ts';
import type { LineWriter } from '../telemetry/access-log.ts';
import { AdminServer } from './admin.ts';
import type { AdminViews } from './admin.ts';
import { ConfigWatch } from './config-watch.ts';
import { loadConfigFile, readFile } from './config-source.ts';
import type { Environment } from './config/interpolate.ts';
import { loadConfig } from './config/load.ts';
import type { Loaded, Overrides } from './config/load.ts';
import type { Settings } from './config/settings.ts';
import type { Address } from './config/values.ts';
import { localUrl } from './client-settings.ts';
import { Engine } from './engine.ts';
import { StartFault, listenFault } from './listen-fault.ts';
import { silentLog } from './process-log.ts';
import type { LogOutput, ProcessLog } from './process-log.ts';
import { SwitchRouter } from './router.ts';
import { Snapshot, needsRestart } from './snapshot.ts';

/** Leases the debug view lists. */
const LEASES_SHOWN = 200;

/** What a gateway is made from. Without `config` and `configFile` the built-in configuration. */
export interface GatewayOptions {
  /** The content of a configuration file, as an object. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** A file to read, to watch and to read again. */
  readonly configFile?: string;
  /** Takes the place of single options, whatever the file says. */
  readonly overrides?: Overrides;
  /** Default: none, so a program that embeds the gateway decides. */
  readonly env?: Environment;
  /** Opens the log once its level is known. Default: no log. */
  readonly openLog?: (level: string) => LogOutput;
  /** Where the lines of calls go. Default: the log's output, if there is one. */
  readonly accessLog?: LineWriter;
  readonly clock?: Clock;
  readonly random?: Random;
}

/** A running gateway. */
export interface Gateway {
  /** Where callers connect, without a path. */
  readonly url: string;
  readonly adminUrl: string | undefined;
  /** The configuration in force. */
  readonly settings: Settings;
  /** What calls and pools hold now. */
  readonly leases: Leases;
  metricsText(): Promise<string>;
  /**
   * Puts a new configuration in force: the object given, else the file read again. Answers what is
   * wrong with it; with errors the old one stays.
   */
  reload(config?: Readonly<Record<string, unknown>>): readonly string[];
  /** Takes no more calls, lets running ones finish for `graceMs` (default: `drain`), then cuts. */
  close(graceMs?: number): Promise<void>;
  /** Cuts everything at once. */
  destroy(): void;
}

/** Starts a gateway. Fails with a `StartFault` whose lines say what to do. */
export async function startGateway(options: GatewayOptions = {}): Promise<Gateway> {
  const env = options.env ?? {};
  const loaded = load(options, env, options.config);
  const { settings } = loaded;
  if (settings === undefined) throw new StartFault(loaded.lines, true);
  const gateway = new RunningGateway(options, env, loaded, settings);
  await gateway.listen();
  return gateway;
}

function load(
  options: GatewayOptions,
  env: Environment,
  config: Readonly<Record<string, unknown>> | undefined,
): Loaded {
  const { configFile, overrides = {} } = options;
  if (config === undefined) return loadConfigFile(configFile, env, overrides);
  return loadConfig({ value: config }, { env, overrides, readText: readFile });
}

class RunningGateway implements Gateway {
  readonly #options: GatewayOptions;
  readonly #env: Environment;
  readonly #log: ProcessLog;
  readonly #engine: Engine;
  readonly #router: SwitchRouter;
  readonly #edge: HttpServer | NodeHttpServer;
  readonly #admin: AdminServer | undefined;
  readonly #watch: ConfigWatch | undefined;
  #snapshot: Snapshot;
  /** What was read last, whether it came into force or not. */
  #lastLoaded: Loaded;
  #url: string = '';
  #adminUrl: string | undefined = undefined;
  #draining: boolean = false;

  constructor(options: GatewayOptions, env: Environment, loaded: Loaded, settings: Settings) {
    this.#options = options;
    this.#env = env;
    const output = options.openLog?.(settings.log.level);
    this.#log = output?.log ?? silentLog;
    const clock = options.clock ?? systemClock;
    const lines = settings.log.access ? (options.accessLog ?? output?.lines) : undefined;
    this.#engine = new Engine(clock, options.random ?? systemRandom, settings, lines);
    this.#lastLoaded = loaded;
    this.#snapshot = new Snapshot(loaded, settings, this.#engine.services, env);
    this.#router = new SwitchRouter(this.#snapshot.router);
    this.#engine.use(this.#snapshot.router.table);
    const Edge = settings.edge === 'own' ? HttpServer : NodeHttpServer;
    this.#edge = new Edge(this.#router, this.#engine.edgeDeps, this.#engine.edgeOptions);
    this.#admin =
      settings.admin === 'off' ? undefined : new AdminServer(this.#views(), settings.admin);
    const { configFile } = options;
    if (configFile !== undefined && options.config === undefined) {
      this.#watch = new ConfigWatch(
        configFile,
        clock,
        () => this.#fileTouched(),
        (why) => this.#log.warn({ why }, 'the file is not watched; send SIGHUP after a change'),
      );
    }
    this.#warn(loaded);
  }

  get url(): string {
    return this.#url;
  }

  get adminUrl(): string | undefined {
    return this.#adminUrl;
  }

  get settings(): Settings {
    return this.#snapshot.settings;
  }

  get leases(): Leases {
    return this.#engine.leases;
  }

  async listen(): Promise<void> {
    const { listen, admin } = this.settings;
    try {
      this.#url = localUrl(await this.#listenAt('listen', this.#edge, listen));
      if (this.#admin !== undefined && admin !== 'off') {
        this.#adminUrl = localUrl(await this.#listenAt('admin', this.#admin, admin));
      }
    } catch (fault) {
      this.destroy();
      throw fault;
    }
    const { file } = this.settings;
    const facts = { listen: this.#url, admin: this.#adminUrl, config: file ?? 'built in' };
    this.#log.info({ ...facts, node: process.versions.node }, 'listening');
  }

  async #listenAt(
    option: 'listen' | 'admin',
    server: { listen(at: Address): Promise<Address> },
    at: Address,
  ): Promise<Address> {
    try {
      return await server.listen(at);
    } catch (fault) {
      throw listenFault(option, at, fault);
    }
  }

  async metricsText(): Promise<string> {
    return (await this.#engine.scrape()).text;
  }

  reload(config?: Readonly<Record<string, unknown>>): readonly string[] {
    this.#apply(load(this.#options, this.#env, config ?? this.#options.config));
    return this.#lastLoaded.lines;
  }

  #apply(loaded: Loaded): void {
    this.#lastLoaded = loaded;
    const { settings, lines } = loaded;
    if (settings === undefined) {
      this.#log.error({ problems: lines }, 'the new configuration is refused; the old one stays');
      return;
    }
    const before = this.#snapshot;
    const after = new Snapshot(loaded, settings, this.#engine.services, this.#env);
    this.#snapshot = after;
    this.#router.current = after.router;
    this.#engine.use(after.router.table);
    this.#log.info({ routes: settings.routes.length }, 'the new configuration is in force');
    const late = needsRestart(before.settings, settings);
    if (late.length > 0) this.#log.warn({ options: late }, 'these take effect at the next start');
    this.#warn(loaded);
  }

  async close(graceMs: number = this.settings.drainMs): Promise<void> {
    if (this.#draining) return;
    this.#draining = true;
    this.#watch?.close();
    this.#log.info({ calls: this.#engine.callsRunning, graceMs }, 'draining');
    await this.#edge.close(graceMs);
    await this.#admin?.close();
    this.#engine.close();
    this.#log.info({}, 'closed');
  }

  destroy(): void {
    this.#draining = true;
    this.#watch?.close();
    this.#edge.destroy();
    void this.#admin?.close();
    this.#engine.close();
  }

  /** Reads the file again unless nothing in it has changed. */
  #fileTouched(): void {
    if (this.#draining) return;
    const loaded = load(this.#options, this.#env, undefined);
    if (contentOf(loaded) !== contentOf(this.#lastLoaded)) this.#apply(loaded);
  }

  #warn({ lines }: Loaded): void {
    for (const line of lines) this.#log.warn({}, line);
  }

  #views(): AdminViews {
    return {
      ready: () => !this.#draining,
      metrics: () => this.#engine.scrape(),
      leases: () => this.#engine.leases.oldest(LEASES_SHOWN),
      endpoints: () => this.#engine.endpoints(),
      config: () => this.#snapshot.explained(),
    };
  }
}

/** Equal for two readings of a file in which nothing of meaning has changed. */
function contentOf({ input, lines }: Loaded): string {
  return JSON.stringify([input, lines]);
}
